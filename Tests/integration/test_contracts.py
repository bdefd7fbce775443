"""Contracts for topics: rows that fit arrive typed, the others lie in quarantine with the reason."""
import datetime
import decimal
import json
import signal
import sqlite3

import duckdb
import pyarrow as pa
import pytest

SALES = {
    "name": "sales", "max_quarantined": 0.6, "extra_columns": "drop",
    "columns": [
        {"name": "id", "type": "int32", "nullable": False},
        {"name": "day", "type": "date", "format": "%d.%m.%Y"},
        {"name": "price", "type": "decimal(10, 2)"},
        {"name": "at", "type": "timestamp[ms, UTC]"},
    ]}
CSV = (
    "id,day,price,at,note\n"
    "1,29.02.2024,9.50,2024-02-29T10:00:00+02:00,fine\n"
    "2,30.02.2024,1,2024-02-29T10:00:00Z,no such day\n"
    ",01.03.2024,1,2024-02-29T10:00:00Z,no id\n"
    "4,01.03.2024,1.005,2024-02-29T10:00:00Z,price too fine\n"
    "5,01.03.2024,-7,,no time\n")


@pytest.fixture
def sales(project):
    project.route("*.csv", "csv")
    assert set_contract(project, SALES).returncode == 0
    return project


def set_contract(project, contract, uri="parquet://sales.parquet", *flags, topic="output", plugin="csv"):
    path = project.folder / "contract.json"
    path.write_text(contract if isinstance(contract, str) else json.dumps(contract))
    return project.attempt("topics", "set", plugin, topic, uri, "--schema", path, *flags)


def artifacts(project, job):
    return {one["topic"]: one for one in project.job(job)["artifacts"]}


def test_rows_that_fit_arrive_typed_and_the_others_lie_in_quarantine(sales):
    path = sales.write("a.csv", CSV)
    sales.up()
    job, = sales.jobs()
    shown = sales.job(job["job_id"])
    assert (job["status"], job["rows"], job["quarantined"], shown["quarantined"]) == ("COMPLETED", 2, 3, 3)
    assert "3 quarantined" in shown["result"]
    made = artifacts(sales, job["job_id"])
    assert {topic: one["rows"] for topic, one in made.items()} == {"output": 2, "output_quarantine": 3}
    assert sales.output_files() == ["sales_1.parquet", "sales_quarantine_1.parquet"] and sales.staging() == []

    table = sales.table(made["output"]["uri"])
    assert table.schema.field("id") == pa.field("id", pa.int32(), nullable=False)
    assert table.schema.types[1:4] == [pa.date32(), pa.decimal128(10, 2), pa.timestamp("ms", "UTC")]
    utc = datetime.timezone.utc
    assert sales.cells(made["output"]["uri"]) == [
        {"id": 1, "day": datetime.date(2024, 2, 29), "price": decimal.Decimal("9.50"),
         "at": datetime.datetime(2024, 2, 29, 8, tzinfo=utc)},
        {"id": 5, "day": datetime.date(2024, 3, 1), "price": decimal.Decimal("-7.00"), "at": None}]

    found = duckdb.execute(
        "SELECT row_number, \"column\", raw, json_extract_string(record, '$.note'), _job_id, _file_version_id "
        "FROM read_parquet(?) ORDER BY 1", [made["output_quarantine"]["uri"].removeprefix("parquet://")]).fetchall()
    version = shown["file_version_id"]
    assert found == [
        (2, "day", "30.02.2024", "no such day", job["job_id"], version),
        (3, "id", None, "no id", job["job_id"], version),
        (4, "price", "1.005", "price too fine", job["job_id"], version)]
    assert path.exists()


def test_texts_of_a_contract_are_as_the_file_has_them(project):
    project.route("*.csv", "csv")
    project.route("*.jsonl", "jsonl")
    contract = {"columns": [{"name": "code", "type": "string"}, {"name": "n", "type": "int64"}]}
    for plugin in ("csv", "jsonl"):
        assert set_contract(project, contract, f"parquet://{plugin}.parquet", plugin=plugin).returncode == 0
    project.write("a.csv", "code,n\n1.50,007\n2e3,8\n")
    project.write("a.jsonl", '{"code": 1.50, "n": 7}\n{"n": 8, "code": 2e3}\n')
    project.up()
    for job in project.jobs():
        table = project.cells(artifacts(project, job["job_id"])["output"]["uri"])
        assert table == [{"code": "1.50", "n": 7}, {"code": "2e3", "n": 8}], job


def test_a_reader_of_the_table_can_leave_quarantine_out(sales):
    sales.write("a.csv", CSV)
    sales.up()
    (count,), = duckdb.execute(f"SELECT count(*) FROM '{sales.output}/sales_[0-9]*.parquet'").fetchall()
    assert count == 2


def test_too_many_faults_fail_the_job_and_nothing_is_there(sales):
    set_contract(sales, {**SALES, "max_quarantined": 0.5})
    path = sales.write("a.csv", CSV)
    done = sales.attempt("up", "--until-idle")
    job, = sales.jobs()
    assert done.returncode == 1 and job["status"] == "FAILED" and sales.output_files() == []
    for part in ["3 of 5 rows", "'sales'", "0.5", "row 2: column 'day' with '30.02.2024'", str(path)]:
        assert part in job["error"], part
    set_contract(sales, SALES)
    sales.run("jobs", "retry", job["job_id"])
    sales.up()
    assert sales.job(job["job_id"])["quarantined"] == 3


