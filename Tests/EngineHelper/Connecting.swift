import Foundation
import Switchboard
import SwitchboardArticle
import Synchronization

// What the drills of connecting out drive: C1 to C4 of Drills/families/connecting.py.

/// A server that is asked by lines of standard input and listens where it is told, or nowhere.
private func start(
  _ backend: Server.BackendName, on addresses: [SocketAddress] = [],
  _ announce: (inout Server) -> Void
) throws -> RunningServer {
  var server = Server()
  server.backend = backend
  for address in addresses { server.listen(on: address) { _ in EchoSession() } }
  announce(&server)
  return try server.start()
}

// ------------------------------------------------------------------------------------ to a name

/// Tells what became of a connection, and how long that took.
struct Reached: Session {
  let begun: Instant
  let isOver: DispatchSemaphore
  private var isOpen = false

  init(begun: Instant, isOver: DispatchSemaphore) { (self.begun, self.isOver) = (begun, isOver) }

  mutating func opened(_ connection: inout Connection) {
    isOpen = true
    let address = connection.peerAddress.map { "\($0)" } ?? "?"
    say("connected to \(address) after \(milliseconds(since: begun))")
    isOver.signal()
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}

  mutating func closed(_ reason: CloseReason) {
    guard !isOpen else { return }
    say("failed after \(milliseconds(since: begun)): \(reason)")
    isOver.signal()
  }
}

/// For each line, which is a name, connects to it and tells what came of that.
func connectToNames(_ port: UInt16, within seconds: Int, _ backend: Server.BackendName) throws {
  let running = try start(backend) { $0.connects(as: Reached.self) }
  var times = ConnectTimes()
  times.timeout = .seconds(seconds)
  while let name = readLine() {
    let isOver = DispatchSemaphore(value: 0)
    let begun = Linux().now()
    running.handle.loops[0].connect(to: .host(name, port: port), times: times) {
      Reached(begun: begun, isOver: isOver)
    }
    isOver.wait()
  }
  running.stop()
  try running.wait()
}

// ---------------------------------------------------------------------------- a dead name server

/// Never stands.
struct Waiting: Session {
  let ended: @Sendable (CloseReason) -> Void
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  mutating func closed(_ reason: CloseReason) { ended(reason) }
}

/// How late the last of many came, and what each came to.
final class Lateness: Sendable {
  private let state = Mutex((count: 0, latest: Duration.zero, earliest: Duration.seconds(3600)))
  private let kinds = Tally<String>()
  private let deadline: Instant
  private let begun: Instant

  init(_ begun: Instant, _ timeout: Duration) { (self.begun, deadline) = (begun, begun + timeout) }

  /// How many there are by now.
  func ended(_ kind: String) -> Int {
    let late = Linux().now().since(begun) - deadline.since(begun)
    kinds.add(kind)
    return state.withLock { state in
      state = (state.count + 1, max(state.latest, late), min(state.earliest, late))
      return state.count
    }
  }

  func tell(_ what: String, _ kind: String) {
    let (count, latest, earliest) = state.withLock { $0 }
    func shown(_ duration: Duration) -> String {
      let (seconds, attoseconds) = duration.components
      return String(format: "%.1f", Double(seconds) * 1e3 + Double(attoseconds) / 1e15)
    }
    say(
      "\(count) \(what) ended, \(kinds[kind]) by \(kind), "
        + "\(shown(earliest)) to \(shown(latest)) ms after their deadline")
  }
}

/// Echoes, and for each line begins so many connections to names, and looks up as many others, which nobody knows.
func askDeadServer(_ count: Int, within seconds: Int, _ backend: Server.BackendName) throws {
  let running = try start(backend, on: [.loopback(port: 0)]) { $0.connects(as: Waiting.self) }
  let resolver = Resolver()
  var times = ConnectTimes()
  times.timeout = .seconds(seconds)
  let timeout = times.timeout
  while readLine() != nil {
    let begun = Linux().now()
    let (connections, lookUps) = (Lateness(begun, timeout), Lateness(begun, timeout))
    for number in 0..<count {
      running.handle.loops[0].connect(to: .host("c\(number).dead", port: 1), times: times) {
        Waiting { reason in
          guard case .notConnected(let failure) = reason, case .timedOut = failure.reason else {
            _ = connections.ended(reason.symbol)
            return
          }
          if connections.ended("deadline") == count { connections.tell("attempts", "deadline") }
        }
      }
      resolver.lookUp("l\(number).dead", .v4, port: 1, within: timeout) { answer in
        var kind = "answer"
        if case .failure(let failure) = answer, case .timedOut = failure.reason {
          kind = "deadline"
        }
        if lookUps.ended(kind) == count { lookUps.tell("look-ups", "deadline") }
      }
    }
    say("asked \(count)")
  }
  running.stop()
  try running.wait()
}

