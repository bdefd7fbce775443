"""T-SQL expressions, as SQLite expressions with the type that SQL Server gives them."""
import dataclasses

from . import sqltypes
from .errors import SQLError, no_column, syntax, unsupported
from .sqltypes import BIGINT, BIT, FLOAT, INT, NVARCHAR_MAX, SQLType, nvarchar
from .store import quoted, same

COMPARISONS = ("=", "<>", "!=", "<", ">", "<=", ">=")


@dataclasses.dataclass
class Expression:
    sql: str
    kind: SQLType
    name: str = ""
    nullable: bool = True
    collation: str | None = None


@dataclasses.dataclass
class Source:
    """A table or view that a statement reads, under the name it gives it."""
    alias: str
    columns: list
    sql: str

    def expression(self, column):
        return Expression(
            f"{quoted(self.alias)}.{quoted(column.name)}", column.kind, column.name, column.nullable, column.collation)


class Expressions:
    """Compiles what a cursor reads; sources are what column names may mean."""

    def __init__(self, session, cursor, sources=()):
        self.session = session
        self.cursor = cursor
        self.sources = list(sources)
        # Whether variables are read row by row, as an assignment in SELECT may change them.
        self.live_variables = False

    def condition(self):
        left = self.conjunction()
        while self.cursor.takes("OR"):
            left = Expression(f"({left.sql} OR {self.conjunction().sql})", BIT)
        return left

    def conjunction(self):
        left = self.negation()
        while self.cursor.takes("AND"):
            left = Expression(f"({left.sql} AND {self.negation().sql})", BIT)
        return left

    def negation(self):
        if self.cursor.takes("NOT"):
            return Expression(f"(NOT {self.negation().sql})", BIT)
        return self.comparison()

    def comparison(self):
        cursor = self.cursor
        if cursor.takes("EXISTS"):
            cursor.needs("(")
            query = self.session.subquery(cursor, self.sources)
            cursor.needs(")")
            return Expression(f"EXISTS ({query})", BIT)
        left = self.sum()
        if cursor.takes("IS"):
            negative = "NOT " if cursor.takes("NOT") else ""
            cursor.needs("NULL")
            return Expression(f"({left.sql} IS {negative}NULL)", BIT)
        negative = "NOT " if cursor.sees("NOT") and cursor.takes("NOT") else ""
        if cursor.takes("IN"):
            return self.membership(left, negative)
        if cursor.takes("LIKE"):
            return self.likeness(left, negative)
        sign = cursor.next.upper
        if negative or sign not in COMPARISONS:
            if negative:
                raise syntax("NOT")
            return left
        cursor.advance()
        right = self.sum()
        return Expression(f"({left.sql} {sign} {right.sql}{self.collation(left, right)})", BIT)

    def membership(self, left, negative):
        self.cursor.needs("(")
        items = [self.sum()]
        while self.cursor.takes(","):
            items.append(self.sum())
        self.cursor.needs(")")
        tests = [f"{left.sql} = {item.sql}{self.collation(left, item)}" for item in items]
        return Expression(f"({negative}({' OR '.join(tests)}))", BIT)

    def likeness(self, left, negative):
        pattern = self.sum()
        escape = self.sum().sql if self.cursor.takes("ESCAPE") else "NULL"
        return Expression(f"({negative}tds_like({left.sql}, {pattern.sql}, {escape}))", BIT)

    def collation(self, left, right):
        if left.kind.name == "decimal" or right.kind.name == "decimal":
            raise unsupported("comparisons of decimals")
        if not (left.kind.is_text or right.kind.is_text):
            return ""
        binary = any("BIN" in (side.collation or "") for side in (left, right))
        return " COLLATE tds_bin" if binary else " COLLATE tds_ci"

    def sum(self):
        left = self.product()
        while self.cursor.next.upper in ("+", "-"):
            sign = self.cursor.advance().upper
            right = self.product()
            if left.kind.is_text:
                left = Expression(f"({left.sql} || {right.sql})", NVARCHAR_MAX)
            else:
                left = Expression(f"({left.sql} {sign} {right.sql})", wider(left.kind, right.kind))
        return left

    def product(self):
        left = self.primary()
        while self.cursor.next.upper in ("*", "/", "%"):
            sign = self.cursor.advance().upper
            right = self.primary()
            left = Expression(f"({left.sql} {sign} {right.sql})", wider(left.kind, right.kind))
        if self.cursor.takes("COLLATE"):
            left.collation = self.cursor.name()
        return left

    def primary(self):
        cursor = self.cursor
        token = cursor.next
        if cursor.takes("("):
            if cursor.sees("SELECT"):
                query = self.session.subquery(cursor, self.sources)
                inner = Expression(f"({query})", self.session.subquery_kind)
            else:
                inner = self.condition()
            cursor.needs(")")
            return inner
        if cursor.takes("-"):
            inner = self.primary()
            return Expression(f"(- {inner.sql})", inner.kind)
        if cursor.takes("CASE"):
            return self.case()
        if token.kind in ("text", "number", "binary", "variable") or token.upper == "NULL":
            cursor.advance()
            return self.value(token)
        if token.kind == "word" and cursor.tokens[cursor.position + 1:][:1] and (
                cursor.tokens[cursor.position + 1].text == "("):
            return self.function()
        return self.column(cursor.names())

    def value(self, token):
        if token.kind == "text":
            return self.literal(token.value, nvarchar(min(max(len(token.value), 1), 4000)))
        if token.kind == "binary":
            return self.literal(token.value, SQLType("varbinary", min(max(len(token.value), 1), 8000)))
        if token.kind == "number":
            if token.text.isdigit():
                return self.literal(int(token.text), INT if int(token.text) < 1 << 31 else BIGINT)
            if "e" in token.text.lower():
                return self.literal(float(token.text), FLOAT)
            digits = token.text.replace(".", "").lstrip("0")
            scale = len(token.text.partition(".")[2])
            return self.literal(token.text, SQLType("decimal", precision=max(len(digits), scale, 1), scale=scale))
        if token.kind == "variable":
            value, kind = self.session.variable(token.text)
            if self.live_variables and not token.text.startswith("@@"):
                return Expression(f"tds_variable({self.session.parameter(token.text)})", kind)
            return self.literal(value, kind)
        return Expression("NULL", INT)

    def literal(self, value, kind):
        return Expression(self.session.parameter(value), kind, nullable=value is None)

    def case(self):
        parts, kind = ["CASE"], None
        while self.cursor.takes("WHEN"):
            test = self.condition().sql
            self.cursor.needs("THEN")
            value = self.sum()
            kind = kind or value.kind
            parts.append(f"WHEN {test} THEN {value.sql}")
        if self.cursor.takes("ELSE"):
            parts.append(f"ELSE {self.sum().sql}")
        self.cursor.needs("END")
        return Expression(" ".join(parts + ["END"]), kind)

    def function(self):
        name = self.cursor.advance().upper
        self.cursor.needs("(")
        if name in ("COUNT", "COUNT_BIG"):
            what = "*" if self.cursor.takes("*") else self.sum().sql
            self.cursor.needs(")")
            return Expression(f"count({what})", BIGINT if name == "COUNT_BIG" else INT)
        if name in ("CAST", "CONVERT"):
            return self.cast(name)
        arguments = []
        while not self.cursor.sees(")"):
            arguments.append(self.sum())
            if not self.cursor.takes(","):
                break
        self.cursor.needs(")")
        return self.session.function(name, arguments)

    def cast(self, name):
        if name == "CONVERT":
            kind = self.declared_type()
            self.cursor.needs(",")
            inner = self.sum()
        else:
            inner = self.sum()
            self.cursor.needs("AS")
            kind = self.declared_type(unsized=30)
        self.cursor.needs(")")
        return Expression(self.session.conversion(inner.sql, inner.kind, kind), kind)

    def declared_type(self, unsized=None):
        name = self.cursor.name()
        arguments = self.cursor.type_arguments()
        if not arguments and unsized and name.lower() in ("nvarchar", "varchar", "varbinary"):
            arguments = [unsized]
        return sqltypes.declared(name, arguments)

    def column(self, names):
        wanted, qualifier = names[-1], names[-2] if len(names) > 1 else None
        found = [
            source.expression(column) for source in self.sources
            if qualifier is None or same(source.alias, qualifier)
            for column in source.columns if same(column.name, wanted)]
        if not found:
            raise no_column(".".join(names))
        if len(found) > 1 and qualifier is None:
            raise SQLError(209, f"Ambiguous column name '{wanted}'.")
        return found[0]


def wider(left, right):
    if FLOAT in (left, right):
        return FLOAT
    return BIGINT if BIGINT in (left, right) else left

