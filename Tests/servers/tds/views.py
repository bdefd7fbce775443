"""The views that tell what is there, as queries over the store's catalog."""
from .sqltypes import BIT, INT, NVARCHAR_MAX, SQLType, nvarchar
from .store import Column

NAME = nvarchar(128)
SMALL = SQLType("smallint")
TINY = SQLType("tinyint")

# sys.columns.max_length: bytes, -1 for max.
MAX_LENGTH = """CASE WHEN type IN ('nvarchar', 'nchar') AND length > 0 THEN length * 2
    WHEN length IS NOT NULL THEN length
    WHEN type IN ('int', 'real') THEN 4 WHEN type IN ('bigint', 'float', 'datetime') THEN 8
    WHEN type IN ('bit', 'tinyint') THEN 1 WHEN type = 'smallint' THEN 2 WHEN type = 'date' THEN 3
    WHEN type = 'uniqueidentifier' THEN 16
    WHEN type = 'decimal' THEN CASE WHEN precision < 10 THEN 5 WHEN precision < 20 THEN 9
        WHEN precision < 29 THEN 13 ELSE 17 END
    ELSE CASE WHEN scale < 3 THEN 3 WHEN scale < 5 THEN 4 ELSE 5 END
        + CASE type WHEN 'datetime2' THEN 3 WHEN 'datetimeoffset' THEN 5 ELSE 0 END END"""

TYPE_IDS = {
    "tinyint": 48, "smallint": 52, "int": 56, "bigint": 127, "bit": 104, "real": 59, "float": 62, "decimal": 106,
    "date": 40, "time": 41, "datetime2": 42, "datetimeoffset": 43, "datetime": 61, "uniqueidentifier": 36,
    "varbinary": 165, "varchar": 167, "binary": 173, "char": 175, "nvarchar": 231, "nchar": 239,
}
TYPE_ID = "CASE type " + " ".join(f"WHEN '{name}' THEN {number}" for name, number in TYPE_IDS.items()) + " END"
TYPES = " UNION ALL ".join(
    f"SELECT '{name}' AS name, {number} AS system_type_id, {number} AS user_type_id"
    for name, number in TYPE_IDS.items())

VIEWS = {
    ("sys", "schemas"): (
        "SELECT name, schema_id FROM tds_schemas",
        [("name", NAME), ("schema_id", INT)]),
    ("sys", "tables"): (
        "SELECT name, object_id, schema_id, 'U' AS type FROM tds_tables",
        [("name", NAME), ("object_id", INT), ("schema_id", INT), ("type", nvarchar(2))]),
    ("sys", "columns"): (
        f"SELECT object_id, name, column_id, {TYPE_ID} AS system_type_id, {TYPE_ID} AS user_type_id, "
        f"{MAX_LENGTH} AS max_length, coalesce(precision, 0) AS precision, coalesce(scale, 0) AS scale, "
        "collation AS collation_name, nullable AS is_nullable, 0 AS is_identity, 0 AS is_computed "
        "FROM tds_columns NOT INDEXED",
        [("object_id", INT), ("name", NAME), ("column_id", INT), ("system_type_id", TINY), ("user_type_id", INT),
         ("max_length", SMALL), ("precision", TINY), ("scale", TINY), ("collation_name", NAME),
         ("is_nullable", BIT), ("is_identity", BIT), ("is_computed", BIT)]),
    ("sys", "types"): (TYPES, [("name", NAME), ("system_type_id", TINY), ("user_type_id", INT)]),
    ("sys", "extended_properties"): (
        "SELECT 1 AS class, object_id AS major_id, 0 AS minor_id, name, value FROM tds_properties",
        [("class", TINY), ("major_id", INT), ("minor_id", INT), ("name", NAME), ("value", NVARCHAR_MAX)]),
    ("information_schema", "columns"): (
        "SELECT s.name AS TABLE_SCHEMA, t.name AS TABLE_NAME, c.name AS COLUMN_NAME, column_id AS ORDINAL_POSITION, "
        "iif(nullable, 'YES', 'NO') AS IS_NULLABLE, type AS DATA_TYPE, length AS CHARACTER_MAXIMUM_LENGTH, "
        "precision AS NUMERIC_PRECISION, iif(type = 'decimal', scale, NULL) AS NUMERIC_SCALE, "
        "iif(type IN ('time', 'datetime2', 'datetimeoffset'), scale, iif(type = 'date', 0, NULL)) "
        "AS DATETIME_PRECISION, collation AS COLLATION_NAME "
        "FROM tds_columns c JOIN tds_tables t USING (object_id) JOIN tds_schemas s USING (schema_id)",
        [("TABLE_SCHEMA", NAME), ("TABLE_NAME", NAME), ("COLUMN_NAME", NAME), ("ORDINAL_POSITION", INT),
         ("IS_NULLABLE", nvarchar(3)), ("DATA_TYPE", NAME), ("CHARACTER_MAXIMUM_LENGTH", INT),
         ("NUMERIC_PRECISION", TINY), ("NUMERIC_SCALE", INT), ("DATETIME_PRECISION", SMALL),
         ("COLLATION_NAME", NAME)]),
    ("information_schema", "tables"): (
        "SELECT s.name AS TABLE_SCHEMA, t.name AS TABLE_NAME, 'BASE TABLE' AS TABLE_TYPE "
        "FROM tds_tables t JOIN tds_schemas s USING (schema_id)",
        [("TABLE_SCHEMA", NAME), ("TABLE_NAME", NAME), ("TABLE_TYPE", nvarchar(10))]),
}
VIEWS["sys", "all_columns"] = VIEWS["sys", "columns"]
VIEWS["sys", "objects"] = VIEWS["sys", "tables"]


def view(schema, name):
    """Query and columns of a view, or None."""
    found = VIEWS.get((schema.lower(), name.lower()))
    return found and (found[0], [Column(column, kind) for column, kind in found[1]])
