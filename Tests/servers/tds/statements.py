"""Statements that read and write rows, and those that steer a batch. What is not here is refused, never passed over."""
from . import definitions, procedures
from .errors import SQLError, deadlock, log_full, no_column, syntax, unsupported
from .expressions import Expression, Expressions, Source
from .store import Column, quoted
from .views import view

CLAUSES = {
    "FROM", "WHERE", "GROUP", "ORDER", "INNER", "JOIN", "LEFT", "ON", "AS", "WITH", "SET", "UNION", "OPTION", "VALUES",
    "SELECT", "CROSS", "IF", "INSERT", "DELETE", "UPDATE", "EXEC", "EXECUTE", "ELSE", "END", "COMMIT", "ROLLBACK",
    "BEGIN", "DROP", "CREATE", "ALTER", "DECLARE", "HAVING", "USE", "AND", "OR",
}


def result(columns, rows, count=None):
    from .session import Result
    return Result(columns, rows, count)


class Select:
    """SELECT [TOP n] items [FROM ... [WHERE ...] [ORDER BY ...]]"""

    def __init__(self, session, cursor, outer=()):
        cursor.needs("SELECT")
        self.session = session
        self.limit = None
        distinct = "DISTINCT " if cursor.takes("DISTINCT") else ""
        if cursor.takes("TOP"):
            bracket = cursor.takes("(")
            self.limit = cursor.integer()
            if bracket:
                cursor.needs(")")
        start = cursor.position
        self.skip_items(cursor)
        sources, joins = self.read_from(cursor, outer) if cursor.takes("FROM") else ([], "")
        self.reads_tables = bool(sources)
        after = cursor.position
        cursor.position = start
        self.expressions = Expressions(session, cursor, sources + list(outer))
        items = self.items(cursor, sources)
        cursor.position = after
        tail = self.tail(cursor)
        self.columns = [Column(item.name, item.kind, item.nullable) for item in items]
        self.sql = "SELECT " + distinct + ", ".join(item.sql for item in items) + joins + tail

    def skip_items(self, cursor):
        """Past the items, to FROM or the statement's end: sources are read first."""
        depth = 0
        while not cursor.at_end():
            word = cursor.next.upper
            if depth == 0 and (word in ("FROM", ";", ")") or word in CLAUSES - {"AS", "AND", "OR"} and not (
                    word == "END" or word == "ELSE" or word == "LEFT")):
                return
            depth += (word == "(" or word == "CASE") - (word == ")" or (word == "END" and depth > 0))
            cursor.advance()

    def read_from(self, cursor, outer):
        sources, joins = [], " FROM "
        while True:
            source = read_source(self.session, cursor)
            sources.append(source)
            joins += f"{source.sql} AS {quoted(source.alias)}"
            if len(sources) > 1 and not cross:
                cursor.needs("ON")
                joins += " ON " + Expressions(self.session, cursor, sources + list(outer)).condition().sql
            cross = False
            if cursor.takes("INNER", "JOIN") or cursor.takes("JOIN"):
                joins += " JOIN "
            elif cursor.takes("LEFT", "OUTER", "JOIN") or cursor.takes("LEFT", "JOIN"):
                joins += " LEFT JOIN "
            elif cursor.takes("CROSS", "JOIN") or cursor.takes(","):
                joins += " CROSS JOIN "
                cross = True
            else:
                return sources, joins

    def items(self, cursor, sources):
        found = []
        self.assigns = cursor.next.kind == "variable" and [
            token.text for token in cursor.tokens[cursor.position + 1:cursor.position + 2]] == ["="]
        self.expressions.live_variables = self.assigns
        while True:
            if cursor.takes("*"):
                found += [source.expression(column) for source in sources for column in source.columns]
            elif self.assigns:
                name = self.session.parameter(cursor.advance().text)
                cursor.needs("=")
                value = self.expressions.sum()
                found.append(Expression(f"tds_assign({name}, {value.sql})", value.kind))
            else:
                alias = None
                if cursor.tokens[cursor.position + 1:][:1] and cursor.next.kind in ("word", "quoted") and (
                        cursor.tokens[cursor.position + 1].text == "="):
                    alias = cursor.name()
                    cursor.needs("=")
                item = self.expressions.sum()
                if cursor.takes("AS") or (
                        cursor.next.kind in ("word", "quoted") and cursor.next.upper not in CLAUSES):
                    alias = cursor.name()
                item.name = alias if alias is not None else item.name
                found.append(item)
            if not cursor.takes(","):
                return found

    def tail(self, cursor):
        tail = ""
        if cursor.takes("WHERE"):
            tail += " WHERE " + self.expressions.condition().sql
        if cursor.takes("GROUP", "BY"):
            tail += " GROUP BY " + self.list(cursor)
        if cursor.takes("ORDER", "BY"):
            tail += " ORDER BY " + self.list(cursor, ordered=True)
        return tail + (f" LIMIT {self.limit}" if self.limit is not None else "")

    def list(self, cursor, ordered=False):
        parts = []
        while True:
            part = self.expressions.sum().sql
            if ordered:
                part += " DESC" if cursor.takes("DESC") else (cursor.takes("ASC") and "") or ""
            parts.append(part)
            if not cursor.takes(","):
                return ", ".join(parts)

    def run(self):
        if self.reads_tables:
            self.session.enter_store()
        return [] if self.session.format_only else self.session.fetch(self.sql)


