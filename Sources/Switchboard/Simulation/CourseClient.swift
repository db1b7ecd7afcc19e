#if TestBench

/// A client of a running world, and how far it has come.
struct CourseClient {
  /// A step of its script.
  enum Move {
    /// So many of the bytes that it sends in all.
    case send(Range<Int>)
    /// Until it has received so many.
    case awaitReplies(Int)
    case awaitOthers([SimulatedClient.Reached])
    case wait(UInt64)
    case pauseReading(UInt64)
    case sendUrgent(UInt8)
    case readSlowly(Int, UInt64)
    case stopReading, finish, reset, close, vanish
  }

  let plan: SimulatedClient
  let socket: SimulatedSocket
  /// Everything that it sends.
  let sent: [UInt8]
  /// Everything that it should receive.
  let expected: [UInt8]
  let moves: [Move]
  var step = 0
  /// How much of a step that sends has been sent.
  var offset = 0
  var isTiming = false
  var received = 0
  var pausedUntil: UInt64 = 0
  /// It never reads, and is waited for until then.
  var givesUpAt = UInt64.max
  /// How many bytes it reads at once, and how long it then reads none.
  var pace: (count: Int, pause: UInt64)?
  var isOver = false
  /// Those whom it waits for have not come so far yet.
  var isBehind = false
  /// A session was opened for it.
  var wasOpened = false
  /// Its server's end is open, and was given to a session.
  var isHeld = false
  /// How many of its bytes the server had read when its session was closed.
  var readBefore = 0
  /// It was turned away for the limit of its address.
  var wasRefused = false
  /// Where it comes from, whatever its port.
  let machine: SocketAddress
  /// In which turn the server closed its end; -1 when it has not.
  var closedIn = -1
  /// In which turn its session was closed; -1 when it has not been.
  var sessionClosedIn = -1
  /// How many of its bytes its session has been given.
  var taken = 0
  /// When that was last.
  var tookAt: UInt64 = 0
  /// When its session had finished with it; 0 before.
  var finishedAt: UInt64 = 0
  /// When the turn began in which that was: deadlines count from there.
  var finishedIn: UInt64 = 0
  /// It has all it will get, and keeps its end open for so long all the same.
  var staysUntil: UInt64?
  /// What it must have received in the end if the server drains early; nil for everything.
  var promised: Int?

  /// What it begins with, where that is to be a header; nil where not.
  let header: ProxyHeaderReading?
  /// Whether it may send one.
  let isTrusted: Bool
  /// Its filter; nil where it has none.
  let wire: WireEnd?

  init(
    _ plan: SimulatedClient, _ socket: SimulatedSocket, model: (([UInt8]) -> [UInt8])?,
    behind proxy: ProxyProtocol?, wire: WireEnd? = nil
  ) {
    var (sent, expected): ([UInt8], [UInt8]) = ([], [])
    var moves: [Move] = []
    moves.reserveCapacity(plan.steps.count)
    sent.reserveCapacity(plan.sentCount)
    var modelled = -1
    for step in plan.steps {
      switch step {
      case .send(let bytes):
        moves.append(.send(sent.count..<sent.count + bytes.count))
        sent += bytes
      case .expect(let bytes):
        if model == nil { expected += bytes }
        moves.append(.awaitReplies(expected.count))
      case .awaitReplies:
        if let model, sent.count != modelled {
          expected = model(sent)
          modelled = sent.count
        }
        moves.append(.awaitReplies(expected.count))
      case .awaitOthers(let those): moves.append(.awaitOthers(those))
      case .wait(let duration): moves.append(.wait(duration))
      case .pauseReading(let duration): moves.append(.pauseReading(duration))
      case .sendUrgent(let byte): moves.append(.sendUrgent(byte))
      case .readSlowly(let count, let pause): moves.append(.readSlowly(count, pause))
      case .stopReading: moves.append(.stopReading)
      case .vanish: moves.append(.vanish)
      case .finish: moves.append(.finish)
      case .reset: moves.append(.reset)
      case .close: moves.append(.close)
      }
    }
    if let model, sent.count != modelled { expected = model(sent) }
    self.plan = plan
    self.socket = socket
    self.wire = wire
    header = proxy.map { ProxyHeader.read(sent.span, $0.versions) }
    isTrusted = proxy?.trusts(socket.address) ?? true
    var machine = socket.address
    if case .whole(let told, _) = header, let source = told.source { machine = source }
    machine.port = 0
    self.machine = machine
    self.sent = sent
    self.expected = expected
    self.moves = moves
  }
}

#endif
