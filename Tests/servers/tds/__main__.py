"""Runs the server: `PYTHONPATH=Tests/servers python3 -m tds --store FILE.db`; prints its port on the first line."""
import argparse
import os
import pathlib

from .server import Server


def main():
    parser = argparse.ArgumentParser(prog="tds", description=__doc__)
    parser.add_argument("--store", required=True, help="SQLite file that keeps the tables")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--port-file", type=pathlib.Path, help="file that gets the port, once the server listens")
    parser.add_argument("--user", default="sa")
    parser.add_argument("--password", default="Test-1234")
    parser.add_argument("--database", default="casparian")
    parser.add_argument("--certificate", help="PEM file with certificate and key; without it there is no encryption")
    parser.add_argument("--fault", action="append", default=[], metavar="NAME=COUNT", help="see faults.py")
    parser.add_argument("--verbose", action="store_true", help="log statements on standard error")
    arguments = parser.parse_args()
    server = Server(
        arguments.store, arguments.user, arguments.password, arguments.database, arguments.certificate,
        arguments.verbose)
    for fault in arguments.fault:
        name, _, count = fault.partition("=")
        server.faults.set(name, int(count or 1))
    listener = server.listen(arguments.port)
    port = listener.getsockname()[1]
    if arguments.port_file:
        partial = arguments.port_file.with_name(arguments.port_file.name + ".partial")
        partial.write_text(str(port))
        os.replace(partial, arguments.port_file)
    print(port, flush=True)
    server.serve(listener)


if __name__ == "__main__":
    main()
