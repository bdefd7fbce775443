import ArgumentParser
import Foundation
import ZeroMQTransport

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Keys for the socket between sentinel and workers.",
        discussion: """
            With keys the connection is encrypted, and the sentinel lets in only workers whose public keys it has.
            Changes of the allowed keys count at once; a sentinel need not be restarted.

            Examples:
              casparian keys generate sentinel          on the sentinel's machine
              casparian keys generate worker            on the worker's machine
              casparian keys allow worker.public --name rack7
              casparian keys list
              casparian keys revoke rack7
            """,
        subcommands: [List.self, Generate.self, Show.self, Allow.self, Revoke.self], defaultSubcommand: List.self)

    struct Generate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key pair: NAME.secret and NAME.public.",
            discussion: """
                The sentinel looks for the name `sentinel`, a worker for `worker`. Nothing is overwritten.

                Example:
                  casparian keys generate worker --keys /etc/casparian/keys
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var place: KeyFolderOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "Name of the two files.") var name: String

        func run() async throws {
            let folder = try await place.settings(project).keyFolder
            let key = try KeyFile.generate(name, in: folder)
            let paths = [KeyFile.secretSuffix, KeyFile.publicSuffix].map { "\(folder)/\(name)\($0)" }
            if listing.json {
                Terminal.line(
                    JSONLine.encode([
                        ("name", .text(name)), ("public_key", .text(key.text)), ("secret_file", .text(paths[0])),
                        ("public_file", .text(paths[1])),
                    ]))
            } else {
                Terminal.line("Wrote \(paths[0]), which stays on this machine, and \(paths[1]):\n\(key)")
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the public key that belongs to a secret one.",
            discussion:
                "Examples:\n  casparian keys show worker\n  casparian keys show /etc/casparian/keys/worker.secret")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var place: KeyFolderOptions
        @OptionGroup var listing: ListingOptions
        @Argument(help: "A secret key's file, or its name in the folder of keys.") var file: String

        func run() async throws {
            let folder = try await place.settings(project).keyFolder
            let isPath = file.contains("/") || FileManager.default.fileExists(atPath: file)
            let path = isPath ? Paths.absolute(file) : "\(folder)/\(file)\(KeyFile.secretSuffix)"
            let key =
                try path.hasSuffix(KeyFile.publicSuffix) ? KeyFile.publicKey(path) : KeyFile.secret(path).publicKey
            Terminal.line(listing.json ? JSONLine.encode([("public_key", .text(key.text))]) : key.text)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the workers whose keys are allowed.", discussion: "Example:\n  casparian keys list")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var place: KeyFolderOptions
        @OptionGroup var listing: ListingOptions

        func run() async throws {
            Listing<AllowedKeys.Entry>(
                columns: [
                    Column("name") { .text($0.name) }, Column("public_key", "PUBLIC KEY") { .text($0.key.text) },
                ], whenEmpty: "No worker's key is allowed. Allow one: casparian keys allow FILE"
            ).print(try await place.settings(project).allowed.entries(), json: listing.json)
        }
    }

    struct Allow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a worker in.",
            discussion: "Examples:\n  casparian keys allow rack7.public\n  casparian keys allow 'KEY' --name rack7")
        @OptionGroup var project: ProjectOptions
        @OptionGroup var place: KeyFolderOptions
        @Argument(help: "The worker's public key: a file, or the 40 characters (behind -- if they begin with a dash).")
        var key: String
        @Option(help: "A name for it. Default: that of the file.") var name: String?

        func run() async throws {
            let allowed = try await place.settings(project).allowed
            let isFile = FileManager.default.fileExists(atPath: Paths.absolute(key))
            guard let key = try isFile ? KeyFile.publicKey(Paths.absolute(self.key)) : CurvePublicKey(self.key) else {
                throw ExitStatus.misuse("'\(self.key)' is neither a file nor a public key, which has 40 characters")
            }
            let fileName = ((self.key as NSString).lastPathComponent as NSString).deletingPathExtension
            guard let name = name ?? (isFile ? fileName : nil) else {
                throw ExitStatus.misuse("the key needs a name: casparian keys allow '\(key)' --name NAME")
            }
            try KeyFile.check(name: name)
            let entries = try allowed.entries()
            if let known = entries.first(where: { $0.key == key }) {
                Terminal.line("\(key) is allowed already, as \(known.name)")
                return
            }
            guard !entries.contains(where: { $0.name == name }) else {
                throw ExitStatus.misuse(
                    "'\(name)' is another worker's key; take another --name, or: casparian keys revoke \(name)")
            }
            try KeyFile.makeFolder(allowed.folder)
            try KeyFile.write(key.text, to: allowed.path(name), mode: 0o644)
            Terminal.line("Allowed \(name): \(key)")
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a worker in no longer.",
            discussion: """
                It is not heard from now on either; its jobs go back to the queue.

                Example:
                  casparian keys revoke rack7
                """)
        @OptionGroup var project: ProjectOptions
        @OptionGroup var place: KeyFolderOptions
        @Argument(help: "The name, or the public key.") var name: String

        func run() async throws {
            let allowed = try await place.settings(project).allowed
            let entry = try allowed.entries().first { $0.name == name || $0.key.text == name }
            guard let entry else {
                throw ExitStatus.misuse("no key '\(name)' is allowed; `casparian keys list` shows those that are")
            }
            guard unlink(allowed.path(entry.name)) == 0 else {
                throw ExitStatus.unreachable(
                    "\(allowed.path(entry.name)): cannot be removed: \(String(cString: strerror(errno)))")
            }
            Terminal.line("Revoked \(entry.name): \(entry.key)")
        }
    }
}

/// Where `casparian keys` works.
struct KeyFolderOptions: ParsableArguments {
    @Option(help: "Folder of keys. Default: `keys` beside casparian.yaml.") var keys: String?

    func settings(_ project: ProjectOptions) async throws -> KeySettings {
        try await ProjectSettings.resolve(project, overrides: SettingsOverrides(keys: keys)).keys
    }
}
