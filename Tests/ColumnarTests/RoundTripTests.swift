import CasparianTestKit
import Columnar
import Testing

/// Every type, made by pyarrow, through our readers and writer, compared by pyarrow.
@Suite struct RoundTripTests {
    /// Makes `all.arrow`: two batches of a table with every type; `flat` leaves out lists and structs.
    static let make = """
        import sys, decimal, datetime as d, pyarrow as pa
        n = 3000
        def column(make, type): return pa.array([None if i % 11 == 5 else make(i) for i in range(n)], type)
        c = {}
        for bits in (8, 16, 32, 64):
            top = 2 ** (bits - 1)
            c[f'int{bits}'] = column(lambda i: (i * 7919) % (2 * top) - top, getattr(pa, f'int{bits}')())
            c[f'uint{bits}'] = column(lambda i: 2 * top - 1 - i % (2 * top), getattr(pa, f'uint{bits}')())
        c['half'] = column(lambda i: i % 100 / 4, pa.float16())
        c['float'] = column(lambda i: i / 4, pa.float32())
        c['double'] = column(lambda i: [float('inf'), -0.0, 1 / 3, 5e-324, 1.7976931348623157e308][i % 5], pa.float64())
        c['bool'] = column(lambda i: i % 3 == 0, pa.bool_())
        c['text'] = column(lambda i: ['', 'a\\0b', '🦜🏴', 'x' * 300, str(i)][i % 5], pa.string())
        c['large_text'] = column(lambda i: str(i % 40), pa.large_string())
        c['binary'] = column(lambda i: bytes([i % 256, 0, 255]), pa.binary())
        c['fixed'] = column(lambda i: i.to_bytes(4, 'big'), pa.binary(4))
        c['date32'] = column(lambda i: d.date(1 + i % 9999, 1, 1), pa.date32())
        c['date64'] = column(lambda i: d.date(1970 + i % 100, 2, 28), pa.date64())
        for unit in ('s', 'ms'): c['time_' + unit] = column(lambda i: d.time(i % 24, 1, 2), pa.time32(unit))
        for unit in ('us', 'ns'): c['time_' + unit] = column(lambda i: d.time(i % 24, 1, 2, 345), pa.time64(unit))
        for unit in ('s', 'ms', 'us', 'ns'):
            for zone in (None, 'UTC', 'Europe/Berlin'):
                c[f'timestamp_{unit}_{zone}'] = column(lambda i: i * 86413 - 10 ** 6, pa.timestamp(unit, zone))
        c['duration'] = column(lambda i: i, pa.duration('us'))
        c['decimal128'] = column(lambda i: decimal.Decimal(i) / 100 - 7, pa.decimal128(38, 2))
        c['decimal256'] = column(lambda i: decimal.Decimal(i), pa.decimal256(70, 3))
        c['dictionary'] = column(lambda i: f'v{i % 7}', pa.string()).dictionary_encode()
        c['nothing'] = pa.nulls(n)
        c['sequence'] = pa.array(range(n), pa.int64())
        if sys.argv[2] == 'all':
            c['list'] = column(lambda i: [None if j == 1 else j for j in range(i % 4)], pa.list_(pa.int32()))
            c['struct'] = column(lambda i: {'a': i, 'b': [{'c': str(i)}]},
                pa.struct([('a', pa.int64()), ('b', pa.list_(pa.struct([('c', pa.string())])))]))
            c['map'] = column(lambda i: [(str(i), i)], pa.map_(pa.string(), pa.int64()))
        table = pa.table(c)
        with pa.ipc.new_stream(sys.argv[1], table.schema) as w: w.write_table(table, max_chunksize=1700)
        """

