"""EXEC, and the procedures that the server has."""
from .errors import SQLError, no_procedure, syntax
from .sqltypes import INT, COLLATION, SQLType, declared, nvarchar
from .syntax import Cursor, tokens

PROPERTY_BYTES_MAX = 7500


def execute(session, cursor):
    from .session import Result
    cursor.advance()
    if cursor.takes("("):
        text, _ = session.evaluate(cursor)
        cursor.needs(")")
        yield from nested(session, text)
        return
    target = None
    if cursor.next.kind == "variable":
        target = cursor.advance().text
        cursor.needs("=")
    name = cursor.names()[-1].lower()
    if name == "sp_executesql":
        yield from execute_text(session, cursor)
        return
    if name not in PROCEDURES:
        raise no_procedure(name)
    names, procedure = PROCEDURES[name]
    arguments = read_arguments(session, cursor, names)
    session.parameters, session.kinds = [], []
    outcome = procedure(session, **arguments)
    if isinstance(outcome, Result):
        yield outcome
    elif target:
        session.set_variable(target, outcome or 0)
    yield b""


def nested(session, text):
    """A batch inside a batch."""
    from . import statements
    cursor = Cursor(tokens(text))
    while not cursor.at_end():
        if not cursor.takes(";"):
            session.parameters, session.kinds = [], []
            yield from statements.run(session, cursor)


def execute_text(session, cursor):
    """sp_executesql with a text, declarations, and values by name; OUTPUT values go back to the caller's variables."""
    text, _ = session.evaluate(cursor)
    inner, back = {}, []
    if cursor.takes(","):
        declarations = Cursor(tokens(session.evaluate(cursor)[0]))
        while not declarations.at_end():
            name = declarations.advance().text
            inner[name] = (None, declared(declarations.name(), declarations.type_arguments()))
            declarations.takes("OUTPUT") or declarations.takes("OUT")
            if not declarations.takes(","):
                break
    while cursor.takes(","):
        name = cursor.advance().text
        cursor.needs("=")
        variable = cursor.next.text
        inner[name] = (session.evaluate(cursor)[0], inner[name][1])
        if cursor.takes("OUTPUT") or cursor.takes("OUT"):
            back.append((variable, name))
    outer, session.variables = session.variables, inner
    try:
        yield from nested(session, text)
    finally:
        session.variables = outer
    for variable, name in back:
        session.set_variable(variable, inner[name][0])


def read_arguments(session, cursor, names):
    """Values by name, or by their order."""
    found = {}
    while cursor.next.kind in ("variable", "text", "number", "binary") or cursor.next.upper in ("NULL", "-"):
        name = names[len(found)] if len(found) < len(names) else None
        ahead = cursor.tokens[cursor.position + 1:cursor.position + 2]
        if cursor.next.kind == "variable" and ahead and ahead[0].text == "=":
            name = cursor.advance().text[1:].lower()
            cursor.needs("=")
        if name not in names or name in found:
            raise SQLError(8144, "Procedure or function has too many arguments, or one that it does not know.")
        found[name] = session.evaluate(cursor)[0]
        cursor.takes("OUTPUT") or cursor.takes("OUT")
        if not cursor.takes(","):
            break
    if not (cursor.at_end() or cursor.next.kind == "word" or cursor.next.text == ";"):
        raise syntax(cursor.next.text)
    return found


def owner_of(session, lockowner):
    kind = (lockowner or "Transaction").lower()
    if kind == "transaction" and not session.transaction_depth:
        raise SQLError(15600, "An invalid parameter or option was specified for procedure 'sys.xp_userlock'.")
    return session.wire.session, kind


def get_lock(session, resource=None, lockmode=None, lockowner=None, locktimeout=-1, dbprincipal=None):
    if not resource or len(resource) > 255:
        raise SQLError(15600, "An invalid parameter or option was specified for procedure 'sp_getapplock'.")
    wait = session.server.faults.lock_wait(locktimeout)
    return session.server.locks.take(resource, owner_of(session, lockowner), lockmode or "", wait)


