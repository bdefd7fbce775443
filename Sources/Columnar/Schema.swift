import CArrow

/// One column of a schema.
public struct Field: Hashable, Sendable {
    public let name: String
    /// Arrow's name of the type, such as `int64` or `timestamp[us, tz=UTC]`.
    public let type: String
    public let isNullable: Bool

    public init(name: String, type: String, isNullable: Bool = true) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }
}

/// The columns of batches; immutable.
public final class Schema: @unchecked Sendable, Equatable {
    // Sendable: the handle is constant and what it points to is never changed after it was made.
    let handle: OpaquePointer

    /// Takes over the handle.
    init(owning handle: OpaquePointer) { self.handle = handle }

    deinit { ca_schema_release(handle) }

    public var fields: [Field] {
        (0..<ca_schema_field_count(handle)).map { index in
            Field(
                name: String(cString: ca_schema_field_name(handle, index)),
                type: String(cString: ca_schema_field_type(handle, index)),
                isNullable: ca_schema_field_nullable(handle, index))
        }
    }

    public static func == (left: Schema, right: Schema) -> Bool {
        left === right || ca_schema_equals(left.handle, right.handle)
    }

    /// The narrowest schema that batches of both can be cast to without loss, matched by name.
    ///
    /// A column that only one of them has becomes nullable.
    /// - Throws: `.typeConflict` that names the column and both types.
    public func unified(with other: Schema) throws(ColumnarError) -> Schema {
        Schema(owning: try checked("") { ca_schema_unify(handle, other.handle, $0) })
    }
}
