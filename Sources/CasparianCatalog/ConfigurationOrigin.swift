/// Who wrote a configuration value, as far as the catalog was told.
package enum ConfigurationOrigin: Hashable, Sendable {
    /// A person, through the catalog's own calls.
    case person
    /// A manifest; the text of what it declared, to compare with the row as it is now.
    case manifest(String)
}

/// Which value of a plugin's configuration an origin belongs to.
package struct DeclaredKey: Hashable, Sendable {
    package enum Kind: String, Sendable { case subscriptions, rule, topic }
    package var plugin: String
    package var kind: Kind
    /// The topic; empty for the other kinds.
    package var name: String

    package init(plugin: String, kind: Kind, name: String = "") {
        self.plugin = plugin
        self.kind = kind
        self.name = name
    }
}

/// What registration does with one configuration value.
package enum DeclarationStep: Hashable, Sendable {
    /// Nothing: it is right already, or a person's.
    case leave
    /// The row is as declared but nobody noted whose it is: note it.
    case adopt
    /// Write the declared value over what an earlier manifest declared, or where nothing is.
    case write
    /// No manifest declares it any more: delete what an earlier one wrote.
    case remove
    /// A person deleted it and no manifest declares it any more: forget the note.
    case forget

    /// Decides. What a person wrote, changed or deleted stays; what a manifest wrote follows the manifest.
    ///
    /// - Parameters:
    ///   - origin: What was noted when the value was last written, nil if nothing was.
    ///   - existing: The rows there are now, as text.
    ///   - declared: What the manifest declares now, as text.
    package init(origin: ConfigurationOrigin?, existing: [String], declared: String?) {
        switch origin {
        case .person:
            self = .leave
        case nil:
            guard let declared else {
                self = .leave
                return
            }
            self = existing.isEmpty ? .write : existing == [declared] ? .adopt : .leave
        case .manifest(let earlier):
            if existing.isEmpty {
                self = declared == nil ? .forget : declared == earlier ? .leave : .write
            } else if existing == [earlier] {
                self = declared == nil ? .remove : declared == earlier ? .leave : .write
            } else {
                self = .leave
            }
        }
    }
}
