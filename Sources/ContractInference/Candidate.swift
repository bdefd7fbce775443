import CasparianModel

/// A type that a column of texts may have, and how its values are written then.
public struct Candidate: Hashable, Sendable {
    public var type: ContractType
    /// With the directives of `ContractFormat`; nil: ISO 8601, or nothing to say.
    public var format: String?

    init(_ type: ContractType, _ format: String? = nil) {
        self.type = type
        self.format = format
    }

    /// The type's name, with the format if there is one.
    public var name: String { format.map { "\(type.name) \($0)" } ?? type.name }

    /// What is tried, in the order of preference: of those that hold for every value, the first is proposed.
    static let all: [Candidate] =
        [integer, float, Candidate(.bool), Candidate(.date)] + dayFormats.map { Candidate(.date, $0) }
        + [Candidate(.timestamp(.microseconds, zone: nil)), Candidate(.timestamp(.microseconds, zone: "UTC"))]
        + dayFormats.flatMap { day in clockFormats.map { Candidate(.timestamp(.microseconds, zone: nil), day + $0) } }
        + [Candidate(.time(.microseconds))]

    static let integer = Candidate(.integer(bits: 64, isSigned: true))
    static let float = Candidate(.float(bits: 64))

    /// Days as people write them. Day first and month first stand beside each other: where nothing proves one, neither is
    /// proposed.
    private static let dayFormats: [String] =
        ["/", "-", "."].flatMap { sign in
            ["%d\(sign)%m\(sign)%Y", "%m\(sign)%d\(sign)%Y", "%d\(sign)%m\(sign)%y", "%m\(sign)%d\(sign)%y"]
        } + ["%Y/%m/%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%b %d, %Y", "%Y%m%d"]
    private static let clockFormats = [" %H:%M", " %H:%M:%S", "T%H:%M:%S"]

    /// The same with day and month changed places; nil where there is nothing to mistake.
    var mirrored: Candidate? {
        guard let format, format.contains("%d"), format.contains("%m"), !format.hasPrefix("%Y") else { return nil }
        let swapped = format.replacing("%d", with: "%?").replacing("%m", with: "%d").replacing("%?", with: "%m")
        return Candidate(type, swapped)
    }

    /// A whole number, a decimal or a float: what loses zeros before it and a sign.
    var isNumber: Bool { self == Self.integer || self == Self.float }
}
