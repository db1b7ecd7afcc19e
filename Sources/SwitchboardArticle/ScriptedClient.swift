import Switchboard
import SwitchboardBase
import SwitchboardProtocols

/// The article's client: N connections at once, each following the same script, all on one loop in
/// one thread.
///
/// Each waits for `*`; sends `^abc$de^abte$f`; pauses 1 s; sends `xyz^123`; pauses 1 s; sends
/// `25$^ab0000$abab`; pauses 0.2 s; and disconnects when `1111` has been received. Every byte of
/// every reply is compared with what the protocol says.
public struct ScriptedClient<System: Kernel>: ReactorHandler, ~Copyable {
  /// A connection's steps.
  struct Conversation: ~Copyable {
    let name: String
    let number: Int
    var greeted = false
    /// The next message to send.
    var next = 0
    /// Part of the present message that the socket would not take.
    var unsent: ArraySlice<UInt8> = []
    /// Reply bytes received, all of them right.
    var received = 0
    /// The last pause is over.
    var pausedToTheEnd = false
    var failure: String?
    var isOver = false
  }

  /// What the connections send, and how long each pauses afterwards.
  public static var script: [(message: [UInt8], pause: Duration)] {
    [
      (Array("^abc$de^abte$f".utf8), .seconds(1)),
      (Array("xyz^123".utf8), .seconds(1)),
      (Array("25$^ab0000$abab".utf8), .milliseconds(200)),
    ]
  }

  private let script: [(message: [UInt8], pause: Duration)]
  private let patience: Duration
  private let header: ProxyHeader.Version?
  private let replies: [UInt8]
  /// How many reply bytes are right after so many messages.
  private let allowed: [Int]
  private var conversations = PeerTable<Conversation>()
  private var scratch = [UInt8](repeating: 0, count: 8192)
  private let log: (String) -> Void
  private let tell: (Int, ScriptedStep) -> Void
  private var begun = 0
  /// Connections whose greeting has not come yet: the kernel's accept queue is finite.
  private(set) var greetingsAwaited = 0
  /// Connections that have ended, well or not.
  public private(set) var finished = 0
  /// Connections that have ended with an error.
  public private(set) var failures = 0
  /// The most connections that stood at once.
  public private(set) var mostAtOnce = 0

  /// A client that gives each of its lines to `log`, and to `tell` each connection's steps, by its number
  /// from 0 on. Each connection begins with a header of the PROXY protocol, which tells its own two ends, where a version
  /// of it is given.
  public init(
    pace: ScriptedPace = .article, header: ProxyHeader.Version? = nil,
    log: @escaping (String) -> Void,
    tell: @escaping (Int, ScriptedStep) -> Void = { _, _ in }
  ) {
    (self.log, self.tell, patience, self.header) = (log, tell, pace.patience, header)
    script = ScriptedClient.script.map { ($0.message, $0.pause * pace.pauses) }
    var frames = Frames()
    var replies: [UInt8] = []
    var allowed = [0]
    for (message, _) in script {
      var bytes = message
      var span = bytes.mutableSpan
      let count = frames.stepInPlace(&span, count: message.count)
      replies += bytes[..<count]
      allowed.append(replies.count)
    }
    self.replies = replies
    self.allowed = allowed
  }

  /// A connection attempt has been begun.
  mutating func began(_ key: Key) {
    conversations.insert(Conversation(name: "conn\(begun)", number: begun), for: key)
    tell(begun, .begun)
    begun += 1
    greetingsAwaited += 1
  }

  /// A connection attempt could not even be begun.
  mutating func failedToBegin(_ error: SystemError) {
    complain("conn\(begun) \(error)")
    tell(begun, .failed)
    begun += 1
    finished += 1
    failures += 1
  }

