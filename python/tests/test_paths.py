"""Names that are not UTF-8, as the worker writes them down."""
import os

from casparian_flow.guest.paths import system_path


def test_a_text_without_an_escape_is_the_path_itself():
    for text in ["/a/b.csv", "/a/\u00e9.csv", "/a/back\\slash", "/a/\\xe9", "/a/\\x4", ""]:
        assert system_path(text) == text


def test_an_escape_stands_for_its_byte_and_leads_to_the_file(tmp_path):
    name = b"b\xe9\xff.csv"
    (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    path = system_path(f"{tmp_path}/b\\xE9\\xFF.csv")
    assert os.fsencode(path).endswith(name)
    with open(path, "rb") as file:
        assert file.read() == b"x"


def test_an_escaped_backslash_is_a_backslash():
    assert system_path("/a\\x5CxE9") == "/a\\xE9"
