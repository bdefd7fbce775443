// The command line starts here.
@main
struct Casparian {
    static func main() {}
}