  public mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    peer.wake(after: patience)
    mostAtOnce = max(mostAtOnce, begun - finished)
    return introduce(&peer)
  }

  /// Says whose the connection is, if that is wanted.
  private mutating func introduce(_ peer: inout Peer<System>) -> Interest {
    guard let header else { return .read }
    let (own, server) = (try? peer.socket.localAddress(), try? peer.socket.peerAddress())
    let bytes = (try? ProxyHeader(from: own, to: server, version: header).encoded()) ?? []
    conversations.update(peer.key) { $0.unsent = bytes[...] }
    return readyToSend(&peer)
  }

  public mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    do throws(SystemError) {
      var buffer = scratch.mutableSpan
      switch try peer.socket.receive(into: &buffer) {
      case .wouldBlock: return .read
      case .bytes(let count): return received(scratch[..<count], &peer)
      case .endOfStream: return fail(peer.key, "; the server closed the connection")
      }
    } catch { return fail(peer.key, "; \(error)") }
  }

  private mutating func received(_ bytes: ArraySlice<UInt8>, _ peer: inout Peer<System>)
    -> Interest
  {
    var bytes = bytes
    let greeted = conversations.update(peer.key) { $0.greeted } ?? false
    if !greeted {
      guard bytes.first == Frames.greeting else {
        return fail(peer.key, ", received \(pythonBytesLiteral(bytes)) as its greeting")
      }
      bytes = bytes.dropFirst()
      greetingsAwaited -= 1
      let name = conversations.update(peer.key) {
        $0.greeted = true
        return $0.name
      }
      info("\(name ?? "") connected...")
      note(.greeted, peer.key)
      let next = say(&peer)
      if bytes.isEmpty || next.isEmpty { return next }
    }
    return checkReply(bytes, &peer)
  }

  private mutating func checkReply(_ bytes: ArraySlice<UInt8>, _ peer: inout Peer<System>)
    -> Interest
  {
    let literal = pythonBytesLiteral(bytes)
    let (name, from, next) =
      conversations.update(peer.key) { ($0.name, $0.received, $0.next) } ?? ("", 0, 0)
    info("\(name) received \(literal)")
    let expected = replies[from..<allowed[next]]
    guard expected.starts(with: bytes) else { return fail(peer.key, ", received \(literal)") }
    conversations.update(peer.key) { $0.received += bytes.count }
    note(.replied, peer.key)
    return interest(after: peer.key)
  }

  public mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    let unsent = conversations.update(peer.key) { $0.unsent } ?? []
    do throws(SystemError) {
      if case .bytes(let count) = try peer.socket.send(unsent.span) {
        conversations.update(peer.key) { $0.unsent = unsent.dropFirst(count) }
      }
    } catch { return fail(peer.key, "; \(error)") }
    return interest(after: peer.key)
  }

  /// A pause is over, or patience is.
  public mutating func timeElapsed(_ peer: inout Peer<System>) -> Interest {
    let (greeted, next, over) =
      conversations.update(peer.key) { ($0.greeted, $0.next, $0.pausedToTheEnd) } ?? (
        false, 0, true
      )
    if !greeted || over {
      return fail(
        peer.key, "; received nothing for \(Figures.fixed(patience.inSeconds, places: 0)) s")
    }
    if next < script.count { return say(&peer) }
    conversations.update(peer.key) { $0.pausedToTheEnd = true }
    peer.wake(after: patience)
    return interest(after: peer.key)
  }

  /// Sends the next message and pauses.
  private mutating func say(_ peer: inout Peer<System>) -> Interest {
    let (name, next) = conversations.update(peer.key) { ($0.name, $0.next) } ?? ("", 0)
    let (message, pause) = script[next]
    info("\(name) sending \(pythonBytesLiteral(message))")
    note(.sent, peer.key)
    conversations.update(peer.key) {
      $0.unsent += message
      $0.next += 1
    }
    peer.wake(after: pause)
    return readyToSend(&peer)
  }

  /// What a connection waits for: the end of the script closes it.
  private mutating func interest(after key: Key) -> Interest {
    let (all, script) = (replies.count, script.count)
    let state = conversations.update(key) {
      conversation -> (over: Bool, unsent: Bool, name: String) in
      let over =
        conversation.next == script && conversation.pausedToTheEnd
        && conversation.received == all
      if over { conversation.isOver = true }
      return (over, !conversation.unsent.isEmpty, conversation.name)
    }
    guard let state, !state.over else {
      info("\(state?.name ?? "") disconnecting")
      return []
    }
    return state.unsent ? [.read, .write] : .read
  }

  private mutating func fail(_ key: Key, _ what: String) -> Interest {
    let (replies, allowed) = (replies, allowed)
    conversations.update(key) {
      let expected =
        $0.greeted
        ? pythonBytesLiteral(replies[$0.received..<allowed[$0.next]])
        : pythonBytesLiteral([Frames.greeting])
      $0.failure = "\($0.name) expected \(expected)\(what)"
    }
    return []
  }

  public mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    let (failure, greeted, name, isOver) =
      conversations.update(peer.key) { ($0.failure, $0.greeted, $0.name, $0.isOver) }
      ?? (nil, false, "", false)
    note(isOver ? .over : .failed, peer.key)
    conversations.remove(peer.key)
    finished += 1
    if !greeted { greetingsAwaited -= 1 }
    if isOver { return }
    failures += 1
    complain(failure ?? "\(name) \(reason)")
  }

  private mutating func note(_ step: ScriptedStep, _ key: Key) {
    if let number = conversations.update(key, { $0.number }) { tell(number, step) }
  }

  private func info(_ text: String) { log("INFO:\(logTimestamp()):\(text)") }
  private func complain(_ text: String) { log("ERROR:\(logTimestamp()):\(text)") }
}
