"""Errors with SQL Server's numbers and texts."""


class SQLError(Exception):
    """A statement that SQL Server would refuse."""

    def __init__(self, number, message, severity=16, state=1):
        super().__init__(f"{number}: {message}")
        self.number = number
        self.message = message
        self.severity = severity
        self.state = state

    @property
    def ends_transaction(self):
        """Whether the transaction is rolled back whatever XACT_ABORT says."""
        return self.number in (1205, 9002, 3930)


class Dropped(Exception):
    """The connection is gone, or is dropped on request."""


def syntax(near):
    return SQLError(102, f"Incorrect syntax near '{near}'.", 15)


def unsupported(what):
    return SQLError(50900, f"The test server does not know {what}.")


def no_object(name):
    return SQLError(208, f"Invalid object name '{name}'.")


def no_column(name):
    return SQLError(207, f"Invalid column name '{name}'.")


def no_procedure(name):
    return SQLError(2812, f"Could not find stored procedure '{name}'.")


def overflow(to_type):
    return SQLError(8115, f"Arithmetic overflow error converting expression to data type {to_type}.")


def cannot_convert(from_type, to_type):
    return SQLError(8114, f"Error converting data type {from_type} to {to_type}.")


def deadlock(session):
    return SQLError(
        1205, f"Transaction (Process ID {session}) was deadlocked on lock resources with another process and has been "
        "chosen as the deadlock victim. Rerun the transaction.", 13, 51)


def log_full(database):
    return SQLError(
        9002, f"The transaction log for database '{database}' is full due to 'LOG_BACKUP'.", 17, 2)


def login_failed(user):
    return SQLError(18456, f"Login failed for user '{user}'.", 14)
