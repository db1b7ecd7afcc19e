import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardProtocols
import SwitchboardReport

/// What the article's way of sending costs in system calls.
public struct EpollControlCalls: Trial {
  public static let name = "epoll-control-calls"
  public static let claim =
    "Waiting until a reply may be sent costs two epoll_ctl calls a request; sending at once and "
    + "waiting only when the socket is full costs none."
  public static let story =
    "The article's callbacks answer a request by asking to be woken when there is room to send, and "
    + "afterwards by asking for input again: two changes of interest, each a system call. There "
    + "almost always is room. The same reactor serves the same clients with both handlers, on a kernel "
    + "that counts its calls."
  public static let seconds = 2
  public static let needsQuiet = false

  /// System calls of one way to send.
  public struct Measured: Sendable {
    /// One of the two.
    public struct Row: Sendable {
      public var name: String
      public var requests: Int
      public var receives: Int
      public var sends: Int
      public var controls: Int
      public var waits: Int

      /// All of them, for each request.
      public var perRequest: Double {
        Double(receives + sends + controls + waits) / Double(max(1, requests))
      }
    }
    public var rows: [Row]
  }

  static let article = "woken to send, as in the article"
  static let immediate = "sent at once"

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let rounds = laboratory.isQuick ? 20 : 200
    let rows = [
      try EpollControlCalls.row(EpollControlCalls.article, rounds) {
        FramesServer<CountedKernel>()
      },
      try EpollControlCalls.row(EpollControlCalls.immediate, rounds) {
        ImmediateFrames<CountedKernel>()
      },
    ]
    for row in rows {
      laboratory.progress(
        "\(row.name): \(Figures.fixed(row.perRequest, places: 2)) calls a request")
    }
    return Measured(rows: rows)
  }

  private static func row<Handler: ReactorHandler & ~Copyable & SendableMetatype>(
    _ name: String, _ rounds: Int, _ make: @escaping @Sendable () -> Handler
  ) throws -> Measured.Row where Handler.System == CountedKernel {
    let server = try CountedReactor(make)
    defer { server.stop() }
    var plan = VisitPlan()
    plan.rounds = rounds
    let group = try VisitorGroup(to: server.address, plan)
    // Greetings, accepting and closing are no requests: those of a short run are taken off.
    let warm = try VisitorGroup(to: server.address, VisitPlan())
    try warm.visit(64, within: .seconds(10))
    let before = server.settledCounts()
    try group.visit(64, within: .seconds(30))
    let middle = server.settledCounts()
    let short = try VisitorGroup(to: server.address, VisitPlan())
    try short.visit(64, within: .seconds(10))
    let (long, brief) = (middle.since(before), server.settledCounts().since(middle))
    guard group.done == 64, short.done == 64 else {
      throw TrialFailure("\(64 - group.done) of 64 clients were not served; run it again")
    }
    let calls = long.since(brief)
    return Measured.Row(
      name: name, requests: 64 * (rounds - 1), receives: calls.receives, sends: calls.sends,
      controls: calls.controls, waits: calls.waits)
  }

  public func controls(_ measured: Measured) -> [Control] {
    // One call receives a request and one sends its reply, and no more of it is counted, or less.
    measured.rows.flatMap { row in
      [("received", row.receives), ("sent", row.sends)].map { what, count in
        let each = Double(count) / Double(max(1, row.requests))
        return Control(
          name: "\(what), \(row.name)", wanted: "one a request",
          found: "\(Figures.fixed(each, places: 2)) a request", isMet: abs(each - 1) < 0.1)
      }
    }
  }

  public func findings(_ measured: Measured) -> Findings {
    guard let article = measured.rows.first(where: { $0.name == EpollControlCalls.article }),
      let immediate = measured.rows.first(where: { $0.name == EpollControlCalls.immediate })
    else { return Findings(.undecided("nothing was measured; run it again")) }
    func each(_ count: Int, _ row: Measured.Row) -> Double {
      Double(count) / Double(max(1, row.requests))
    }
    let (dear, cheap) = (each(article.controls, article), each(immediate.controls, immediate))
    let holds = abs(dear - 2) < 0.1 && cheap < 0.05
    let reason =
      "\(Figures.fixed(dear, places: 2)) epoll_ctl calls a request as in the article, "
      + "\(Figures.fixed(cheap, places: 2)) when sent at once; in all "
      + "\(Figures.fixed(article.perRequest, places: 2)) and "
      + "\(Figures.fixed(immediate.perRequest, places: 2)) system calls."
    let kinds: [(String, (Measured.Row) -> Int)] = [
      ("recv", \.receives), ("send", \.sends), ("epoll_ctl", \.controls), ("epoll_wait", \.waits),
    ]
    let bars = kinds.flatMap { kind, count in
      [(article, Hue.vermilion, "as in the article"), (immediate, .blue, "at once")].map {
        row, hue, way in
        let value = each(count(row), row)
        return BarChart.Bar("\(kind), \(way)", hue, value, Figures.fixed(value, places: 2))
      }
    }
    let share = article.perRequest - immediate.perRequest
    let chart = BarChart(
      title: "Sending at once saves \(Figures.fixed(share, places: 1)) of "
        + "\(Figures.fixed(article.perRequest, places: 1)) system calls a request",
      axis: Axis("system calls a request"), bars: bars)
    let rows = measured.rows.map { row in
      [row.name] + kinds.map { Figures.fixed(each($0.1(row), row), places: 3) }
        + [Figures.fixed(row.perRequest, places: 2)]
    }
    return Findings(
      Verdict(holds, reason), pictures: [NamedPicture(EpollControlCalls.name, chart)],
      tables: [Table("System calls a request, 64 clients", [""] + kinds.map(\.0) + ["all"], rows)],
      notes: [
        "Counted where the product calls the kernel. Both serve in level-triggered mode; what "
          + "connecting and closing cost is taken off."
      ])
  }
}

