import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardTimeline
import Testing

/// What a recorder notes of a server that runs in the test's own thread, turn by turn.
@Suite struct RecorderTests {
  /// Serves one peer its greeting and a frame with one byte, and answers what was recorded.
  private func record(capacity: Int) throws -> Recording {
    let system = Linux()
    let listener = try Listener(on: .loopback(port: 0), system: system)
    let port = listener.address.port
    var reactor = try Reactor(
      poller: Epoll(system: system),
      handler: Recorder(FramesServer<Linux>(), capacity: capacity, system: system), system: system)
    try reactor.listen(listener)
    let peer = try PlainSocket.connected(to: port)
    try reactor.turn(until: system.now() + .seconds(60))
    try reactor.turn(until: system.now() + .seconds(60))
    #expect(try peer.read(1) == "*")
    try peer.write("^a")
    try reactor.turn(until: system.now() + .seconds(60))
    try reactor.turn(until: system.now() + .seconds(60))
    #expect(try peer.read(1) == "b")
    peer.end()
    try reactor.turn(until: system.now() + .seconds(60))
    return reactor.finish().finish()
  }

  @Test func `Every callback is noted, one after the other`() throws {
    let recording = try record(capacity: 100)
    let callbacks = recording.callbacks
    #expect(callbacks.map(\.kind) == [.connected, .send, .receive, .send, .receive, .closed])
    #expect(Set(callbacks.map(\.peer)).count == 1)
    for (earlier, later) in zip(callbacks, callbacks.dropFirst()) {
      #expect(earlier.start <= earlier.end && earlier.end <= later.start)
    }
    #expect(recording.missed == 0)
    #expect(try #require(recording.processorTime) > .zero)
  }

  @Test func `What does not fit is counted and not noted`() throws {
    let recording = try record(capacity: 4)
    #expect(recording.callbacks.map(\.kind) == [.connected, .send, .receive, .send])
    #expect(recording.missed == 2)
  }

  @Test func `Figures are short, and round where people do`() {
    let brief = [0, 8_300, 9_960, 210_000, 999_600, 7_890_000, 12_400_000, 2_204_000_000]
      .map { Figures.brief(.nanoseconds(Int64($0))) }
    #expect(
      brief == ["0 µs", "8.3 µs", "10 µs", "210 µs", "1.00 ms", "7.89 ms", "12 ms", "2.204 s"])
    let grouped = [0, 999, 1000, -1_234_567].map(Figures.grouped)
    #expect(grouped == ["0", "999", "1,000", "-1,234,567"])
    #expect(Figures.fixed(-0.04, places: 1) == "0.0")
  }
}
