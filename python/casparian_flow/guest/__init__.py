"""The process in which Python plugins run (docs/guest-protocol.md). Internal: plugins import `casparian_flow.sdk`."""
