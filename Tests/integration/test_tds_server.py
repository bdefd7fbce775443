"""The TDS test server, held against clients that others wrote: FreeTDS's programs and Microsoft's ODBC driver."""
import datetime
import decimal
import sqlite3
import subprocess
import sys
import uuid

import pytest

from project import ROOT

sys.path.insert(0, str(ROOT / "Tests" / "servers"))

import tds_process
from tds import bulk, sqltypes, values
from tds.packets import Reader
from tds.store import Column

mssql_python = pytest.importorskip("mssql_python")

TYPES = """CREATE TABLE kinds (
    i int, b bigint, s smallint, t tinyint, yes bit, r real, f float, d5 decimal(9,2), d9 decimal(19,4),
    d13 decimal(28,0), d17 decimal(38,37), day date, clock time(7), moment datetime2(7), zoned datetimeoffset(7),
    short nvarchar(10), long nvarchar(max), bytes varbinary(max), id uniqueidentifier)"""
ROWS = [
    (-(1 << 31), (1 << 63) - 1, -32768, 255, True, 0.5, -0.0, decimal.Decimal("-1234567.89"),
     decimal.Decimal("123456789012345.6789"), decimal.Decimal("9" * 28),
     decimal.Decimal("-1." + "2" * 37), datetime.date(1, 1, 1), datetime.time(23, 59, 59, 999999),
     datetime.datetime(9999, 12, 31, 23, 59, 59, 123456),
     datetime.datetime(2024, 2, 29, 1, 2, 3, tzinfo=datetime.timezone(datetime.timedelta(hours=-9, minutes=-30))),
     "🦉é", "a\x00b" * 5000, bytes(range(256)) * 40, uuid.UUID(int=0x0102030405060708090a0b0c0d0e0f10)),
    (0, -(1 << 63), 0, 0, False, 0.0, 1e308, decimal.Decimal("0.00"), decimal.Decimal("0.0000"), decimal.Decimal(0),
     decimal.Decimal("0." + "0" * 37), datetime.date(9999, 12, 31), datetime.time(0), datetime.datetime(1, 1, 1),
     datetime.datetime(1, 1, 2, tzinfo=datetime.timezone.utc), "", "", b"", uuid.UUID(int=0)),
    (None,) * 19,
]


@pytest.fixture
def server(tmp_path):
    with tds_process.running(tmp_path) as server:
        yield server


def stored(server, query):
    with sqlite3.connect(server.store) as connection:
        return connection.execute(query).fetchall()


def refused(number, action, *arguments):
    """Checks that an action fails with this error of the server's."""
    with pytest.raises(Exception) as caught:
        action(*arguments)
    texts = {208: "Invalid object name", 1205: "deadlock", 9002: "transaction log", 2627: "PRIMARY KEY",
             515: "NULL", 2714: "already an object", 8115: "overflow", 50900: "does not know"}
    assert texts[number] in str(caught.value), caught.value


def test_tsql_makes_fills_and_reads_a_table(server):
    out = server.tsql("CREATE TABLE dbo.[a b] (id int NOT NULL PRIMARY KEY, [n]]m] nvarchar(20))\ngo\n"
                      "INSERT INTO [a b] (id, [n]]m]) VALUES (1, N'it''s'), (2, NULL)\ngo\n"
                      "SELECT * FROM [a b] WHERE id < 5 ORDER BY id DESC\ngo\nSELECT COUNT_BIG(*) FROM [a b]\ngo\n")
    assert "2\tNULL\n1\tit's\n" in out
    assert stored(server, 'SELECT * FROM "dbo.a b" ORDER BY id') == [(1, "it's"), (2, None)]


def test_an_unknown_statement_is_an_error_and_nothing_of_the_batch_after_it_runs(server):
    out = server.tsql("MERGE INTO t USING s ON 1 = 1\nCREATE TABLE t (a int)\ngo\nSELECT TOP 3 a FROM nowhere\ngo\n")
    assert "50900" in out and "208" in out
    assert stored(server, "SELECT count(*) FROM tds_tables") == [(0,)]


def test_freebcp_loads_and_reads_back_the_same(server, tmp_path):
    given = tmp_path / "in.tsv"
    given.write_text("1\twörld 🦉\t12.345\t2024-02-29\t-99999999999999999999.9999999999\n2\t\t-0.001\t\t0.0000000000\n")
    server.tsql("CREATE TABLE t (id bigint NOT NULL, n nvarchar(max), d decimal(9,3), day date, w decimal(38,10))\ngo\n")
    assert "2 rows copied" in server.freebcp("dbo.t", "in", str(given), "-c")
    assert stored(server, 'SELECT * FROM "dbo.t"') == [
        (1, "wörld 🦉", "12.345", "2024-02-29", "-99999999999999999999.9999999999"),
        (2, None, "-0.001", None, "0.0000000000")]
    back = tmp_path / "out.tsv"
    assert "2 rows copied" in server.freebcp("dbo.t", "out", str(back), "-c")
    lines = [line.split("\t") for line in back.read_text().splitlines()]
    assert [line[1:3] for line in lines] == [["wörld 🦉", "12.345"], ["", "-0.001"]]