def test_every_row_that_a_plugin_makes_is_accounted_for(project):
    project.write_plugin("maker", """
        from casparian_flow.sdk import BasePlugin

        class Handler(BasePlugin):
            def consume(self, event):
                for start in range(0, 10_000, 700):
                    rows = range(start, min(start + 700, 10_000))
                    yield {"n": [i if i % 7 else None for i in rows], "t": [str(i) if i % 5 else "x" for i in rows]}
        """)
    project.route("*.txt", "maker")
    contract = {"columns": [{"name": "n", "type": "int16", "nullable": False}, {"name": "t", "type": "uint64"}]}
    assert set_contract(project, contract, "parquet://made", plugin="maker").returncode == 0
    project.write("a.txt", "go")
    project.up()
    job, = project.jobs()
    bad = [i for i in range(10_000) if i % 7 == 0 or i % 5 == 0]
    assert (job["rows"], job["quarantined"]) == (10_000 - len(bad), len(bad))
    good = [row["n"] for row in project.cells(str(project.output / "made/data_1.parquet"))]
    assert good == [i for i in range(10_000) if i % 7 and i % 5]
    quarantine = project.cells(str(project.output / "made_quarantine/data_1.parquet"))
    assert [row["row_number"] - 1 for row in quarantine] == bad
    assert [json.loads(row["record"])["t"] for row in quarantine] == [str(i) if i % 5 else "x" for i in bad]


def test_a_mended_file_takes_its_quarantine_away_with_replace(sales):
    set_contract(sales, SALES, "parquet://sales.parquet", "--mode", "replace")
    sales.write("a.csv", CSV)
    sales.up()
    assert sales.output_files() == ["sales_1.parquet", "sales_quarantine_1.parquet"]
    sales.write("a.csv", "id,day,price,at\n1,29.02.2024,9.50,\n")
    sales.up()
    assert sales.output_files() == ["sales_2.parquet"]


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
@pytest.mark.parametrize("step", ["job.prepared", "job.recorded", "job.committed:1", "job.committed:2", "job.receipt"])
def test_a_crash_loses_and_doubles_nothing_of_table_and_quarantine(sales, kind, step):
    uri = {"parquet": "parquet://sales.parquet", "sqlite": "sqlite://sales.db/sales"}[kind]
    assert set_contract(sales, SALES, uri).returncode == 0
    sales.write("a.csv", CSV)
    killed = sales.attempt("up", "--until-idle", environment={"CASPARIAN_KILL_AT": step})
    if killed.returncode == 0:
        pytest.skip("only a debug build can be killed at a step")
    assert killed.returncode == -signal.SIGKILL
    sales.up()
    job, = sales.jobs()
    assert (job["status"], job["rows"], job["quarantined"]) == ("COMPLETED", 2, 3)
    made = artifacts(sales, job["job_id"])
    assert {topic: one["rows"] for topic, one in made.items()} == {"output": 2, "output_quarantine": 3}
    if kind == "sqlite":
        with sqlite3.connect(sales.output / "sales.db") as database:
            assert database.execute("SELECT id FROM sales ORDER BY id").fetchall() == [(1,), (5,)]
            found = database.execute('SELECT row_number, "column" FROM sales_quarantine ORDER BY 1').fetchall()
    else:
        assert [row["id"] for row in sales.cells(made["output"]["uri"])] == [1, 5]
        found = [(row["row_number"], row["column"]) for row in sales.cells(made["output_quarantine"]["uri"])]
        assert len(sales.output_files()) == 2
    assert found == [(2, "day"), (3, "id"), (4, "price")] and sales.staging() == []


@pytest.mark.parametrize("contract, parts", [
    ("{", ["JSON"]), ({"columns": [{"name": "id", "type": "int46"}]}, ["'id'", "'int46'", "int64"]),
    ({"columns": [{"name": "id", "typ": "int64"}]}, ["'id'", "'typ'"]), ({}, ["columns"])])
def test_a_contract_that_cannot_be_meant_is_refused_when_it_is_set(project, contract, parts):
    done = set_contract(project, contract)
    assert done.returncode == 64 and project.rows("topics", "list") == []
    for part in ["contract.json", *parts]:
        assert part in done.stderr, part


def test_a_run_without_a_database_takes_a_contract_and_says_what_is_quarantined(project):
    contract = project.folder / "sales.json"
    contract.write_text(json.dumps(SALES))
    path = project.write("a.csv", CSV)
    printed = project.run("run", "csv", path, "--schema", contract, "--preview", 3)
    assert "2 rows and 3 quarantined" in printed and project.output_files() == []
    for number in (1, 2):
        result, = project.rows("run", "csv", path, "--schema", contract, "--sink", "parquet://deep/sales.parquet")
        assert (result["rows"], result["quarantined"], result["job_id"]) == (2, 3, number)
    assert project.output_files() == [
        f"deep/sales_{name}.parquet" for name in ("1", "2", "quarantine_1", "quarantine_2")]
