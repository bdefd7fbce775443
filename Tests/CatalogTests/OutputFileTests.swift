import CasparianCatalog
import CasparianModel
import Testing

@Suite struct OutputFileTests {
    @Test func `One file below an active root is an output file, a table of many files is not`() {
        let roots = [SourceRoot(id: 1, path: "/data", isActive: true)]
        #expect(OutputFile(uri: "parquet:///data/out/t_7.parquet", roots: roots)?.relativePath == "out/t_7.parquet")
        for uri in [
            "parquet:///data/out/t/*/data_7.parquet", "parquet:///data/*/*/t_7.parquet", "parquet:///else/t_7.parquet",
        ] {
            #expect(OutputFile(uri: uri, roots: roots) == nil)
        }
    }
}
