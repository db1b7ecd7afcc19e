import Switchboard

/// What the sweep's servers do, told by a connection's first byte; on both faces of the library.
enum SweepMode {
  static let echo = UInt8(ascii: "E")
  /// Asks for the peer's address.
  static let address = UInt8(ascii: "N")
  /// Sends two million bytes.
  static let big = UInt8(ascii: "B")
  /// Pauses reading for a while.
  static let pause = UInt8(ascii: "P")
  /// Says goodbye and closes.
  static let close = UInt8(ascii: "C")
  /// Closes at once.
  static let abort = UInt8(ascii: "A")
  /// Sends a file, and a few bytes of it.
  static let file = UInt8(ascii: "F")
  /// Pauses reading for good.
  static let halt = UInt8(ascii: "H")

  static let bigReply = pattern(2_000_000)
}

/// What the sweep's servers send of.
enum SweepFile {
  static let bytes = pattern(100_000)
  static let reply = bytes + bytes[100..<150]
  static let shared: SharedFile = {
    let file = TemporaryFile(bytes)
    return try! SharedFile(file.path)
  }()
}

/// What a test wants to be told of in the middle of a callback.
final class SweepHooks: Sendable {
  let beforeAddress = Lock<(@Sendable () -> Void)?>(nil)
}

struct SweepSession: Session {
  let hooks: SweepHooks
  private var mode: UInt8 = 0

  init(_ hooks: SweepHooks = SweepHooks()) { self.hooks = hooks }

  mutating func opened(_ connection: inout Connection) { connection.write("+") }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var start = 0
    if mode == 0 {
      mode = bytes[0]
      start = 1
      begin(&connection)
    }
    connection.write(bytes.extracting(droppingFirst: start))
  }

  private func begin(_ connection: inout Connection) {
    switch mode {
    case SweepMode.address:
      hooks.beforeAddress.withLock { $0 }?()
      connection.write(connection.peerAddress == nil ? "?" : "N")
    case SweepMode.big: connection.write(SweepMode.bigReply.span)
    case SweepMode.pause:
      connection.pauseReading()
      connection.setTimer(after: .milliseconds(5))
    case SweepMode.halt:
      connection.write("H")
      connection.pauseReading()
      // Only where its peer's reset is not told: a slow machine has all the time that it needs.
      connection.setTimer(after: .seconds(30))
    case SweepMode.file:
      connection.write(SweepFile.shared)
      connection.write(SweepFile.shared, from: 100, count: 50)
    case SweepMode.abort: connection.abort()
    case SweepMode.close:
      connection.write("bye")
      connection.close()
    default: break
    }
  }

  mutating func elapsed(_ connection: inout Connection) {
    if mode == SweepMode.halt { connection.abort() } else { connection.resumeReading() }
  }
}

/// The same on a reactor, as far as it goes there.
struct SweepHandler: ReactorHandler, ~Copyable {
  typealias System = Faulty<Linux>

  private struct State {
    var mode: UInt8 = 0
    var output: [UInt8] = Array("+".utf8)
    var sent = 0
    var isClosing = false
  }

  private let journal: Journal
  private var states = PeerTable<State>()
  private var scratch = [UInt8](repeating: 0, count: 16384)

  init(_ journal: Journal) { self.journal = journal }

  mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    journal.with { $0.opened += 1 }
    states.insert(State(), for: peer.key)
    return .write
  }

  mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    var buffer = scratch
    let answer = states.update(peer.key) { Self.receive(peer.socket, &buffer, &$0) }
    return answer ?? []
  }

  private static func receive(
    _ socket: borrowing Socket<System>, _ buffer: inout [UInt8], _ state: inout State
  ) -> Interest {
    var span = buffer.mutableSpan
    let count: Int
    do throws(SystemError) {
      switch try socket.receive(into: &span) {
      case .wouldBlock: return .read
      case .endOfStream: return []
      case .bytes(let bytes): count = bytes
      }
    } catch { return [] }
    var start = 0
    if state.mode == 0 {
      state.mode = buffer[0]
      start = 1
      begin(socket, &state)
    }
    state.output += buffer[start..<count]
    return .write
  }

  private static func begin(_ socket: borrowing Socket<System>, _ state: inout State) {
    switch state.mode {
    case SweepMode.address:
      let address = try? socket.peerAddress()
      state.output += Array((address == nil ? "?" : "N").utf8)
    case SweepMode.big: state.output += SweepMode.bigReply
    case SweepMode.close:
      state.output += Array("bye".utf8)
      state.isClosing = true
    default: break
    }
  }

  mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    let answer = states.update(peer.key) { state -> Interest in
      guard state.sent < state.output.count else { return .read }
      do throws(SystemError) {
        let sent = try peer.socket.send(state.output.span.extracting(droppingFirst: state.sent))
        if case .bytes(let count) = sent { state.sent += count }
      } catch { return [] }
      guard state.sent == state.output.count else { return .write }
      (state.output, state.sent) = ([], 0)
      return state.isClosing ? [] : .read
    }
    return answer ?? []
  }

  mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    if states.contains(peer.key) { journal.with { $0.reasons.append(reason) } }
    states.remove(peer.key)
  }

  mutating func notice(_ notice: LoopNotice) {
    journal.with { $0.notices.append(notice) }
  }
}
