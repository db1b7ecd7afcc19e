import Switchboard
import SwitchboardProtocols

extension Connection: RESPSink {}

/// One peer that speaks Redis' protocol, RESP2 or RESP3.
///
/// All peers of a loop share one ``Engine``, which has the keys; serve them on one loop. A peer that asks for much
/// and reads slowly is answered at its own pace: before each command the session looks at what it has written,
/// and leaves the rest of the input for later.
public struct KeyValueSession: Session {
  /// What other peers tell this one.
  public enum Message: Sendable {
    /// Somebody has published: the reply, without the byte for its type, which is the peer's version's.
    case published([UInt8])
    /// A list that it waits for has grown.
    case grown
  }

  private let options: KeyValueOptions
  private var peer: Peer
  private var loop: EngineOfLoop?

  /// A peer that is about to send commands.
  public init(_ options: KeyValueOptions = KeyValueOptions()) {
    self.options = options
    peer = Peer(options.limits)
  }

  public mutating func opened(_ connection: inout Connection) {
    let options = options
    let loop = connection.loopLocal { EngineOfLoop(Engine(options)) }
    self.loop = loop
    peer.number = loop.engine.welcome()
  }

  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    loop?.engine.receive(bytes, &peer, &connection)
  }

  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    switch message {
    case .published(let bytes): peer.push(bytes.span, &connection)
    case .grown: loop?.engine.serveWaiting(&peer, &connection)
    }
  }

  /// It has waited for a list as long as it wanted to.
  public mutating func elapsed(_ connection: inout Connection) {
    loop?.engine.endWaiting(&peer, &connection)
  }

  public mutating func closed(_ reason: CloseReason) { loop?.engine.leave(&peer) }
}

/// The engine of a loop, for its sessions.
final class EngineOfLoop {
  var engine: Engine
  init(_ engine: consuming Engine) { self.engine = engine }
}