def oldest(value):
    return value.replace(year=1753) if isinstance(value, datetime.date) and value.year < 1753 else value


def test_every_type_goes_in_and_out_through_odbc_unchanged(server):
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute(TYPES)
    # As parameters the driver takes no date before 1753.
    rows = [tuple(oldest(value) for value in row) for row in ROWS[:2]]
    for row in rows:
        cursor.execute(f"INSERT INTO kinds VALUES ({', '.join('?' * len(row))})", row)
    cursor.execute(f"INSERT INTO kinds VALUES ({', '.join(['NULL'] * len(ROWS[2]))})")
    cursor.execute("SELECT * FROM kinds")
    assert [tuple(row) for row in cursor.fetchall()] == rows + ROWS[2:]
    assert stored(server, 'SELECT zoned FROM "dbo.kinds"')[0] == ("2024-02-29T01:02:03.0000000-09:30",)


def test_a_bulk_load_of_the_odbc_driver_arrives_exactly(server):
    connection = server.connect()
    cursor = connection.cursor()
    cursor.execute(TYPES)
    # Its bulk copy sends another zone's clock where the protocol has UTC; its statements, above, do not.
    rows = [row[:14] + (row[14] and row[14].replace(tzinfo=datetime.timezone.utc),) + row[15:] for row in ROWS]
    cursor.bulkcopy("dbo.kinds", rows)
    cursor.execute("SELECT * FROM kinds")
    assert [tuple(row) for row in cursor.fetchall()] == rows
    first = stored(server, 'SELECT d5, d9, d13, d17, day, clock, moment, zoned, f, long FROM "dbo.kinds"')[0]
    assert first == (
        "-1234567.89", "123456789012345.6789", "9" * 28, "-1." + "2" * 37, "0001-01-01", "23:59:59.9999990",
        "9999-12-31T23:59:59.1234560", "2024-02-29T01:02:03.0000000+00:00", -0.0, "a\x00b" * 5000)


class Message(Reader):
    """A bulk load's message that is there whole."""

    def skip_rest(self):
        self.position = len(self.data)


@pytest.mark.parametrize("end", [b"", b"\xfd" + bytes(8), b"\xfd" + bytes(12)])
def test_a_bulk_load_ends_with_its_message_whatever_stands_at_the_end(end):
    kind = sqltypes.SQLType("int")
    for row in (b"\xd1\x04\x07\x00\x00\x00\xd1\x00", b"\xd2\x00\x04\x07\x00\x00\x00\xd2\x01"):
        rows = list(bulk.read_rows(Message(row + end), [(kind, False)], [Column("a", kind)]))
        assert rows == [[[7], [None]]]


@pytest.mark.parametrize("width", [5, 9, 13, 17])
def test_a_decimal_may_come_in_any_width(width):
    kind = sqltypes.SQLType("decimal", precision=9, scale=2)
    for sign, text in ((1, "12345.67"), (0, "-12345.67")):
        data = bytes([width, sign]) + (1234567).to_bytes(width - 1, "little")
        assert values.read(Reader(data), kind) == text


def test_encryption_is_spoken_where_the_server_has_a_certificate(tmp_path):
    pem = tmp_path / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(tmp_path / "key.pem"), "-out",
         str(tmp_path / "certificate.pem"), "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    pem.write_text((tmp_path / "key.pem").read_text() + (tmp_path / "certificate.pem").read_text())
    with tds_process.running(tmp_path, "--certificate", str(pem)) as server:
        for encryption in ("off", "request", "require"):
            assert "\n7\n" in server.tsql("SELECT 7 AS x\ngo\n", encryption), encryption
        for encryption in ("no", "yes"):
            cursor = server.connect(encryption).cursor()
            cursor.execute("SELECT 7")
            assert cursor.fetchone()[0] == 7


def test_a_client_that_requires_encryption_is_not_served_without(server):
    assert "\n7\n" not in server.tsql("SELECT 7 AS x\ngo\n", "require")
    with pytest.raises(Exception):
        server.connect("yes")


def test_a_wrong_password_is_refused_with_18456(server):
    assert "18456" in server.tsql("SELECT 7 AS x\ngo\n", password="wrong")
    assert "\n7\n" in server.tsql("EXEC tds_fault 'refuse_login', 1\ngo\nSELECT 7 AS x\ngo\n")
    assert "18456" in server.tsql("SELECT 7 AS x\ngo\n")
    assert "\n7\n" in server.tsql("SELECT 7 AS x\ngo\n")


