import CasparianTestKit
import Columnar
import Testing

/// How columns are laid out, as other readers tell it.
@Suite struct ParquetEncodingTests {
    private static let make = """
        import sys, random, decimal, pyarrow as pa
        random.seed(7)
        n = 20_000
        random_ints = lambda top: [random.randrange(top) for _ in range(n)]
        c = {
            'words': pa.array(['new', 'paid', 'sent'][i % 3] for i in random_ints(9)),
            'counter': pa.array(range(n), pa.int64()),
            'small': pa.array(random_ints(5), pa.int8()),
            'wide': pa.array(random_ints(1 << 20), pa.uint32()),
            'moment': pa.array((i * 1_000_000 for i in random_ints(10**9)), pa.timestamp('us', 'UTC')),
            'price': pa.array((decimal.Decimal(i).scaleb(-2) for i in range(n)), pa.decimal128(18, 2)),
            'huge': pa.array((decimal.Decimal(i).scaleb(-9) for i in random_ints(10**30)), pa.decimal128(38, 9)),
            'share': pa.array((round(random.gauss(12, 3), 6) for _ in range(n)), pa.float64()),
            'rate': pa.array((i / 4 for i in random_ints(20)), pa.float32()),
            'path': pa.array(f'/data/2024/reports/{i:07}.csv' for i in range(n)),
            'noise': pa.array(f'{i:x}' for i in random_ints(1 << 60)),
            'holes': pa.array((i if i % 3 else None for i in range(n)), pa.int64()),
            'nothing': pa.nulls(n, pa.int64()),
            'nested': pa.array(({'b': i, 'words': ['x', 'y']} for i in range(n)),
                pa.struct([('b', pa.int64()), ('words', pa.list_(pa.string()))])),
            'nested.b': pa.array(f'{i:x}' for i in random_ints(1 << 60)),
        }
        if sys.argv[2] == 'flat': c = {k: v for k, v in c.items() if not k.startswith('nested')}
        table = pa.table(c)
        with pa.ipc.new_stream(sys.argv[1], table.schema) as w: w.write_table(table, max_chunksize=9000)
        """

    /// Copies an IPC file into a Parquet file.
    private func write(_ from: String, _ to: String, _ options: ParquetOptions) throws {
        let source = try BatchReader.ipc(path: from)
        let writer = try ParquetWriter(path: to, schema: source.schema, options: options)
        while let batch = try source.next() { try writer.write(batch) }
        _ = try writer.finish()
    }

    @Test(arguments: ["flat", "nested"], ["zstd", "snappy"])
    func `Each column gets the encoding that makes it small, and every reader reads it`(
        _ kind: String, _ compression: String
    ) throws {
        let folder = try TemporaryFolder()
        try Python.run(Self.make, folder.file("in.arrow"), kind)
        var options = ParquetOptions()
        options.compression = compression
        try write(folder.file("in.arrow"), folder.file("chosen.parquet"), options)
        options.choosesEncodings = false
        try write(folder.file("in.arrow"), folder.file("plain.parquet"), options)
        let script = """
            import sys, os, pyarrow as pa, pyarrow.parquet as pq, duckdb, polars
            a = pa.ipc.open_stream(sys.argv[1]).read_all()
            assert pq.read_table(sys.argv[2]).equals(a)
            same = lambda b: all(b[n].cast(a[n].type).equals(a[n]) for n in a.column_names if n != 'nested')
            assert same(duckdb.sql(f"set timezone = 'UTC'; select * from '{sys.argv[2]}'").to_arrow_table())
            assert same(polars.read_parquet(sys.argv[2]).to_arrow())
            assert os.path.getsize(sys.argv[2]) < 0.8 * os.path.getsize(sys.argv[3])
            group = pq.ParquetFile(sys.argv[2]).metadata.row_group(0)
            for i in range(group.num_columns):
                c = group.column(i)
                kinds = [e for e in c.encodings if e not in ('RLE', 'PLAIN', 'BIT_PACKED')]
                assert c.has_column_index and c.has_offset_index
                print(c.path_in_schema, *(kinds or ['PLAIN']))
            """
        let lines = try Python.run(
            script, folder.file("in.arrow"), folder.file("chosen.parquet"), folder.file("plain.parquet"))
        let flat = """
            words RLE_DICTIONARY
            counter DELTA_BINARY_PACKED
            small RLE_DICTIONARY
            wide DELTA_BINARY_PACKED
            moment DELTA_BINARY_PACKED
            price DELTA_BINARY_PACKED
            huge PLAIN
            share BYTE_STREAM_SPLIT
            rate RLE_DICTIONARY
            path DELTA_BYTE_ARRAY
            noise DELTA_LENGTH_BYTE_ARRAY
            holes DELTA_BINARY_PACKED
            nothing RLE_DICTIONARY
            """
        // Of two paths that read alike neither is chosen for: the property would be both columns'.
        let nested = "\nnested.b RLE_DICTIONARY\nnested.words.list.element RLE_DICTIONARY\nnested.b RLE_DICTIONARY"
        #expect(lines == (kind == "flat" ? flat : flat + nested))
    }

