"""Rows that do not fit: seen, explained, and run again until none is left."""
import json

import pytest

CONTRACT = {
    "name": "sales",
    "columns": [
        {"name": "id", "type": "int64", "nullable": False, "minimum": 1},
        {"name": "kind", "type": "string", "values": ["book", "film"]},
        {"name": "code", "type": "string", "min_length": 2, "max_length": 4},
        {"name": "price", "type": "decimal(10, 2)", "minimum": 0, "maximum": "999.99"},
        {"name": "day", "type": "date", "minimum": "2020-01-01"},
    ],
}
#: A row for each way of not fitting, and two that fit.
ROWS = """id,kind,code,price,day
1,book,ab,1.50,2024-01-31
2,film,abcd,999.99,2020-01-01
0,book,ab,1.50,2024-01-31
3,song,ab,1.50,2024-01-31
4,book,a,1.50,2024-01-31
5,book,abcde,1.50,2024-01-31
6,book,ab,-0.01,2024-01-31
7,book,ab,1000.00,2024-01-31
8,book,ab,1.50,2019-12-31
x,book,ab,1.50,2024-01-31
,book,ab,1.50,2024-01-31
"""
CODES = ["range", "value", "length", "length", "range", "range", "range", "type", "null"]


@pytest.fixture
def sales(project):
    project.route("*.csv", "csv")
    (project.folder / "sales.json").write_text(json.dumps(CONTRACT | {"max_quarantined": 1}))
    project.run("topics", "set", "csv", "output", "parquet://sales.parquet", "--mode", "replace")
    project.run("contract", "lock", "csv", "output", "sales.json")
    return project


def test_every_way_of_not_fitting_has_its_code_and_its_words(sales):
    sales.write("a.csv", ROWS)
    sales.up()
    assert sales.cells(f"{sales.output}/sales_1.parquet")[0]["kind"] == "book"
    shown, = sales.rows("quarantine")
    assert (shown["job_id"], shown["rows"], shown["quarantined"]) == (1, 2, len(CODES))
    rows = sales.rows("quarantine", "show", "1")
    assert [row["code"] for row in rows] == CODES
    assert [int(row["row_number"]) for row in rows] == list(range(3, 12))
    assert rows[0]["reason"] == "is below the minimum 1" and rows[1]["reason"] == "is not one of the 2 allowed values"
    assert rows[3]["reason"] == "has 5 characters, more than 4"
    assert json.loads(rows[5]["record"])["price"] == "1000.00" or json.loads(rows[5]["record"])["price"] == 1000
    assert "is above the maximum 999.99" in sales.run("quarantine", "show", "1")


def test_replay_runs_the_files_again_until_nothing_is_left(sales):
    sales.write("a.csv", ROWS)
    sales.write("b.csv", "id,kind,code,price,day\n1,book,ab,1,2024-01-01\n")
    sales.up()
    assert [row["file"] for row in sales.rows("quarantine")] == [str(sales.source / "a.csv")]
    assert sales.rows("quarantine", "replay", "--dry-run")[0]["reason"] == "forced" and len(sales.jobs()) == 2
    # The contract is mended: everything fits but for the row that is no number.
    loose = {"columns": [{"name": "id", "type": "int64"}, {"name": "kind", "type": "string"}]}
    (sales.folder / "loose.json").write_text(json.dumps(loose))
    sales.run("contract", "lock", "csv", "output", "loose.json")
    sales.run("quarantine", "replay")
    sales.up()
    left, = sales.rows("quarantine")
    assert left["quarantined"] == 1
    (sales.folder / "text.json").write_text(json.dumps({"columns": [{"name": "id", "type": "string"}]}))
    sales.run("contract", "lock", "csv", "output", "text.json")
    sales.run("quarantine", "replay", left["job_id"])
    sales.up()
    assert sales.rows("quarantine") == []
    assert sales.run("quarantine").strip() == "No rows in quarantine."
    # One file of rows for each input, and no quarantine.
    assert len(sales.output_files()) == 2 and not [name for name in sales.output_files() if "quarantine" in name]
    assert sum(sales.table(f"{sales.output}/{name}").num_rows for name in sales.output_files()) == 12


def test_a_replay_that_would_append_is_refused_with_what_to_do(sales):
    sales.run("topics", "set", "csv", "output", "parquet://sales.parquet", "--schema", "sales.json")
    sales.write("a.csv", ROWS)
    sales.up()
    said = sales.refuse("quarantine", "replay", status=64)
    assert "appends" in said and "--mode replace" in said and len(sales.jobs()) == 1
    assert "job 7 has no rows in quarantine" in sales.refuse("quarantine", "replay", "7", status=64)


@pytest.mark.parametrize("column, told", [
    ({"type": "int64", "minimum": "abc"}, "the minimum 'abc' does not fit int64"),
    ({"type": "string", "minimum": 1}, "a minimum or maximum means nothing for string"),
    ({"type": "int64", "max_length": 3}, "a length means nothing for int64"),
    ({"type": "date", "values": ["31.12.2024"]}, "the value '31.12.2024' does not fit date"),
    ({"values": ["a"]}, '"values" means nothing for any'),
    ({"type": "string", "max_length": -1}, "a length is 0 or more"),
    ({"type": "string", "values": "a"}, "values is not a list of texts and numbers"),
    ({"type": "int64", "minimum": [1]}, "minimum is not a text or a number"),
])
def test_a_rule_that_cannot_be_kept_is_refused_when_it_is_set(sales, column, told):
    (sales.folder / "wrong.json").write_text(json.dumps({"columns": [{"name": "n"} | column]}))
    assert told in sales.refuse("contract", "lock", "csv", "output", "wrong.json", status=64)


def test_a_contract_is_proposed_locked_shown_and_taken_away(project):
    project.route("*.csv", "csv")
    path = project.write("a.csv", "id,zip,day,price\n1,00123,31/05/24,1.50\n2,10001,01/02/24,20.00\n")
    found = {row["column"]: row for row in project.rows("contract", "observe", "csv", path)}
    assert {name: row["type"] for name, row in found.items()} == {
        "id": "int64", "zip": "string", "day": "date", "price": "decimal(18, 2)"}
    assert found["day"]["format"] == "%d/%m/%y" and "proves day first" in found["day"]["evidence"][0]
    (project.folder / "proposal.json").write_text(project.run("contract", "propose", "csv", path, "--strict"))
    project.run("contract", "lock", "csv", "output", "proposal.json")
    assert json.loads(project.run("contract", "show", "csv"))["name"] == "csv"
    project.up()
    table = project.table(f"{project.output}/csv_output_1.parquet")
    assert [str(field.type) for field in table.schema][:4] == ["int64", "string", "date32[day]", "decimal128(18, 2)"]
    assert project.rows("quarantine") == []
    project.run("contract", "lock", "csv", "output", "--remove")
    assert "has no contract" in project.refuse("contract", "show", "csv", status=1)
