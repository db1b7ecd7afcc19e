import Switchboard
import TestSupport

/// Asks a server behind it for each line that its client sends, by a connection of a pool, and passes on the line that
/// it gets. What stands before a line's first letter says what becomes of the connection then.
///
/// - `?` it is given back;
/// - `+` the same, and that it was heard is told before;
/// - `!` it is dropped;
/// - `=` it is kept for the next line;
/// - `<` it is given back at once, before the answer;
/// - `#` as many bytes as no socket takes go before it, and it is given back at once;
/// - `2` one is asked for although there may be one.
struct PoolFront: Session {
  let pool: UpstreamPool
  /// More than a socket takes.
  static let much = 16 << 20
  private var question: [UInt8] = []
  private var hasPartner = false
  private var isWaiting = false

  init(_ pool: UpstreamPool) { self.pool = pool }

  private var kind: UInt8 { question.first ?? 0 }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    question = bytes.indices.map { bytes[$0] }
    isWaiting = true
    if hasPartner, kind != UInt8(ascii: "2") { return ask(&connection) }
    if kind == UInt8(ascii: "+") { connection.write("heard\n") }
    connection.takePartner(from: pool)
  }

  mutating func partnerOpened(_ connection: inout Connection) {
    hasPartner = true
    ask(&connection)
  }

  private mutating func ask(_ connection: inout Connection) {
    let isMuch = kind == UInt8(ascii: "#")
    if isMuch { connection.forward([UInt8](repeating: 0, count: Self.much).span) }
    connection.forward(question.span.extracting(1...))
    guard kind == UInt8(ascii: "<") || isMuch else { return }
    connection.givePartnerBack()
    isDone()
    connection.write("given back\n")
  }

  private mutating func isDone() { (hasPartner, isWaiting) = (false, false) }

  mutating func partnerReceived(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
    guard !bytes.isEmpty, bytes[bytes.count - 1] == UInt8(ascii: "\n") else { return }
    switch kind {
    case UInt8(ascii: "?"), UInt8(ascii: "+"): connection.givePartnerBack()
    case UInt8(ascii: "!"): connection.dropPartner()
    default:
      isWaiting = false
      return
    }
    isDone()
  }

  mutating func partnerClosed(_ reason: CloseReason?, _ connection: inout Connection) {
    if case .noPartner(.hasPartner) = reason {} else { isDone() }
    connection.write("none: \(reason.map { "\($0)" } ?? "no reason")\n")
  }

  mutating func draining(_ connection: inout Connection) { if !isWaiting { connection.close() } }
}

extension PoolFront {
  /// Serves clients of a pool while `body` runs.
  static func serve(
    _ backend: Server.BackendName, _ targets: [ConnectTarget],
    _ change: (inout UpstreamPoolOptions) -> Void = { _ in },
    _ body: (UInt16, RunningServer) throws -> Void
  ) throws {
    var options = UpstreamPoolOptions()
    // Longer than a test takes, unless it says otherwise.
    (options.waitTimeout, options.idleTimeout) = (.seconds(600), nil)
    change(&options)
    let pool = UpstreamPool(Upstreams(targets), options: options)
    var server = Server()
    server.backend = backend
    server.listen(on: .loopback(port: 0)) { _ in PoolFront(pool) }
    server.connects(through: pool)
    let running = try server.start()
    defer { running.stop() }
    try body(running.addresses[0].port, running)
    running.stop()
    try running.wait()
  }

  /// The same before one server.
  static func serve(
    _ backend: Server.BackendName, before behind: Listening,
    _ change: (inout UpstreamPoolOptions) -> Void = { _ in },
    _ body: (UInt16, RunningServer) throws -> Void
  ) throws {
    try serve(backend, [.address(.loopback(port: behind.port))], change, body)
  }
}

extension Client {
  /// Receives a line, its end apart.
  func line() throws -> String {
    var bytes: [UInt8] = []
    while bytes.last != UInt8(ascii: "\n") { bytes += try receive(exactly: 1) }
    return String(decoding: bytes.dropLast(), as: UTF8.self)
  }

  /// Gets a question and answers it.
  func answer(_ question: String, _ answer: String) throws -> Bool {
    let heard = try receive(exactly: question.utf8.count)
    try send(answer)
    return heard == Array(question.utf8)
  }
}
