"""A small TDS 7.4 server for tests: what of SQL Server the sink needs, and failures on request.

Written from the protocol's published description (MS-TDS). Rows are kept, exactly, in a SQLite file.
"""