    /// Prints the columns whose type changed, apart from the unit of timestamps; their values must be equal all the same.
    static let compare = """
        import sys, pyarrow as pa, pyarrow.parquet as pq
        a = pa.ipc.open_stream(sys.argv[1]).read_all()
        b = pq.read_table(sys.argv[2])
        assert b.column_names == a.column_names + ['_job_id', '_file_version_id'], b.column_names
        for name in a.column_names:
            x, y = a[name].combine_chunks(), b[name].combine_chunks()
            if x.type != y.type and not pa.types.is_timestamp(x.type): print(name, x.type, y.type)
            assert x.cast(y.type).equals(y), name
        for name, value in (('_job_id', 41), ('_file_version_id', 42)):
            assert b.schema.field(name).type == pa.int64() and set(b[name].to_pylist()) == {value}
        """

    @Test(arguments: ["all", "flat"], [true, false])
    func `Every type comes back from IPC through Parquet as it was`(_ kind: String, _ choosesEncodings: Bool) throws {
        let folder = try TemporaryFolder()
        try Python.run(Self.make, folder.file("all.arrow"), kind)
        let source = try BatchReader.ipc(path: folder.file("all.arrow"))
        var options = ParquetOptions()
        options.choosesEncodings = choosesEncodings
        options.rowGroupRowsMax = 2000
        var writer: ParquetWriter?
        while let batch = try source.next()?.appendingLineage(jobID: 41, fileVersionID: 42) {
            let target =
                try writer
                ?? ParquetWriter(path: folder.file("all.parquet"), schema: batch.schema, options: options)
            writer = target
            try target.write(batch)
        }
        #expect(try #require(writer).finish().rows == 3000)
        let changed = try Python.run(Self.compare, folder.file("all.arrow"), folder.file("all.parquet"))
        // Parquet counts dates in days and times from milliseconds on.
        #expect(changed == "date64 date64[ms] date32[day]\ntime_s time32[s] time32[ms]")
        let back = try BatchReader.parquet(path: folder.file("all.parquet"))
        var rows = 0
        while let batch = try back.next() { rows += batch.rowCount }
        #expect(rows == 3000)
    }

    /// A CSV with columns that each take another encoding.
    @Test(arguments: ["snappy", "zstd", "gzip", "lz4", "brotli", "none"])
    func `pyarrow, DuckDB and polars read the same cells`(_ compression: String) throws {
        let folder = try TemporaryFolder()
        let lines = (0..<30_000).map { row in
            "\(row),\(row * 7919 % 30_011),\(row % 50),\(row).5,\(row % 7).25,2024-01-\(row % 20 + 10) 01:02:03,"
                + "2024-02-\(row % 20 + 10),text \(row * 31 % 30_011),c\(row % 9),\(row % 3 == 0 ? "" : "\(row)")\n"
        }
        let path = try folder.write("id,mixed,few,real,price,at,day,unique,class,holes\n" + lines.joined())
        var options = ParquetOptions()
        options.compression = compression
        options.rowGroupRowsMax = 12_000
        let source = try BatchReader.csv(path: path)
        let writer = try ParquetWriter(path: folder.file("out.parquet"), schema: source.schema, options: options)
        while let batch = try source.next() { try writer.write(batch) }
        let written = try writer.finish()
        #expect(written.rows == 30_000)
        let script = """
            import sys, os, pyarrow as pa, pyarrow.csv as pc, pyarrow.parquet as pq, duckdb, polars
            path = sys.argv[2]
            a = pc.read_csv(sys.argv[1])
            b = pq.read_table(path)
            assert b.schema.field('at').type == pa.timestamp('us'), b.schema
            b = b.cast(a.schema)
            assert a.equals(b)
            assert duckdb.sql(f"select * from '{path}'").to_arrow_table().cast(a.schema).equals(a)
            p = polars.read_parquet(path).to_arrow()
            assert p.cast(a.schema).equals(a)
            meta = pq.ParquetFile(path).metadata
            print(meta.num_rows, meta.num_row_groups, os.path.getsize(path), meta.row_group(0).column(0).statistics.max)
            """
        let told = try Python.run(script, path, folder.file("out.parquet"))
        #expect(told == "30000 3 \(written.sizeBytes) 11999")
    }
}
