import Switchboard
import SwitchboardLab
import Testing

/// Worlds made for what the wide ones come to seldom.
@Suite struct SeldomTests {
  /// Puts its timer off as soon as bytes come, and answers when that goes off.
  private struct PutOff: Session {
    private var end: Instant?
    private var isAsked = false

    mutating func opened(_ connection: inout Connection) {
      end = connection.now + .milliseconds(5)
      connection.setTimer(after: .milliseconds(4))
    }
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      isAsked = true
      guard let end else { return }
      connection.setTimer(after: end.since(connection.now))
    }
    mutating func elapsed(_ connection: inout Connection) {
      if isAsked { connection.write("t") }
    }
  }

  /// The wheel is asked for the earlier time, and the loop awake a moment before the later one.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `a timer that is put off goes off no moment early`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<40 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.serve { PutOff() }
        world.replies { $0.isEmpty ? [] : Array("t".utf8) }
        world.clients(6) { client in
          client.comeNear()
          client.send("?")
          client.awaitReplies()
        }
      }
    }
  }

  /// Whoever wrote last may have written a few bytes; the room is taken by somebody else. On a ring
  /// what its kernel has under way counts, too.
  @Test(arguments: [SimulatedWorld.Backend.select, .poll, .epoll])
  func `who reads nothing is closed when there is no room for others' output`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<12 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.options.highWatermark = 4 << 20
        world.options.totalOutboxLimit = 1_200_000
        SimulatedWorkload.probe.serve(in: world)
        world.client(1) { client in
          client.connect(after: .zero)
          client.pauseReading(.seconds(3))
          client.send([UInt8(ascii: "b"), 0xFF, 0xFF])
          client.awaitReplies()
        }
        for number in 2...24 {
          world.client(number) { client in
            client.connect(after: .milliseconds(20 + client.random.below(20)))
            client.pauseReading(.milliseconds(100))
            client.send([UInt8(ascii: "b"), 0x40, 0])
            client.awaitReplies()
          }
        }
      }
    }
  }

  /// Stops reading now and then, and goes on in the same turn.
  private struct Hesitant: Session {
    enum Message: Sendable { case goOn }
    private var calls = 0

    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      calls += 1
      guard calls % 3 == 1 else { return }
      connection.pauseReading()
      connection.handle(for: Self.self).post(.goOn)
    }
    mutating func posted(_ message: Message, _ connection: inout Connection) {
      connection.resumeReading()
    }
  }

  /// It stood in the list of those to be received from, and had another place in it when it went on.
  @Test func `a peer that stops and goes on in one turn has one place in the list`() throws {
    for seed in 0..<20 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = .epoll
        world.costs.kibibyte = .microseconds(2)
        world.serve { Hesitant() }
        world.replies { _ in [] }
        world.clients(2) { client in
          client.comeNear()
          client.send([UInt8](repeating: 7, count: 2 << 20))
        }
      }
    }
  }

  /// An attempt has its place before it is made, and comes to nothing.
  @Test func `an attempt to accept that fails gives its place back`() throws {
    for seed in 0..<12 as Range<UInt64> {
      try simulate(seed: seed, faults: .none.with(.acceptAborted, at: 0.5)) { world in
        world.backend = .ioUring
        world.otherLoops = 1
        world.options.maxConnections = 3
        SimulatedWorkload.echo.serve(in: world)
        world.clients(24) { client in
          client.send("hello")
          client.awaitReplies()
        }
      }
    }
  }

  /// Wants no more as soon as something has come, and has nothing else that would tell of a break.
  private struct Sated: Session {
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      connection.pauseReading()
    }
  }

  /// The break is told together with the bytes before it, and not again where changes alone are told.
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `who stops reading at the last bytes hears of the break behind them`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for seed in 0..<10 as Range<UInt64> {
      try simulate(seed: seed) { world in
        world.backend = backend
        world.costs.call = .milliseconds(1)
        world.serve { Sated() }
        world.replies { _ in [] }
        world.clients(8) { client in
          client.comeNear()
          client.connect(after: .microseconds(300 * client.number))
          client.send("the last")
          client.reset()
        }
        world.client(9) { client in client.wait(.seconds(2)) }
      }
    }
  }
}