/// The article's server with one difference: a reply is sent as soon as it is known.
struct ImmediateFrames<System: Kernel>: ReactorHandler, ~Copyable {
  private var peers = PeerTable<FramesPeer>()
  private var scratch = [UInt8](repeating: 0, count: FramesPeer.bufferSize)

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    peers.insert(FramesPeer(), for: peer.key)
    _ = peers.update(peer.key) { $0.connected() }
    return readyToSend(&peer)
  }

  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    let next = peers.update(peer.key) { $0.readyToReceive(peer.socket, &scratch) } ?? []
    // The one difference: what the peer wants to send is tried now.
    return next == .write ? readyToSend(&peer) : next
  }

  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    peers.update(peer.key) { $0.readyToSend(peer.socket, &scratch) } ?? []
  }

  mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    peers.remove(peer.key)
  }
}

/// A reactor on epoll in a thread of its own, on a kernel that counts its calls.
final class CountedReactor {
  let address: SocketAddress
  let counts = CallCounts()
  private let waker: Waker<CountedKernel>
  private var thread: LoopThread?

  init<Handler: ReactorHandler & ~Copyable & SendableMetatype>(
    _ make: @escaping @Sendable () -> Handler
  )
    throws(SystemError) where Handler.System == CountedKernel
  {
    let system = CountedKernel(counts)
    let box = ReactorBox(
      try Reactor(
        poller: EpollPoller(system: system), handler: make(), system: system))
    let listener = try Listener(on: .loopback(port: 0), system: system)
    (address, waker) = (listener.address, box.reactor.waker)
    try box.reactor.listen(listener)
    thread = try LoopThread { try? box.reactor.run() }
  }

  /// What has been called, when it has seen its last clients go: its counts do not change any more.
  func settledCounts() -> CallCounts.Sum {
    var before = counts.now
    for _ in 0..<40 {
      usleep(50_000)
      let now = counts.now
      if now == before { break }
      before = now
    }
    return before
  }

  func stop() {
    waker.stop()
    thread.take()?.join()
  }
}

/// Made by one thread, used by another alone.
private final class ReactorBox<Handler: ReactorHandler & ~Copyable>
where Handler.System == CountedKernel {
  var reactor: Reactor<EpollPoller<CountedKernel>, Handler>
  init(_ reactor: consuming Reactor<EpollPoller<CountedKernel>, Handler>) {
    self.reactor = reactor
  }
}