def read_source(session, cursor):
    names = cursor.names()
    found = view(*session.table_name(names)) if len(names) > 1 else None
    if found:
        columns, sql = found[1], f"({found[0]})"
    else:
        table = session.store.table(*session.table_name(names))
        columns, sql = table.columns, table.stored
    alias = names[-1]
    if cursor.takes("AS") or (cursor.next.kind in ("word", "quoted") and cursor.next.upper not in CLAUSES):
        alias = cursor.name()
    skip_hints(cursor)
    return Source(alias, columns, sql)


def skip_hints(cursor):
    """WITH (TABLOCK, HOLDLOCK ...): the store has one lock, which holds all that they ask for."""
    if cursor.takes("WITH"):
        cursor.needs("(")
        while not cursor.takes(")"):
            if cursor.advance().upper not in ("TABLOCK", "TABLOCKX", "HOLDLOCK", "UPDLOCK", "ROWLOCK", "XLOCK", ",",
                                              "SERIALIZABLE", "NOLOCK", "READPAST"):
                raise syntax("WITH")


def select(session, cursor):
    query = Select(session, cursor)
    rows = query.run()
    yield b"" if query.assigns else result(query.columns, rows, len(rows))


def insert(session, cursor):
    if cursor.sees("INSERT", "BULK"):
        yield from definitions.insert_bulk(session, cursor)
        return
    cursor.needs("INSERT")
    cursor.takes("INTO")
    session.enter_store()
    table = session.store.table(*session.table_name(cursor.names()))
    skip_hints(cursor)
    columns = table.columns
    if cursor.takes("("):
        columns = [known(table, cursor.name())]
        while cursor.takes(","):
            columns.append(known(table, cursor.name()))
        cursor.needs(")")
    if cursor.takes("VALUES"):
        sql = values(session, cursor, columns)
    else:
        query = Select(session, cursor)
        if len(query.columns) != len(columns):
            raise SQLError(121, "The select list for the INSERT statement contains another number of items than the "
                                "insert list.", 15)
        faults = session.server.faults
        faults.fail("deadlock", deadlock(session.wire.session))
        faults.fail("log_full", log_full(session.server.database))
        parts = [session.conversion(f"c{number}", column.kind, target.kind)
                 for number, (column, target) in enumerate(zip(query.columns, columns, strict=True))]
        names = ", ".join(f"c{number}" for number in range(len(columns)))
        sql = f"WITH given({names}) AS ({query.sql}) SELECT {', '.join(parts)} FROM given"
    with session.store.statement():
        done = session.query(f"INSERT INTO {table.stored} ({', '.join(quoted(column.name) for column in columns)}) "
                             f"{sql}")
    yield result([], [], done.rowcount)


def known(table, name):
    column = table.column(name)
    if not column:
        raise no_column(name)
    return column


def values(session, cursor, columns):
    rows = []
    while True:
        cursor.needs("(")
        row = []
        for number, column in enumerate(columns):
            if number:
                cursor.needs(",")
            value = Expressions(session, cursor).sum()
            row.append(session.conversion(value.sql, value.kind, column.kind))
        cursor.needs(")")
        rows.append(f"({', '.join(row)})")
        if not cursor.takes(","):
            return "VALUES " + ", ".join(rows)


def delete(session, cursor):
    cursor.needs("DELETE")
    cursor.takes("FROM")
    session.enter_store()
    source = read_source(session, cursor)
    where = Expressions(session, cursor, [source]).condition().sql if cursor.takes("WHERE") else "1"
    with session.store.statement():
        done = session.query(f"DELETE FROM {source.sql} AS {quoted(source.alias)} WHERE {where}")
    yield result([], [], done.rowcount)


def update(session, cursor):
    cursor.needs("UPDATE")
    session.enter_store()
    source = read_source(session, cursor)
    cursor.needs("SET")
    expressions = Expressions(session, cursor, [source])
    parts = []
    while True:
        target = expressions.column([cursor.name()])
        cursor.needs("=")
        value = expressions.sum()
        parts.append(f"{quoted(target.name)} = {session.conversion(value.sql, value.kind, target.kind)}")
        if not cursor.takes(","):
            break
    where = expressions.condition().sql if cursor.takes("WHERE") else "1"
    with session.store.statement():
        done = session.query(f"UPDATE {source.sql} AS {quoted(source.alias)} SET {', '.join(parts)} WHERE {where}")
    yield result([], [], done.rowcount)


def run(session, cursor):
    """Runs one statement; yields what it gives."""
    from . import control
    word = cursor.next.upper
    table = {
        "SELECT": select, "INSERT": insert, "DELETE": delete, "UPDATE": update, "CREATE": definitions.create,
        "ALTER": definitions.alter, "DROP": definitions.drop, "EXEC": procedures.execute,
        "EXECUTE": procedures.execute, "TRUNCATE": definitions.truncate, **control.STATEMENTS,
    }
    if word not in table:
        token = cursor.next
        raise syntax(token.text) if token.kind != "word" else unsupported(f"the statement {token.text}")
    yield from table[word](session, cursor)
