import Testing

/// One at a time: a test here blocks its thread while a process or a reader works, and the tests of other parts need the
/// few threads that there are.
@Suite(.serialized) enum GuestTests {}
