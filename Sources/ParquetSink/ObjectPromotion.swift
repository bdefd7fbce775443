import CasparianModel
import CasparianSinks
import Columnar
import Foundation
import StagingFiles

/// The way of a staged file into an object store.
///
/// `prepare` sends the file as a multipart upload, `run` completes it, and that is when the object appears. A process
/// that dies in between leaves the staged file, from which it is sent again, and parts that nobody sees.
final class ObjectPromotion: FilePromotion {
    private let request: SinkRequest
    private let place: ObjectPlace
    private let store: ObjectStore
    private var upload: ObjectStore.Upload?

    init(request: SinkRequest, place: ObjectPlace, store: ObjectStore) {
        self.request = request
        self.place = place
        self.store = store
    }

    func isDone() throws -> Bool {
        guard let footer = try existing() else { return false }
        return (try? request.checkOwn(footer.origin, at: place.uri)) != nil
    }

    func prepare(_ staged: StagedFile?) throws {
        let footer = try existing()
        if let footer { try request.checkOwn(footer.origin, at: place.uri) }
        _ = try replaced()
        if let staged, footer == nil { try send(staged) }
    }

    func run(_ staged: StagedFile?) throws -> Artifact? {
        let replaced = try replaced()
        let artifact: Artifact?
        if let footer = try existing() {
            try request.checkOwn(footer.origin, at: place.uri)
            upload = nil
            artifact = self.artifact(rows: footer.rows, sizeBytes: try at(place.key) { try store.size(of: $0) })
        } else if let staged {
            if upload == nil { try send(staged) }
            try at(place.key) { _ in try upload?.complete() }
            upload = nil
            ObjectStep.completed.reached()
            artifact = self.artifact(rows: staged.rows, sizeBytes: staged.sizeBytes)
        } else {
            artifact = nil
        }
        for key in replaced { try at(key) { try store.remove($0) } }
        ObjectStep.replaced.reached()
        staged?.file.remove()
        ObjectStep.ended.reached()
        return artifact
    }

    func discard() { upload = nil }

    private func send(_ staged: StagedFile) throws {
        upload = try at(place.key) { try store.upload(staged.file.path, to: $0) }
        ObjectStep.uploaded.reached()
    }

    /// The footer of the job's object; nil if there is none.
    private func existing() throws -> ParquetFooter? {
        let size = try at(place.key) { try store.size(of: $0) }
        guard size != nil else { return nil }
        guard let footer = try footer(of: place.key) else {
            throw SinkError(
                code: .rejected, target: place.uri,
                message: "is there already and no Parquet file; move it away, or name another place")
        }
        return footer
    }

    /// Keys of the objects whose rows the mode takes away.
    private func replaced() throws -> [String] {
        guard request.mode != .append else { return [] }
        let names = try at(place.folder) { try store.names(in: $0) }
        var present: [(key: String, origin: RowOrigin)] = []
        for name in names.filter(place.names.isPromoted) {
            let key = place.folder + "/" + name
            // What does not say whose it is, is left alone.
            if let origin = try footer(of: key)?.origin { present.append((key, origin)) }
        }
        let origins = Set(try request.replaced(among: present.map(\.origin)))
        return present.filter { origins.contains($0.origin) }.map(\.key)
    }

    /// Nil for what is no Parquet file.
    private func footer(of key: String) throws -> ParquetFooter? {
        do {
            return try store.footer(of: key)
        } catch {
            if error.code == .malformed { return nil }
            throw place.error(error)
        }
    }

    private func at<Result>(_ key: String, _ body: (String) throws -> Result) throws -> Result {
        do {
            return try body(key)
        } catch let error as ColumnarError {
            throw place.error(error)
        }
    }

    private func artifact(rows: Int64, sizeBytes: Int64?) -> Artifact {
        Artifact(topic: request.topic, uri: place.uri, rows: rows, sizeBytes: sizeBytes)
    }
}
