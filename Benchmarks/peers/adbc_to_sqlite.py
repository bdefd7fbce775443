"""adbc_to_sqlite.py FILE DATABASE: pyarrow's streaming CSV reader into ADBC's SQLite driver."""
import sys

import adbc_driver_sqlite.dbapi
import pyarrow
import pyarrow.csv

reader = pyarrow.csv.open_csv(sys.argv[1])
# The driver takes no dates: as texts, which is what SQLite keeps.
schema = pyarrow.schema([
    (field.name, pyarrow.string() if pyarrow.types.is_temporal(field.type) else field.type) for field in reader.schema])
batches = (batch.cast(schema) for batch in reader)
with adbc_driver_sqlite.dbapi.connect(sys.argv[2]) as connection, connection.cursor() as cursor:
    cursor.adbc_ingest("orders", pyarrow.RecordBatchReader.from_batches(schema, batches), mode="create")
    connection.commit()
