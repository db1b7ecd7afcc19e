import Switchboard
import SwitchboardBase
import SwitchboardReport

/// A peer that asks and never reads.
public struct Backpressure: Trial {
  public static let name = "backpressure"
  public static let claim =
    "A peer that never reads costs a server with watermarks a bounded amount of memory, and one "
    + "without them all that it is sent."
  public static let story =
    "An echo server owes its peer every byte it receives. A peer sends as much as is taken from it and "
    + "reads nothing. With watermarks the server stops reading when 64 KiB are unsent, and TCP tells the "
    + "peer to wait; without, it keeps everything."
  public static let seconds = 3
  public static let needsQuiet = false

  /// Sent to the server without watermarks, at least, or its memory tells nothing.
  static let leastSent = 16 << 20

  /// Memory against what the peer could send.
  public struct Measured: Sendable {
    /// One server.
    public struct Row: Sendable {
      public var name: String
      /// Bytes that the peer got rid of, at each reading.
      public var sent: [Int]
      /// Bytes of the server, more than before, at each reading.
      public var memory: [Int]
      /// Milliseconds that another peer waited for its reply meanwhile, at most.
      public var otherWaited: Double
    }
    public var rows: [Row]
    /// Bytes that the peer wanted to send.
    public var offered: Int
  }

  static let with = "with watermarks"
  static let without = "without"

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let offered = (laboratory.isQuick ? 32 : 128) << 20
    let bounded = try laboratory.serve("--protocol", "echo", "--backend", "epoll")
    defer { bounded.stop() }
    let unbounded = try laboratory.serve(
      "--protocol", "echo", "--backend", "epoll", "--high-watermark", "1024m",
      "--outbox-limit", "1024m")
    defer { unbounded.stop() }
    let rows = [
      try Backpressure.row(Backpressure.with, bounded, offered),
      try Backpressure.row(Backpressure.without, unbounded, offered),
    ]
    for row in rows {
      laboratory.progress(
        "\(row.name): \((row.memory.max() ?? 0) >> 20) MiB of memory for "
          + "\((row.sent.last ?? 0) >> 20) MiB sent")
    }
    return Measured(rows: rows, offered: offered)
  }

  private static func row(_ name: String, _ server: ServerProcess, _ offered: Int) throws
    -> Measured.Row
  {
    let rude = try Socket.connecting(to: server.address, system: Linux())
    let polite = try Socket.connecting(to: server.address, system: Linux())
    let chunk = [UInt8](repeating: 0x61, count: 65536)
    // Both stand, and what is there once is in memory.
    _ = try roundTrip(polite)
    _ = try roundTrip(rude)
    var row = Measured.Row(name: name, sent: [0], memory: [0], otherWaited: 0)
    let before = ProcessFigures.settled(server.pid).resident
    var (sent, stuck) = (0, 0)
    let end = Linux().now() + .seconds(15)
    while sent < offered, stuck < 10, Linux().now() < end {
      let goal = min(offered, sent + 4 << 20)
      while sent < goal {
        guard try waitFor(rude, .write, .milliseconds(100)) else { break }
        guard case .bytes(let count) = try rude.send(chunk.span) else { continue }
        sent += count
      }
      stuck = sent < goal ? stuck + 1 : 0
      row.otherWaited = max(row.otherWaited, try roundTrip(polite))
      row.sent.append(sent)
      row.memory.append(ProcessFigures(of: server.pid).resident - before)
    }
    return row
  }

  /// Milliseconds until a byte has come back.
  private static func roundTrip(_ socket: borrowing Socket<Linux>) throws -> Double {
    let start = Linux().now()
    let byte: [UInt8] = [0x62]
    guard try waitFor(socket, .write, .seconds(5)), case .bytes = try socket.send(byte.span),
      try waitFor(socket, .read, .seconds(5))
    else { throw TrialFailure("the echo server does not answer; run it again") }
    var buffer = [UInt8](repeating: 0, count: 16)
    var span = buffer.mutableSpan
    _ = try socket.receive(into: &span)
    return Linux().now().since(start).inSeconds * 1000
  }

  private static func waitFor(
    _ socket: borrowing Socket<Linux>, _ interest: Interest, _ limit: Duration
  ) throws -> Bool {
    var poller = try Poll(system: Linux())
    var events = EventBuffer(capacity: 1)
    try poller.set(socket.descriptor, interest, was: nil, key: Key(index: 0, generation: 1))
    try poller.wait(until: Linux().now() + limit, into: &events)
    return events.count > 0
  }

  public func controls(_ measured: Measured) -> [Control] {
    let without = measured.rows.filter { $0.name == Backpressure.without }
    return [
      .reading(
        "memory that the servers took", measured.rows.map { Double($0.memory.max() ?? 0) }),
      .atLeast(
        Backpressure.leastSent, "bytes sent to the server without watermarks",
        found: without.compactMap(\.sent.last).min() ?? 0),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    guard let with = measured.rows.first(where: { $0.name == Backpressure.with }),
      let without = measured.rows.first(where: { $0.name == Backpressure.without }),
      let bounded = with.memory.max(), let unbounded = without.memory.max(), unbounded > 0
    else { return Findings(.undecided("nothing was measured; run it again")) }
    let sent = without.sent.last ?? 0
    let holds = bounded < 1 << 20 && unbounded > sent / 2
    let mebibytes = { (count: Int) in Figures.fixed(Double(count) / 0x1p20, places: 1) + " MiB" }
    let reason =
      "With watermarks the server grew by \(mebibytes(bounded)), then took no more; without, by "
      + "\(mebibytes(unbounded)) for \(mebibytes(sent)) that it was sent. Another peer waited at most "
      + "\(Figures.fixed(with.otherWaited, places: 1)) ms with and "
      + "\(Figures.fixed(without.otherWaited, places: 1)) ms without."
    let chart = LineChart(
      title: "A peer that never reads costs \(mebibytes(bounded)) with watermarks, "
        + "\(mebibytes(unbounded)) without",
      x: Axis("bytes that the peer has sent", unit: .bytes),
      y: Axis("memory that the server has taken", unit: .bytes, including: [Double(1 << 20)]),
      series: [
        series(without, "without", .vermilion), series(with, "with", .blue),
      ],
      marks: with.sent.last.map { last in
        [
          .init(
            x: Double(last), y: Double(max(0, with.memory.last ?? 0)),
            "TCP makes the peer wait after \(mebibytes(last))")
        ]
      } ?? [])
    return Findings(
      Verdict(holds, reason), pictures: [NamedPicture(Backpressure.name, chart)],
      notes: [
        "What the peer could send with watermarks lies in the kernel's buffers of both sockets. The "
          + "default limits also close a peer with more than 8 MiB unsent; the server without was told to "
          + "keep 1 GiB."
      ])
  }

  private func series(_ row: Measured.Row, _ name: String, _ hue: Hue) -> LineChart.Series {
    LineChart.Series(
      name, hue,
      zip(row.sent, row.memory).map { .init(Double($0), Double(max(0, $1))) },
      isPlain: true)
  }
}