def test_uncommitted_rows_are_not_seen_and_go_with_the_connection(server):
    writer, reader = server.connect(), server.connect()
    write, read = writer.cursor(), reader.cursor()
    write.execute("CREATE TABLE t (a int)")

    def count():
        read.execute("SELECT COUNT(*) FROM t")
        return read.fetchone()[0]

    write.execute("BEGIN TRAN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)")
    assert count() == 0
    write.execute("ROLLBACK TRAN")
    assert count() == 0
    write.execute("BEGIN TRAN; INSERT INTO t VALUES (1)")
    write.execute("COMMIT TRAN")
    assert count() == 1
    write.execute("BEGIN TRAN; CREATE TABLE gone (a int); INSERT INTO t VALUES (2)")
    writer.close()
    # Waits for the other's end.
    read.execute("BEGIN TRAN; INSERT INTO t VALUES (3); COMMIT")
    assert count() == 2
    refused(208, read.execute, "SELECT * FROM gone")


def test_a_statement_that_fails_leaves_nothing_of_itself(server):
    cursor = server.connect().cursor()
    cursor.execute("CREATE TABLE t (a int NOT NULL PRIMARY KEY, b tinyint)")
    refused(2627, cursor.execute, "INSERT INTO t VALUES (1, 1), (1, 2)")
    refused(515, cursor.execute, "INSERT INTO t (a) VALUES (2), (NULL)")
    refused(2714, cursor.execute, "CREATE TABLE T (a int)")
    cursor.execute("CREATE TABLE big (a bigint); INSERT INTO big VALUES (3), (300)")
    refused(8115, cursor.execute, "INSERT INTO t (a, b) SELECT a, a FROM big")
    refused(50900, cursor.execute, "GRANT SELECT ON t TO x")
    assert stored(server, 'SELECT * FROM "dbo.t"') == []


LOCK = "DECLARE @r int; EXEC @r = sp_getapplock N'name', 'Exclusive', '{0}', {1}; SELECT @r"


def lock(cursor, owner="Session", wait=0):
    cursor.execute(LOCK.format(owner, wait))
    while cursor.description is None:
        assert cursor.nextset()
    return cursor.fetchone()[0]


def test_application_locks_end_with_their_owner(server):
    first, second = server.connect(), server.connect()
    one, two = first.cursor(), second.cursor()
    assert lock(one) == 0 and lock(one) == 0
    assert lock(two) == -1
    first.close()
    assert lock(two, wait=30000) in (0, 1)
    two.execute("EXEC sp_releaseapplock N'name', 'Session'")
    two.execute("BEGIN TRAN")
    assert lock(two, "Transaction") == 0
    three = server.connect().cursor()
    assert lock(three) == -1
    two.execute("COMMIT")
    assert lock(three) == 0
    server.connect().cursor().execute("EXEC tds_fault 'lock_wait', 100")
    assert lock(two, wait=600_000) == -1


def test_failures_happen_when_they_are_asked_for(server):
    control = server.connect().cursor()

    def client():
        return server.connect().cursor()

    control.execute("CREATE TABLE t (a int); CREATE TABLE s (a int); INSERT INTO s VALUES (1)")
    control.execute("EXEC tds_fault 'deadlock', 1")
    cursor = client()
    cursor.execute("BEGIN TRAN; INSERT INTO t VALUES (5)")
    refused(1205, cursor.execute, "INSERT INTO t SELECT a FROM s")
    cursor.execute("SELECT @@TRANCOUNT")
    assert cursor.fetchone()[0] == 0
    control.execute("EXEC tds_fault 'log_full', 1")
    refused(9002, cursor.execute, "INSERT INTO t SELECT a FROM s")
    control.execute("EXEC tds_fault 'drop_before_commit', 1")
    with pytest.raises(Exception):
        cursor.execute("BEGIN TRAN; INSERT INTO t VALUES (6); COMMIT")
    assert stored(server, 'SELECT a FROM "dbo.t"') == []
    control.execute("EXEC tds_fault 'drop_after_commit', 1")
    with pytest.raises(Exception):
        client().execute("BEGIN TRAN; INSERT INTO t VALUES (7); COMMIT")
    assert stored(server, 'SELECT a FROM "dbo.t"') == [(7,)]
    cursor = client()
    control.execute("EXEC tds_fault 'drop_packet', 1")
    with pytest.raises(Exception):
        cursor.execute("INSERT INTO t VALUES (8)")
    cursor = client()
    control.execute("EXEC tds_fault 'drop_reply', 1")
    with pytest.raises(Exception):
        cursor.execute("INSERT INTO t VALUES (9)")
    assert stored(server, 'SELECT a FROM "dbo.t" ORDER BY a') == [(7,), (9,)]
    control.execute("EXEC tds_status")
    assert control.fetchone()[2] == ""
