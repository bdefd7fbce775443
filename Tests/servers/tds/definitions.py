"""CREATE, ALTER, DROP, TRUNCATE, and the statement before a bulk load."""
from . import sqltypes
from .errors import SQLError, no_column, syntax, unsupported
from .store import Column, same, quoted

DATABASE_COLLATION = "SQL_Latin1_General_CP1_CI_AS"


def create(session, cursor):
    cursor.needs("CREATE")
    if cursor.takes("SCHEMA"):
        if cursor.position != 2:
            raise SQLError(111, "'CREATE SCHEMA' must be the first statement in a query batch.", 15)
        name = cursor.name()
        if cursor.takes("AUTHORIZATION"):
            cursor.name()
        session.enter_store()
        with session.store.statement():
            session.store.create_schema(name)
    else:
        cursor.needs("TABLE")
        schema, name = session.table_name(cursor.names())
        columns, key = read_columns(cursor)
        session.enter_store()
        with session.store.statement():
            session.store.create_table(schema, name, columns, key)
    yield b""


def read_columns(cursor):
    columns, key = [], []
    cursor.needs("(")
    while True:
        if cursor.takes("CONSTRAINT"):
            cursor.name()
        if cursor.takes("PRIMARY", "KEY"):
            key = read_key(cursor)
        else:
            column, is_key = read_column(cursor)
            columns.append(column)
            key = [column.name] if is_key else key
        if not cursor.takes(","):
            break
    cursor.needs(")")
    keys = {name.casefold() for name in key}
    return [
        Column(column.name, column.kind, False, column.collation) if column.name.casefold() in keys else column
        for column in columns], key


def read_key(cursor):
    cursor.takes("CLUSTERED") or cursor.takes("NONCLUSTERED")
    cursor.needs("(")
    key = [cursor.name()]
    while cursor.takes("ASC") or cursor.takes(","):
        if not cursor.sees(")"):
            key.append(cursor.name())
    cursor.needs(")")
    return key


def read_column(cursor):
    name = cursor.name()
    kind = sqltypes.declared(cursor.name(), cursor.type_arguments())
    collation, nullable, is_key = (DATABASE_COLLATION if kind.is_text else None), True, False
    while True:
        if cursor.takes("COLLATE"):
            collation = cursor.name()
        elif cursor.takes("NOT", "NULL"):
            nullable = False
        elif cursor.takes("NULL"):
            nullable = True
        elif cursor.takes("PRIMARY", "KEY"):
            is_key = True
        else:
            return Column(name, kind, nullable, collation), is_key


def alter(session, cursor):
    cursor.needs("ALTER", "TABLE")
    session.enter_store()
    table = session.store.table(*session.table_name(cursor.names()))
    if cursor.takes("ADD"):
        columns = [read_column(cursor)[0]]
        while cursor.takes(","):
            columns.append(read_column(cursor)[0])
        with session.store.statement():
            session.store.add_columns(table, columns)
    elif cursor.takes("ALTER", "COLUMN"):
        column, _ = read_column(cursor)
        old = table.column(column.name)
        if not old:
            raise no_column(column.name)
        with session.store.statement():
            part = session.conversion(quoted(old.name), old.kind, column.kind)
            session.query(f"UPDATE {table.stored} SET {quoted(old.name)} = {part}")
            session.store.change_column(table, old, column.kind, column.nullable)
    else:
        raise syntax(cursor.next.text)
    yield b""


def drop(session, cursor):
    cursor.needs("DROP")
    if not cursor.takes("TABLE"):
        raise unsupported(f"DROP {cursor.next.text}")
    optional = cursor.takes("IF", "EXISTS")
    session.enter_store()
    while True:
        schema, name = session.table_name(cursor.names())
        with session.store.statement():
            table = session.store.find(schema, name)
            if table:
                session.store.drop_table(table)
            elif not optional:
                raise SQLError(3701, f"Cannot drop the table '{name}', because it does not exist or you do not have "
                                     "permission.", 11, 5)
        if not cursor.takes(","):
            break
    yield b""


def truncate(session, cursor):
    cursor.needs("TRUNCATE", "TABLE")
    session.enter_store()
    table = session.store.table(*session.table_name(cursor.names()))
    with session.store.statement():
        session.store.run(f"DELETE FROM {table.stored}")
    yield b""


def insert_bulk(session, cursor):
    """INSERT BULK table (column type, ...) [WITH (hints)]: the rows come in the next message."""
    cursor.needs("INSERT", "BULK")
    table = session.store.table(*session.table_name(cursor.names()))
    given, _ = read_columns(cursor)
    columns = []
    for column in given:
        there = next((known for known in table.columns if same(known.name, column.name)), None)
        if not there:
            raise no_column(column.name)
        columns.append(there)
    if cursor.takes("WITH"):
        cursor.needs("(")
        while not cursor.takes(")"):
            cursor.advance()
    session.bulk = (table, columns)
    yield b""
