import CasparianModel
import Testing

@testable import CasparianWire

@Suite struct ExtensionTests {
    private func expectRoundTrip(_ message: WireMessage, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try WireMessage.decode(message.encode()) == message, sourceLocation: sourceLocation)
    }

    @Test func `Causes, signals, sequences and lists of jobs survive a round trip`() throws {
        for cause in FailureCause.allCases {
            let receipt = JobReceipt(
                status: .failed, metrics: [JobReceipt.peakBytesMetric: 7], errorMessage: "no", cause: cause,
                exitSignal: 9, pluginHash: "ab")
            try expectRoundTrip(WireMessage(jobID: 1, .conclude(receipt)))
        }
        var heartbeat = HeartbeatPayload(status: .busy, currentJobID: 1)
        heartbeat.sequence = 1 << 40
        try expectRoundTrip(WireMessage(.heartbeat(heartbeat)))
        try expectRoundTrip(
            WireMessage(.error(ErrorPayload(message: "", code: ErrorPayload.leaseCode, sequence: 3))))
        try expectRoundTrip(
            WireMessage(.error(ErrorPayload(message: "", code: ErrorPayload.recordedCode, jobs: [1, .max]))))
    }

    @Test func `What a plugin may take, and what is the matter with it, survive a round trip`() throws {
        var order = DispatchPayload(pluginName: "p", filePath: "/f", sinks: [], fileVersionID: 1)
        order.resources = ResourceLimits(
            memoryMebibytes: 1, cpuSeconds: 2, processes: 3, openFiles: 4, allowsNetwork: true)
        try expectRoundTrip(WireMessage(jobID: 1, .dispatch(order)))
        var identity = IdentifyPayload(capabilities: [], workerID: "w")
        identity.plugins = [PluginNotice.Kind.building, .rejected].map { kind in
            PluginDescription(name: "p", contentHash: "a", notice: PluginNotice(kind, contentHash: "b", text: "\n"))
        }
        try expectRoundTrip(WireMessage(.identify(identity)))
    }

    @Test func `A notice of a kind that is not known is none`() throws {
        let payload = #"{"capabilities":[],"plugins":[{"name":"p","notice":{"kind":"news","x":1}}]}"#
        guard case .identify(let identity) = try WireMessage.decodeBody(.identify, Array(payload.utf8)) else {
            Issue.record("no IDENTIFY")
            return
        }
        #expect(identity.plugins == [PluginDescription(name: "p")])
    }

    @Test(arguments: ["", #","cause":null"#, #","cause":"weather","exit_signal":null"#])
    func `A cause that is missing or not known is none`(_ field: String) throws {
        let payload = Array(#"{"status":"FAILED"\#(field)}"#.utf8)
        #expect(try WireMessage.decodeBody(.conclude, payload) == .conclude(JobReceipt(status: .failed)))
    }

    @Test(arguments: [
        (WireOperation.conclude, #"{"status":"FAILED","cause":1}"#),
        (.conclude, #"{"status":"FAILED","exit_signal":-1}"#), (.heartbeat, #"{"status":"IDLE","sequence":"1"}"#),
        (.error, #"{"message":"","sequence":1.5}"#), (.error, #"{"message":"","jobs":[true]}"#),
        (.error, #"{"message":"","jobs":7}"#),
        (.dispatch, #"{"plugin_name":"p","file_path":"/","sinks":[],"file_version_id":1,"network":1}"#),
        (.identify, #"{"capabilities":[],"plugins":[{"name":"p","notice":{"kind":"building","text":"x"}}]}"#),
    ])
    func `A field of another type is refused`(_ operation: WireOperation, _ text: String) {
        #expect(throws: WireError.self) { _ = try WireMessage.decodeBody(operation, Array(text.utf8)) }
    }

    @Test func `Only what may pass by itself is worth another attempt`() {
        #expect(FailureCause.allCases.filter(\.isTransient) == [.guest, .unreachable, .busy, .full])
    }
}