    @Test func `A bloom filter knows what a row group does not hold`() throws {
        let folder = try TemporaryFolder()
        var options = ParquetOptions()
        options.bloomColumns = ["n", "text"]
        let batch = try RecordBatch(columns: [
            ("n", .int64((0..<5000).map { $0 * 2 })), ("text", .string((0..<5000).map { "row \($0 * 2)" })),
            ("other", .int64((0..<5000).map { $0 })),
        ])
        let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema, options: options)
        try writer.write(batch)
        _ = try writer.finish()
        let script = """
            import sys, duckdb, pyarrow.parquet as pq
            def excluded(column, value):
                rows = duckdb.execute(
                    "select bloom_filter_excludes from parquet_bloom_probe(?, ?, ?)", [sys.argv[1], column, value])
                return [r[0] for r in rows.fetchall()]
            assert pq.read_table(sys.argv[1]).num_rows == 5000
            print(excluded('n', 4000), excluded('text', 'row 4000'), excluded('other', 99999))
            absent = range(1, 9999, 20)
            print(*(sum(excluded(c, v)[0] for v in values) > 450
                for c, values in (('n', absent), ('text', [f'row {i}' for i in absent]))))
            """
        #expect(try Python.run(script, folder.file("x.parquet")) == "[False] [False] [False]\nTrue True")
    }

    @Test func `A bloom filter for a column that is not there, or that has two values, is an error that says so`()
        throws
    {
        let folder = try TemporaryFolder()
        let batch = try RecordBatch(columns: [("n", .int64([1])), ("flag", .bool([true]))])
        for (column, word) in [("m", "'n', 'flag'"), ("flag", "bool")] {
            var options = ParquetOptions()
            options.bloomColumns = [column]
            let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema, options: options)
            let error = columnarError { try writer.write(batch) }
            #expect(error?.code == .invalid && error?.message.contains("'\(column)'") == true)
            #expect(error?.message.contains(word) == true, "\(error?.message ?? "")")
        }
    }

    @Test(arguments: ["zstd", "gzip", "brotli"])
    func `A higher level makes a smaller file, one that the codec does not know is an error`(_ codec: String) throws {
        let folder = try TemporaryFolder()
        let text = (0..<40_000).map { "line \($0 * 7919 % 30_011) of \($0 * $0 % 10_007)" }
        let batch = try RecordBatch(columns: [("text", .string(text))])
        let levels = try #require(ParquetOptions.levels(of: codec))
        let sizes = try [levels.lowerBound, levels.upperBound].map { level in
            var options = ParquetOptions()
            options.compression = codec
            options.compressionLevel = level
            let writer = try ParquetWriter(path: folder.file("x.parquet"), schema: batch.schema, options: options)
            try writer.write(batch)
            return try writer.finish().sizeBytes
        }
        #expect(sizes[1] < sizes[0])
        #expect(ParquetOptions.levels(of: "snappy") == nil && ParquetOptions.levels(of: "none") == nil)
    }
}