// --------------------------------------------------------------------------- many connections

/// What has come of many connections.
enum Fate: Hashable, Sendable { case opened, answered, failed, closed, wrong, lost }

/// Many connections of one loop, and what the program at the other end of standard input wants of them.
final class Crowd: Sendable {
  let fates = Tally<Fate>()
  let reasons = Tally<String>()
  private let advice = Mutex<[String: String]>([:])
  private let handles = Mutex<[ConnectionHandle<Caller.Order>]>([])

  func opened(_ handle: ConnectionHandle<Caller.Order>) {
    handles.withLock { $0.append(handle) }
    fates.add(.opened)
  }

  func failed(_ reason: CloseReason) {
    let symbol = reason.symbol
    reasons.add(symbol)
    advice.withLock { $0[symbol] = "\(reason)" }
    fates.add(.failed)
  }

  func closeAll() { for handle in handles.withLock({ $0 }) { handle.post(.close) } }

  func tellFailures() {
    for (symbol, text) in advice.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
      say("failed \(reasons[symbol]) with \(symbol): \(text)")
    }
  }
}

/// Says its number, compares the echo, and stays until it is told to close.
struct Caller: Session {
  enum Order: Sendable { case close }
  typealias Message = Order

  let crowd: Crowd
  private let word: [UInt8]
  private var heard = 0
  private var (isOpen, isToldToClose) = (false, false)

  init(_ number: Int, of crowd: Crowd) {
    self.crowd = crowd
    word = Array("caller \(number)\n".utf8)
  }

  mutating func opened(_ connection: inout Connection) {
    isOpen = true
    crowd.opened(connection.handle(for: Self.self))
    connection.write(word.span)
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      guard heard < word.count, bytes[index] == word[heard] else { return crowd.fates.add(.wrong) }
      heard += 1
    }
    if heard == word.count { crowd.fates.add(.answered) }
  }

  mutating func posted(_ order: Order, _ connection: inout Connection) {
    isToldToClose = true
    connection.close()
  }

  mutating func closed(_ reason: CloseReason) {
    guard isOpen else { return crowd.failed(reason) }
    crowd.fates.add(isToldToClose ? .closed : .lost)
  }
}

/// What a loop has opened for its first connection, and keeps.
private let kept = 1

/// Connects so often from one loop, says a word on each, and closes all when a line comes; what is open is told before
/// the first and after the last.
func connectOften(
  _ wanted: Int, to address: SocketAddress, from local: SocketAddress?,
  _ backend: Server.BackendName
) throws {
  let running = try start(backend) { $0.connects(as: Caller.self) }
  let before = count("fd") + kept
  let (crowd, begun) = (Crowd(), Linux().now())
  for number in 0..<wanted {
    running.handle.loops[0].connect(to: .address(address), from: local) {
      Caller(number, of: crowd)
    }
  }
  let isSettled = DispatchSemaphore(value: 0)
  crowd.fates.when(
    { ($0[.answered] ?? 0) + ($0[.failed] ?? 0) + ($0[.lost] ?? 0) >= wanted },
    then: {
      isSettled.signal()
    })
  isSettled.wait()
  say("\(crowd.fates[.answered]) answered after \(milliseconds(since: begun))")
  crowd.tellFailures()
  say("\(count("fd") - before) descriptors more; \(crowd.fates[.wrong]) wrong")
  _ = readLine()
  let isGone = DispatchSemaphore(value: 0)
  let closing = Linux().now()
  crowd.fates.when(
    { ($0[.closed] ?? 0) + ($0[.lost] ?? 0) == ($0[.opened] ?? 0) },
    then: {
      isGone.signal()
    })
  crowd.closeAll()
  isGone.wait()
  say("\(crowd.fates[.closed]) closed after \(milliseconds(since: closing))")
  let isSame = eventually { count("fd") == before }
  say(isSame ? "no descriptor left" : "\(count("fd") - before) descriptors left")
  _ = readLine()
  running.stop()
  try running.wait()
}
