"""RPC: statements with parameters, as ODBC drivers send them."""
from . import tokens
from .errors import SQLError, no_procedure, unsupported
from .packets import Reader
from .sqltypes import INT, read_description
from .values import read

NUMBERED = {10: "sp_executesql", 11: "sp_prepare", 12: "sp_execute", 13: "sp_prepexec", 15: "sp_unprepare"}
NEXT_CALL = (0x80, 0xFF)


def calls(data):
    """Name and parameters (name, value, type) of each call of a message."""
    reader = Reader(data)
    while not reader.at_end():
        length = reader.u16()
        if length == 0xFFFF:
            number = reader.u16()
            name = NUMBERED.get(number, f"procedure {number}")
        else:
            name = reader.take(2 * length).decode("utf-16-le").lower()
        reader.u16()
        parameters = []
        while not reader.at_end():
            if reader.data[reader.position] in NEXT_CALL:
                reader.u8()
                break
            label = reader.short_text()
            reader.u8()
            kind, fixed = read_description(reader)
            parameters.append((label, read(reader, kind, fixed), kind))
        yield name, parameters


def run(session, data):
    reply = b""
    for name, parameters in calls(data):
        try:
            part = call(session, name, parameters)
        except SQLError as error:
            parts = []
            session.fail(error, parts)
            part = session.finished(parts)
        # What was DONE of a batch is DONE of a call, and the last says that the call is over.
        reply += part
    return reply


def call(session, name, parameters):
    plain = [value for _, value, _ in parameters]
    if name == "sp_executesql":
        return statement(session, plain[0], parameters[2:])
    if name == "sp_prepare":
        handle = prepare(session, plain[2], plain[1])
        return tokens.return_value("", INT, handle) + ended(session)
    if name == "sp_prepexec":
        handle = prepare(session, plain[2], plain[1])
        return statement(session, plain[2], parameters[3:], plain[1], handle)
    if name == "sp_execute":
        if plain[0] not in session.prepared:
            raise SQLError(8179, f"Could not find prepared statement with handle {plain[0]}.")
        text, declaration = session.prepared[plain[0]]
        return statement(session, text, parameters[1:], declaration)
    if name == "sp_unprepare":
        session.prepared.pop(plain[0], None)
        return ended(session)
    raise no_procedure(name) if not name.startswith("procedure") else unsupported(name)


def prepare(session, text, declaration):
    handle = len(session.prepared) + 1
    session.prepared[handle] = (text, declaration)
    return handle


def statement(session, text, parameters, declaration=None, handle=None):
    names = [part.split()[0] for part in (declaration or "").split(",") if part.strip().startswith("@")]
    variables = {}
    for number, (label, value, kind) in enumerate(parameters):
        variables[label or (names[number] if number < len(names) else f"@P{number + 1}")] = (value, kind)
    parts = session.batch(text, variables, in_procedure=True)
    extra = tokens.return_status(0)
    if handle is not None:
        extra += tokens.return_value("", INT, handle)
    return parts + extra + ended(session)


def ended(session):
    state = tokens.IN_TRANSACTION if session.transaction_depth else 0
    return tokens.done(state, token=tokens.DONE_PROC)
