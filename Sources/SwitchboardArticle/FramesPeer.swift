import Switchboard
import SwitchboardProtocols

/// One peer of the frames server, as the article on concurrent servers has it: three states, and a
/// buffer for what is not sent yet.
///
/// Why does a server made of callbacks need a state that the blocking servers did not? A blocking
/// server sends its `*` and only then reads: that the acknowledgement comes first is written in the
/// order of its statements, and the thread's own stack remembers how far it has got. A callback
/// has no such place. It returns while the `*` may still lie unsent, and the next callback, for this
/// peer, may be about received bytes. So "the acknowledgement is not out yet" has to be remembered
/// like everything else: it becomes a state. The pure protocol, ``Frames``, knows nothing of it.
///
/// What each callback answers (R: wake me to receive, W: to send, -: finished):
///
/// | callback | situation | does | answers |
/// |---|---|---|---|
/// | connected | | queue `*` | W |
/// | ready to receive | something unsent | nothing | W |
/// | | would block | nothing | R |
/// | | end of stream, or an error | | - |
/// | | bytes, some to answer | step, queue the answer | W |
/// | | bytes, none to answer | step | R |
/// | ready to send | nothing queued | | RW |
/// | | would block, or a part was taken | keep the rest | W |
/// | | all taken | acknowledged, if it was that | R |
///
/// A peer is not read from while something is unsent. So what it is owed is bounded by
/// ``bufferSize`` however little it reads, and when its end of stream is seen nothing is owed any
/// more: half-closing never costs a reply.
public struct FramesPeer: ~Copyable {
  /// What the peer's next byte means.
  public enum State: Hashable, Sendable {
    /// The `*` is not sent yet.
    case initialAcknowledgement
    /// Outside a frame.
    case waitingForMessage
    /// Inside a frame.
    case inMessage
  }

  /// How the conversation ended, for the log.
  public enum Ending: Hashable, Sendable {
    /// The peer finished sending.
    case endOfStream
    /// The connection broke.
    case failed(SystemError)
  }

  /// The most that one callback receives, and so the most that is ever queued, in bytes.
  public static let bufferSize = 16384

  /// Where the conversation stands.
  public private(set) var state = State.initialAcknowledgement
  /// Set when it is over.
  public private(set) var ending: Ending?
  /// What is to be sent, from `sent` on. Holds no memory when everything is sent.
  private var output: [UInt8] = []
  private var sent = 0
  /// Finish as soon as nothing is under way.
  private var isDraining = false

  /// A peer that has just connected.
  public init() {}

  /// Bytes queued and not sent yet.
  public var unsent: Int { output.count - sent }

  /// The peer has connected.
  public mutating func connected() -> Interest {
    output = [Frames.greeting]
    return .write
  }

  /// There may be something to receive. `scratch` has room for ``bufferSize`` bytes; its content
  /// means nothing between calls.
  public mutating func readyToReceive(
    _ socket: borrowing Socket<some Kernel>, _ scratch: inout [UInt8]
  ) -> Interest {
    guard unsent == 0 else { return .write }
    do throws(SystemError) {
      var buffer = scratch.mutableSpan
      switch try socket.receive(into: &buffer) {
      case .bytes(let count):
        let answers = step(&buffer, count: count)
        if answers > 0 {
          output = Array(scratch[..<answers])
          return .write
        }
        // Draining, the peer is not waited for, but what it has already sent is answered. There
        // may be more of it: room to send there is, so the next turn comes back, and no peer can
        // hold up the loop by sending faster than it is read from.
        return isDraining ? [.read, .write] : .read
      case .wouldBlock:
        return isDraining && state == .waitingForMessage ? [] : .read
      case .endOfStream:
        ending = .endOfStream
        return []
      }
    } catch {
      ending = .failed(error)
      return []
    }
  }

  /// Runs the protocol over what was received; the answers replace it in the buffer.
  private mutating func step(_ buffer: inout MutableSpan<UInt8>, count: Int) -> Int {
    var frames = Frames()
    frames.inFrame = state == .inMessage
    let answers = frames.stepInPlace(&buffer, count: count)
    state = frames.inFrame ? .inMessage : .waitingForMessage
    return answers
  }

  /// There may be room to send.
  public mutating func readyToSend(
    _ socket: borrowing Socket<some Kernel>, _ scratch: inout [UInt8]
  ) -> Interest {
    guard unsent > 0 else {
      return isDraining ? readyToReceive(socket, &scratch) : [.read, .write]
    }
    do throws(SystemError) {
      switch try socket.send(output.span.extracting(droppingFirst: sent)) {
      case .wouldBlock: return .write
      case .bytes(let count): sent += count
      }
    } catch {
      ending = .failed(error)
      return []
    }
    guard unsent == 0 else { return .write }
    output = []
    sent = 0
    if state == .initialAcknowledgement { state = .waitingForMessage }
    return isDraining ? readyToReceive(socket, &scratch) : .read
  }

  /// The server is draining: answer what has arrived, let an open frame be finished, then end.
  public mutating func drain(
    _ socket: borrowing Socket<some Kernel>, _ scratch: inout [UInt8]
  ) -> Interest {
    isDraining = true
    return readyToReceive(socket, &scratch)
  }
}

/// The frames server: the three callbacks, each handed to the peer it concerns.
///
/// Generic over the kernel, so that it also runs on one that injects faults or is simulated, and
/// specialised for the real one.
public struct FramesServer<System: Kernel>: ReactorHandler, ~Copyable {
  /// How much a line matters.
  public enum Level: Hashable, Sendable {
    /// The ordinary course of things.
    case info
    /// Something an operator should look at.
    case warning
  }

  private var peers = PeerTable<FramesPeer>()
  private var scratch = [UInt8](repeating: 0, count: FramesPeer.bufferSize)
  private let log: ((Level, String) -> Void)?

  /// A server; `log` gets a line for each peer that connects and closes, and for what an operator
  /// should know. It is called on the reactor's thread.
  public init(log: ((Level, String) -> Void)? = nil) { self.log = log }

  @specialized(where System == Linux)
  public mutating func peerConnected(_ peer: inout Peer<System>) -> Interest {
    log?(.info, "peer \(peer.address) connected")
    peers.insert(FramesPeer(), for: peer.key)
    return peers.update(peer.key) { $0.connected() } ?? []
  }

  @specialized(where System == Linux)
  public mutating func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    peers.update(peer.key) { $0.readyToReceive(peer.socket, &scratch) } ?? []
  }

  @specialized(where System == Linux)
  public mutating func readyToSend(_ peer: inout Peer<System>) -> Interest {
    peers.update(peer.key) { $0.readyToSend(peer.socket, &scratch) } ?? []
  }

  public mutating func drain(_ peer: inout Peer<System>) -> Interest {
    peers.update(peer.key) { $0.drain(peer.socket, &scratch) } ?? []
  }

  public mutating func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    if let log {
      let ending = peers.update(peer.key) { $0.ending } ?? nil
      log(.info, "peer \(peer.address) closed: \(describe(ending, reason))")
    }
    peers.remove(peer.key)
  }

  public mutating func notice(_ notice: LoopNotice) {
    if case .acceptingPaused = notice { return log?(.warning, notice.description) ?? () }
    log?(.info, notice.description)
  }

  private func describe(_ ending: FramesPeer.Ending?, _ reason: CloseReason) -> String {
    switch (ending, reason) {
    case (.endOfStream, _): "the peer finished"
    case (.failed(let error), _): error.errno.meaning
    case (nil, _): reason.description
    }
  }
}
