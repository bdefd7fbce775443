import CasparianCLI

@main
enum Casparian {
    static func main() async { await CasparianCommand.launch() }
}
