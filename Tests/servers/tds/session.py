"""One client's session: its batches, variables and transaction."""
import dataclasses
import sqlite3

from . import functions, statements, tokens
from .errors import SQLError
from .expressions import Expressions
from .sqltypes import INT
from .store import Store, same, translated
from .syntax import Cursor
from .syntax import tokens as words


@dataclasses.dataclass
class Result:
    """What a statement gives back: columns and rows, or a count, or neither."""
    columns: list = dataclasses.field(default_factory=list)
    rows: list = dataclasses.field(default_factory=list)
    count: int | None = None


class Session:
    def __init__(self, server, wire, login):
        self.server = server
        self.wire = wire
        self.login = login
        self.store = Store(server.path)
        self.failure = None
        self.kinds = []
        self.parameters = []
        self.variables = {}
        self.transaction_depth = 0
        self.transactions = 0
        self.row_count = 0
        self.last_error = 0
        self.format_only = False
        self.count_rows = True
        self.abort_transaction = False
        self.implicit_transactions = False
        self.subquery_kind = INT
        self.bulk = None
        self.prepared = {}
        functions.register(self.store, self)

    # Batches

    def batch(self, text, variables=None, in_procedure=False):
        """Runs a batch; returns the tokens of its reply."""
        self.variables = variables if variables is not None else {}
        reply = []
        try:
            cursor = Cursor(words(text))
            while not cursor.at_end():
                if cursor.takes(";"):
                    continue
                self.parameters, self.kinds = [], []
                for part in statements.run(self, cursor):
                    self.answer(part, reply)
        except SQLError as error:
            self.fail(error, reply)
        return self.finished(reply, in_procedure)

    def answer(self, part, reply):
        """Adds what a statement gave: a Result, or tokens."""
        if isinstance(part, bytes):
            reply.append(part)
            return
        body = []
        if part.columns:
            body = [tokens.columns(part), *tokens.rows(part)]
        count = part.count if self.count_rows or part.columns else None
        reply.append(b"".join(body))
        reply.append((0, count))
        if part.count is not None:
            self.row_count = part.count

    def fail(self, error, reply):
        self.last_error = error.number
        if self.transaction_depth and (error.ends_transaction or self.abort_transaction):
            reply.append(self.rollback())
        reply.append(tokens.message(error, self.wire.session))
        reply.append((tokens.ERROR, None))

    def finished(self, reply, in_procedure=False):
        """All parts as bytes; every DONE but the last says that there is more.

        In a procedure all of them do: its own end follows.
        """
        if not any(isinstance(part, tuple) for part in reply):
            reply.append((0, None))
        last = max(index for index, part in enumerate(reply) if isinstance(part, tuple))
        ordered = reply[:last] + reply[last + 1:] + [reply[last]]
        state = tokens.IN_TRANSACTION if self.transaction_depth else 0
        data = []
        for index, part in enumerate(ordered):
            if isinstance(part, bytes):
                data.append(part)
                continue
            more = tokens.MORE if in_procedure or index < len(ordered) - 1 else 0
            kind = tokens.DONE_IN_PROC if in_procedure else tokens.DONE
            data.append(tokens.done(part[0] | state | more, part[1], kind))
        return b"".join(data)

    # Names

    def variable(self, name):
        if name.startswith("@@"):
            return functions.system_variable(self, name)
        for known, pair in self.variables.items():
            if same(known, name):
                return pair
        raise SQLError(137, f'Must declare the scalar variable "{name}".', 15)

    def set_variable(self, name, value):
        known = next((known for known in self.variables if same(known, name)), None)
        if known is None:
            raise SQLError(137, f'Must declare the scalar variable "{name}".', 15)
        self.variables[known] = (value, self.variables[known][1])

    def table_name(self, parts):
        """Schema and name of what stands as one to three names."""
        if len(parts) > 3 or (len(parts) == 3 and not same(parts[0], self.server.database)):
            raise SQLError(911, f"Database '{parts[0]}' does not exist. Make sure that the name is entered correctly.")
        return (parts[-2] if len(parts) > 1 and parts[-2] else "dbo"), parts[-1]

    def find_by_text(self, text):
        """The table that a text names, brackets and all, or None."""
        if text is None:
            return None
        return self.store.find(*self.table_name(Cursor(words(text)).names()))

    # Expressions

    def parameter(self, value):
        if value is None:
            return "NULL"
        self.parameters.append(value)
        return f":p{len(self.parameters)}"

    def function(self, name, arguments):
        return functions.call(self, name, arguments)

    def conversion(self, sql, source, target):
        if source == target:
            return sql
        self.kinds += [source, target]
        return f"tds_convert({sql}, {len(self.kinds) - 2}, {len(self.kinds) - 1})"

    def constant(self, expression):
        return self.query(f"SELECT {expression.sql}").fetchone()[0]

    def evaluate(self, cursor):
        """Value and type of an expression of constants and subqueries."""
        expression = Expressions(self, cursor).sum()
        return self.constant(expression), expression.kind

    def subquery(self, cursor, outer):
        select = statements.Select(self, cursor, outer)
        self.subquery_kind = select.columns[0].kind
        return select.sql

    def query(self, sql):
        """Runs SQL with the statement's parameters; an error of our own functions comes out as it went in."""
        self.failure = None
        values = {f"p{number}": value for number, value in enumerate(self.parameters, 1)}
        try:
            return self.store.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise (self.failure or translated(error)) from error

    def fetch(self, sql):
        try:
            return self.query(sql).fetchall()
        except sqlite3.Error as error:
            raise (self.failure or translated(error)) from error

    # Transactions

    def enter_store(self):
        """Before a statement that reads or writes tables: the store's transaction begins where ours has."""
        if self.implicit_transactions and not self.transaction_depth:
            self.transaction_depth = 1
            self.transactions += 1
        if self.transaction_depth and not self.store.connection.in_transaction:
            self.store.run("BEGIN IMMEDIATE")

    def descriptor(self):
        return (self.wire.session << 32 | self.transactions).to_bytes(8, "little")

    def begin(self):
        self.transaction_depth += 1
        if self.transaction_depth > 1:
            return b""
        self.transactions += 1
        return tokens.environment(8, self.descriptor())

    def commit(self):
        if not self.transaction_depth:
            raise SQLError(3902, "The COMMIT TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        if self.transaction_depth > 1:
            self.transaction_depth -= 1
            return b""
        faults = self.server.faults
        faults.strike("drop_before_commit")
        if self.store.connection.in_transaction:
            self.store.run("COMMIT")
        self.end_transaction()
        faults.strike("drop_after_commit")
        return tokens.environment(9, b"", self.descriptor())

    def rollback(self):
        if not self.transaction_depth:
            raise SQLError(3903, "The ROLLBACK TRANSACTION request has no corresponding BEGIN TRANSACTION.")
        if self.store.connection.in_transaction:
            self.store.run("ROLLBACK")
        self.end_transaction()
        return tokens.environment(10, b"", self.descriptor())

    def end_transaction(self):
        self.transaction_depth = 0
        mine = (self.wire.session, "transaction")
        self.server.locks.release_all(lambda owner: owner == mine)

    def close(self):
        try:
            if self.store.connection.in_transaction:
                self.store.connection.rollback()
            self.store.connection.close()
        finally:
            self.server.locks.release_all(lambda owner: owner[0] == self.wire.session)