def release_lock(session, resource=None, lockowner=None, dbprincipal=None):
    session.server.locks.release(resource, owner_of(session, lockowner))


def property_table(session, level0type, level0name, level1type, level1name):
    if (level0type or "").upper() != "SCHEMA" or (level1type or "").upper() != "TABLE":
        raise SQLError(15600, "An invalid parameter or option was specified for procedure 'sp_addextendedproperty'.")
    session.enter_store()
    found = session.store.find(level0name, level1name)
    if not found:
        raise SQLError(15135, f"Object is invalid. Extended properties are not permitted on "
                              f"'{level0name}.{level1name}', or the object does not exist.")
    return found


def add_property(session, name=None, value=None, level0type=None, level0name=None, level1type=None, level1name=None):
    table = property_table(session, level0type, level0name, level1type, level1name)
    if value is not None and len(str(value).encode("utf-16-le")) > PROPERTY_BYTES_MAX:
        raise SQLError(15097, "The size associated with an extended property cannot be more than 7,500 bytes.")
    there = session.store.run("SELECT 1 FROM tds_properties WHERE object_id = ? AND name = ?", (table.object_id, name))
    if there.fetchone():
        raise SQLError(15233, f"Property cannot be added. Property '{name}' already exists for "
                              f"'{level0name}.{level1name}'.")
    session.store.run("INSERT INTO tds_properties VALUES (?, ?, ?)", (table.object_id, name, value))


def update_property(session, name=None, value=None, level0type=None, level0name=None, level1type=None,
                    level1name=None):
    table = property_table(session, level0type, level0name, level1type, level1name)
    done = session.store.run("UPDATE tds_properties SET value = ? WHERE object_id = ? AND name = ?",
                             (value, table.object_id, name))
    if done.rowcount != 1:
        raise SQLError(15217, f"Property cannot be updated or deleted. Property '{name}' does not exist for "
                              f"'{level0name}.{level1name}'.")


def set_fault(session, name=None, count=None):
    """Of this server alone: the next failure. `clear` takes all back. From then on this connection has none."""
    session.wire.is_exempt = True
    faults = session.server.faults
    if name == "clear":
        faults.clear()
    else:
        faults.set(name, count)


def status(session):
    """Of this server alone: how many packets came and replies went, over all connections."""
    from .session import Result
    from .store import Column
    session.wire.is_exempt = True
    faults = session.server.faults
    columns = [Column("packets", INT), Column("replies", INT), Column("pending", nvarchar(400))]
    pending = ",".join(f"{name}={count}" for name, count in faults.counts.items() if count)
    return Result(columns, [(faults.packets, faults.replies, pending)], 1)


def table_collations(session, table=None):
    """Name and collation of each column, as drivers ask before a bulk load."""
    from .session import Result
    from .store import Column
    columns = [Column("colid", INT), Column("name", nvarchar(128)), Column("tds_collation", SQLType("varbinary", 5)),
               Column("collation", nvarchar(128))]
    found = session.find_by_text(table)
    rows = [(number, column.name, COLLATION if column.kind.is_text else None, column.collation)
            for number, column in enumerate(found.columns if found else [], 1)]
    return Result(columns, rows, len(rows))


LEVELS = ["name", "value", "level0type", "level0name", "level1type", "level1name"]
PROCEDURES = {
    "sp_getapplock": (["resource", "lockmode", "lockowner", "locktimeout", "dbprincipal"], get_lock),
    "sp_releaseapplock": (["resource", "lockowner", "dbprincipal"], release_lock),
    "sp_addextendedproperty": (LEVELS, add_property),
    "sp_updateextendedproperty": (LEVELS, update_property),
    "sp_tablecollations_100": (["table"], table_collations),
    "tds_fault": (["name", "count"], set_fault),
    "tds_status": ([], status),
}
