"""Files whose names are any bytes: found, read by readers and plugins, written down so that nothing is lost."""
import os

PLUGIN = '''
import os
import pyarrow as pa

MANIFEST = {"pattern": "*.dat", "topic": "names"}


class Handler:
    def execute(self, file_path):
        with open(file_path, "rb") as file:
            content = file.read().decode()
        return pa.table({"name": [os.fsencode(os.path.basename(file_path)).hex()], "content": [content]})
'''
NAMES = [b"plain", b"latin\xe9", b"\xff\xfe", b"new\nline", b"quote'\"", b"back\\slash", b"like\\xE9", "caf\u00e9".encode()]


def test_names_that_are_any_bytes_go_through_readers_and_plugins(project):
    project.plugins.mkdir(exist_ok=True)
    (project.plugins / "names.py").write_text(PLUGIN)
    for name in NAMES:
        for ending in [b".csv", b".dat"]:
            path = os.path.join(os.fsencode(project.source), name + ending)
            with open(path, "wb") as file:
                file.write(b"a\n" + name.hex().encode() + b"x\n" if ending == b".csv" else name.hex().encode())
    project.run("register")
    project.run("rules", "add", "*.csv", "auto_csv")
    project.run("plugins", "set", "csv")
    project.run("roots", "add", project.source)
    project.up()
    jobs = project.rows("jobs", "list")
    assert len(jobs) == 2 * len(NAMES) and {job["status"] for job in jobs} == {"COMPLETED"}, jobs
    import pyarrow.parquet as parquet
    made = {"csv": set(), "names": set()}
    for artifact in project.rows("artifacts"):
        table = parquet.read_table(artifact["uri"].removeprefix("parquet://")).to_pydict()
        column = "a" if artifact["plugin"] == "csv" else "content"
        made[artifact["plugin"]] |= {value.removesuffix("x") for value in table[column]}
        if artifact["plugin"] == "names":
            assert [bytes.fromhex(name) for name in table["name"]] == [bytes.fromhex(table["content"][0]) + b".dat"]
    assert made == {"csv": {name.hex() for name in NAMES}, "names": {name.hex() for name in NAMES}}
    paths = {row["path"].rsplit("/", 1)[1] for row in project.rows("files", "list")}
    assert {"latin\\xE9.csv", "\\xFF\\xFE.dat", "like\\x5CxE9.csv", "back\\slash.csv", "new\nline.dat"} <= paths
