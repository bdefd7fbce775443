"""Functions and variables of T-SQL that the server knows, and what SQLite needs from here to evaluate the rest."""
import datetime
import re

from . import conversions
from .errors import SQLError
from .expressions import Expression
from .sqltypes import BIGINT, INT, SQLType, nvarchar

VERSION_TEXT = "Microsoft SQL Server 2022 (TDS test server) - 16.0.4105.2"
SERVER_PROPERTIES = {
    "PRODUCTVERSION": "16.0.4105.2", "EDITION": "Test Edition", "ENGINEEDITION": 3, "PRODUCTLEVEL": "RTM",
    "SERVERNAME": "tds-test", "COLLATION": "SQL_Latin1_General_CP1_CI_AS", "ISINTEGRATEDSECURITYONLY": 0,
    "PRODUCTMAJORVERSION": "16",
}


def register(store, session):
    """What expressions call inside SQLite. An error is kept by the session, as SQLite would lose its number."""
    def guarded(body):
        def call(*arguments):
            try:
                return body(*arguments)
            except SQLError as error:
                session.failure = error
                raise
        return call

    def convert(value, source, target):
        return conversions.convert(value, session.kinds[source], session.kinds[target])

    store.connection.create_function("tds_convert", 3, guarded(convert))
    store.connection.create_function("tds_like", 3, guarded(like))
    store.connection.create_function("tds_bytes", 1, size_bytes)
    store.connection.create_function("tds_variable", 1, lambda name: session.variable(name)[0])
    store.connection.create_function("tds_assign", 2, guarded(session.set_variable))


def like(text, pattern, escape):
    if text is None or pattern is None:
        return None
    parts, position = [], 0
    while position < len(pattern):
        sign = pattern[position]
        position += 1
        if escape and sign == escape and position < len(pattern):
            parts.append(re.escape(pattern[position]))
            position += 1
        elif sign == "%":
            parts.append(".*")
        elif sign == "_":
            parts.append(".")
        elif sign == "[" and "]" in pattern[position + 1:]:
            end = pattern.index("]", position + 1)
            body = pattern[position:end]
            negative = body.startswith("^")
            parts.append("[" + ("^" if negative else "") + re.escape(body[negative:]).replace("\\-", "-") + "]")
            position = end + 1
        else:
            parts.append(re.escape(sign))
    return int(re.fullmatch("".join(parts), text, re.DOTALL | re.IGNORECASE) is not None)


def size_bytes(value):
    if value is None:
        return None
    return len(value) if isinstance(value, bytes) else len(str(value).encode("utf-16-le"))


def system_variable(session, name):
    known = {
        "@@TRANCOUNT": (session.transaction_depth, INT),
        "@@ROWCOUNT": (session.row_count, INT),
        "@@ERROR": (session.last_error, INT),
        "@@SPID": (session.wire.session, SQLType("smallint")),
        "@@VERSION": (VERSION_TEXT, nvarchar(300)),
        "@@SERVERNAME": ("tds-test", nvarchar(128)),
        "@@LOCK_TIMEOUT": (-1, INT),
        "@@MAX_PRECISION": (38, SQLType("tinyint")),
        "@@MICROSOFTVERSION": (0x10000000, INT),
        "@@LANGID": (0, SQLType("smallint")),
        "@@LANGUAGE": ("us_english", nvarchar(128)),
    }
    if name.upper() not in known:
        raise SQLError(137, f'Must declare the scalar variable "{name}".', 15)
    return known[name.upper()]


def call(session, name, arguments):
    """The expression of a function call."""
    if name in ("MAX", "MIN", "SUM", "ABS"):
        return Expression(f"{name}({arguments[0].sql})", arguments[0].kind)
    if name == "ROWCOUNT_BIG":
        return Expression(session.parameter(session.row_count), BIGINT)
    if name in ("ISNULL", "COALESCE"):
        return Expression(f"coalesce({', '.join(part.sql for part in arguments)})", arguments[0].kind)
    if name == "LEN":
        return Expression(f"length(rtrim({arguments[0].sql}, ' '))", INT)
    if name == "DATALENGTH":
        return Expression(f"tds_bytes({arguments[0].sql})", BIGINT)
    if name == "QUOTENAME":
        return Expression(f"('[' || replace({arguments[0].sql}, ']', ']]') || ']')", nvarchar(258))
    if name in ("UPPER", "LOWER"):
        return Expression(f"{name}({arguments[0].sql})", arguments[0].kind)
    if name == "SCHEMA_NAME" and arguments:
        return Expression(f"(SELECT name FROM tds_schemas WHERE schema_id = {arguments[0].sql})", nvarchar(128))
    values = [session.constant(part) for part in arguments]
    value, kind = scalar(session, name, values)
    return Expression(session.parameter(value), kind)


def scalar(session, name, values):
    """Value and type of a function of constants."""
    if name == "OBJECT_ID":
        table = session.find_by_text(values[0])
        return (table.object_id if table else None), INT
    if name == "SCHEMA_ID":
        return session.store.schema_id(values[0] if values else "dbo"), INT
    if name == "OBJECT_NAME":
        row = session.store.run("SELECT name FROM tds_tables WHERE object_id = ?", (values[0],)).fetchone()
        return row and row[0], nvarchar(128)
    if name == "SERVERPROPERTY":
        value = SERVER_PROPERTIES.get(str(values[0]).upper())
        return value, INT if isinstance(value, int) else nvarchar(128)
    if name == "APPLOCK_MODE":
        owner = (session.wire.session, values[2].lower())
        held = session.server.locks.held.get(values[1], {}).get(owner)
        return (held[1] if held else "NoLock"), nvarchar(32)
    if name in ("GETDATE", "SYSUTCDATETIME", "SYSDATETIME", "GETUTCDATE"):
        now = datetime.datetime.now(datetime.UTC)
        return now.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0", SQLType("datetime2", scale=7)
    plain = {
        "DB_NAME": (session.server.database, nvarchar(128)), "DB_ID": (5, SQLType("smallint")),
        "XACT_STATE": (1 if session.transaction_depth else 0, SQLType("smallint")),
        "SUSER_SNAME": (session.server.user, nvarchar(128)), "SUSER_NAME": (session.server.user, nvarchar(128)),
        "USER_NAME": ("dbo", nvarchar(128)), "SCHEMA_NAME": ("dbo", nvarchar(128)),
        "APP_NAME": (session.login.program, nvarchar(128)),
    }
    if name not in plain:
        raise SQLError(195, f"'{name}' is not a recognized built-in function name.", 15, 10)
    return plain[name]
