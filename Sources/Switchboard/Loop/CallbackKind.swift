/// What a loop called a ``Session``, or a reactor its ``ReactorHandler``, for.
public enum CallbackKind: UInt8, Hashable, Sendable, CaseIterable {
  /// ``Session/opened(_:)``, ``ReactorHandler/peerConnected(_:)``
  case connected = 16
  /// ``Session/received(_:_:)``, ``ReactorHandler/readyToReceive(_:)``
  case receive
  /// ``ReactorHandler/readyToSend(_:)``
  case send
  /// ``Session/drained(_:)``
  case drained
  /// ``Session/ended(_:)``
  case ended
  /// ``Session/elapsed(_:)``, ``ReactorHandler/timeElapsed(_:)``
  case alarm
  /// ``Session/posted(_:_:)``, and what a session is told of its partner
  case posted
  /// ``Session/draining(_:)``, ``ReactorHandler/drain(_:)``
  case drain
  /// ``Session/closed(_:)``, ``ReactorHandler/peerClosed(_:_:)``
  case closed
}
