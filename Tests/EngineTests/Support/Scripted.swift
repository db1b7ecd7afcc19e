import Switchboard

/// A session whose callbacks a test writes.
struct Scripted: Session {
  typealias Message = Int
  typealias Act = @Sendable (inout Int, inout Connection) -> Void

  struct Script: Sendable {
    var opened: Act?
    var received: (@Sendable (inout Int, Span<UInt8>, inout Connection) -> Void)?
    var drained: Act?
    var ended: Act?
    var elapsed: Act?
    var posted: (@Sendable (inout Int, Int, inout Connection) -> Void)?
    var draining: Act?
  }

  let script: Script
  /// What a script keeps of this connection.
  private var state = 0

  init(_ script: Script) { self.script = script }

  mutating func opened(_ connection: inout Connection) { script.opened?(&state, &connection) }
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    script.received?(&state, bytes, &connection)
  }
  mutating func drained(_ connection: inout Connection) { script.drained?(&state, &connection) }
  mutating func ended(_ connection: inout Connection) {
    if let ended = script.ended { ended(&state, &connection) } else { connection.close() }
  }
  mutating func elapsed(_ connection: inout Connection) { script.elapsed?(&state, &connection) }
  mutating func posted(_ message: Int, _ connection: inout Connection) {
    script.posted?(&state, message, &connection)
  }
  mutating func draining(_ connection: inout Connection) {
    if let draining = script.draining { draining(&state, &connection) } else { connection.close() }
  }
}

extension Connection {
  /// Writes an array.
  mutating func send(_ bytes: [UInt8]) { write(bytes.span) }
}
