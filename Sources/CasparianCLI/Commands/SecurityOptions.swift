import ArgumentParser

/// Flags of the commands that open a socket.
struct SecurityOptions: ParsableArguments {
    @Option(help: "Folder with this process's keys (`casparian keys`): encryption, and only known peers.")
    var keys: String?

    @Flag(help: "Speak plain text with other machines: whoever reaches the sentinel can take jobs and conclude them.")
    var insecure = false
}
