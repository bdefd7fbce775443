"""Files that come compressed: read as what is in them, by every reader of text."""
import bz2
import gzip
import hashlib
import lzma
import zipfile

import pytest

CSV = "id,name\n" + "".join(f"{number},name {number}\n" for number in range(50_000))


def zipped(path, members: dict) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


WRITERS = {
    "gz": lambda path, text: path.write_bytes(gzip.compress(text)),
    "bz2": lambda path, text: path.write_bytes(bz2.compress(text)),
    "xz": lambda path, text: path.write_bytes(lzma.compress(text)),
    "zip": lambda path, text: zipped(path, {"folder/": b"", "folder/a.csv": text, "__MACOSX/._a.csv": b"x"}),
}


@pytest.mark.parametrize("ending", WRITERS)
def test_what_is_in_a_compressed_file_is_read_and_its_own_bytes_are_its_version(project, ending):
    project.route("*.csv.*", "csv")
    path = project.source / f"a.csv.{ending}"
    WRITERS[ending](path, CSV.encode())
    project.up()
    job, = project.jobs()
    assert (job["status"], job["rows"], job["quarantined"]) == ("COMPLETED", 50_000, None)
    table = project.table(f"{project.output}/csv_output_1.parquet")
    assert table["id"].to_pylist() == list(range(50_000)) and table["name"][49_999].as_py() == "name 49999"
    assert hashlib.sha256(path.read_bytes()).hexdigest() in str(project.rows("files", "show", path))


@pytest.mark.parametrize("ending", ["xz", "zip"])
def test_a_line_in_a_compressed_file_is_told_by_its_number_inside(project, ending):
    project.route("*.csv.*", "csv")
    WRITERS[ending](project.source / f"a.csv.{ending}", (CSV + "1,2,3\n" + CSV.split("\n", 1)[1]).encode())
    project.up()
    row, = project.rows("quarantine", "show", "1")
    assert row["line"] == "50002" and row["raw"] == "1,2,3"


@pytest.mark.parametrize("content, told", [
    (lambda path: zipped(path, {"a.csv": "a\n1\n", "b.csv": "a\n2\n"}), "holds 2 files (a.csv, b.csv); unpack it"),
    (lambda path: zipped(path, {}), "holds no file"),
    (lambda path: path.write_bytes(b"no zip at all, but long enough to be one" * 10), "cannot be unpacked"),
])
def test_a_zip_that_cannot_be_read_as_one_file_fails_with_the_reason(project, content, told):
    project.route("*.zip", "csv")
    content(project.source / "a.zip")
    project.up(1)
    assert told in project.job(1)["error"]


def test_a_broken_xz_fails_its_file_and_an_empty_one_has_no_rows(project):
    project.route("*.xz", "lines")
    whole = lzma.compress(CSV.encode())
    (project.source / "cut.xz").write_bytes(whole[:len(whole) // 2])
    (project.source / "empty.xz").write_bytes(lzma.compress(b""))
    project.up(1)
    jobs = {job["file"].rsplit("/", 1)[1]: project.job(job["job_id"]) for job in project.jobs()}
    assert jobs["cut.xz"]["status"] == "FAILED" and "cannot be unpacked" in jobs["cut.xz"]["error"]
    assert (jobs["empty.xz"]["status"], jobs["empty.xz"]["rows"]) == ("COMPLETED", 0)
