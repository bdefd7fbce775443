"""Statements that steer a batch: SET, DECLARE, IF, BEGIN, transactions."""
from . import sqltypes, statements
from .errors import syntax, unsupported
from .expressions import Expressions

SWITCHES = {
    "NOCOUNT", "XACT_ABORT", "FMTONLY", "IMPLICIT_TRANSACTIONS", "QUOTED_IDENTIFIER", "ANSI_NULLS", "ANSI_PADDING",
    "ANSI_WARNINGS", "ARITHABORT", "CONCAT_NULL_YIELDS_NULL", "ANSI_NULL_DFLT_ON", "CURSOR_CLOSE_ON_COMMIT",
    "NUMERIC_ROUNDABORT", "NOEXEC", "ANSI_DEFAULTS",
}
SETTINGS = {"TEXTSIZE", "LOCK_TIMEOUT", "ROWCOUNT", "DATEFIRST", "DATEFORMAT", "LANGUAGE", "DEADLOCK_PRIORITY"}


def set_option(session, cursor):
    cursor.needs("SET")
    if cursor.next.kind == "variable":
        name = cursor.advance().text
        cursor.needs("=")
        value, _ = session.evaluate(cursor)
        session.set_variable(name, value)
    elif cursor.takes("TRANSACTION", "ISOLATION", "LEVEL"):
        for words in (("READ", "COMMITTED"), ("READ", "UNCOMMITTED"), ("REPEATABLE", "READ"), ("SERIALIZABLE",),
                      ("SNAPSHOT",)):
            if cursor.takes(*words):
                break
        else:
            raise syntax(cursor.next.text)
    else:
        names = [cursor.advance().upper]
        while cursor.takes(","):
            names.append(cursor.advance().upper)
        for name in names:
            if name not in SWITCHES | SETTINGS:
                raise unsupported(f"SET {name}")
        if names[0] in SETTINGS:
            cursor.takes("-")
            cursor.advance()
        else:
            switch(session, names, cursor)
    yield b""


def switch(session, names, cursor):
    on = cursor.takes("ON")
    if not on:
        cursor.needs("OFF")
    for name in names:
        if name == "NOCOUNT":
            session.count_rows = not on
        elif name == "XACT_ABORT":
            session.abort_transaction = on
        elif name == "FMTONLY":
            session.format_only = on
        elif name == "IMPLICIT_TRANSACTIONS":
            session.implicit_transactions = on


def declare(session, cursor):
    cursor.needs("DECLARE")
    while True:
        name = cursor.advance()
        if name.kind != "variable":
            raise syntax(name.text)
        cursor.takes("AS")
        kind = sqltypes.declared(cursor.name(), cursor.type_arguments())
        value = None
        if cursor.takes("="):
            value, _ = session.evaluate(cursor)
        session.variables[name.text] = (value, kind)
        if not cursor.takes(","):
            break
    yield b""


def branch(session, cursor):
    cursor.needs("IF")
    condition = Expressions(session, cursor).condition()
    holds = bool(session.constant(condition))
    yield from block(session, cursor, holds)
    cursor.takes(";")
    if cursor.takes("ELSE"):
        yield from block(session, cursor, not holds)


def block(session, cursor, wanted):
    """A statement, or BEGIN ... END; passed over if it is not wanted."""
    if cursor.sees("BEGIN") and not (cursor.sees("BEGIN", "TRAN") or cursor.sees("BEGIN", "TRANSACTION")):
        cursor.advance()
        while not cursor.takes("END"):
            if not cursor.takes(";"):
                yield from block(session, cursor, wanted)
    elif wanted:
        session.parameters, session.kinds = [], []
        yield from statements.run(session, cursor)
    else:
        skip_statement(cursor)


def skip_statement(cursor):
    depth = 0
    first = True
    while not cursor.at_end():
        word = cursor.next.upper
        if depth == 0 and (word == ";" or word in ("ELSE", "END") or not first and word in (
                "SELECT", "INSERT", "IF", "EXEC", "COMMIT", "ROLLBACK", "DECLARE", "SET", "CREATE", "DROP")):
            return
        depth += (word == "(") - (word == ")")
        cursor.advance()
        first = False


def begin(session, cursor):
    if cursor.takes("BEGIN", "TRAN") or cursor.takes("BEGIN", "TRANSACTION"):
        yield session.begin()
    else:
        yield from block(session, cursor, True)


def commit(session, cursor):
    cursor.needs("COMMIT")
    if not cursor.takes("TRAN") and not cursor.takes("TRANSACTION"):
        cursor.takes("WORK")
    yield session.commit()


def rollback(session, cursor):
    cursor.needs("ROLLBACK")
    if not cursor.takes("TRAN") and not cursor.takes("TRANSACTION"):
        cursor.takes("WORK")
    yield session.rollback()


def use(session, cursor):
    cursor.needs("USE")
    session.table_name([cursor.name(), "dbo", "x"])
    yield b""


STATEMENTS = {
    "SET": set_option, "DECLARE": declare, "IF": branch, "BEGIN": begin, "COMMIT": commit, "ROLLBACK": rollback,
    "USE": use,
}
