import Switchboard
import SwitchboardProtocols

/// The frames protocol as a ``Session``: greet, answer, and nothing else. Buffers, partial sends and
/// the order of output are the library's work.
public struct FramesSession: Session {
  private var frames = Frames()
  private var isDraining = false

  /// A new connection's state.
  public init() {}

  /// Greets.
  public mutating func opened(_ connection: inout Connection) {
    connection.write(Frames.greeting)
  }

  /// Answers.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(atMost: bytes.count) { output in
      frames.step(bytes, into: &output, from: 0).end
    }
    if isDraining, !frames.inFrame { connection.close() }
  }

  /// Lets an open frame be finished.
  public mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if !frames.inFrame { connection.close() }
  }
}
