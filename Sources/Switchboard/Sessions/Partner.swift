/// Two connections of a loop that belong together: each writes into the other, without mailbox and lock.
extension Connection {
  /// This connection's name for others of its loop.
  public var link: Link { Link(key: key, loop: ObjectIdentifier(loop)) }

  /// Begins to connect, as ``connect(to:from:times:session:)`` does, to a *partner*: a connection that belongs
  /// together with this one.
  ///
  /// - What the one is given it may ``forward(_:)`` to the other. Who forwards more than its partner's peer
  ///   takes is given nothing more until that has gone, above ``ServerOptions/highWatermark`` and down to
  ///   ``ServerOptions/lowWatermark``; and nothing before the partner stands. Its own pauses count apart.
  /// - Each is told when the other stands (``Session/partnerOpened(_:)``) and when it has gone, or never
  ///   came about (``Session/partnerClosed(_:_:)``). Until then it has this one partner, and afterwards may
  ///   have another.
  ///
  /// A connection that has a partner already is told that the new one was closed.
  @discardableResult
  public mutating func connectPartner<S: Session & ~Copyable>(
    to target: ConnectTarget, from local: SocketAddress? = nil,
    times: ConnectTimes = ConnectTimes(),
    session: @escaping @Sendable () -> S
  ) -> ConnectAttempt {
    connect(to: target, from: local, times: times, partner: key, behind: nil, session: session)
  }

  /// Makes another connection of this loop the partner of this one, as ``connectPartner(to:from:times:session:)``
  /// does with a new one. Its session is told by ``Session/partnerOpened(_:)``. Where it has gone, has a
  /// partner or is not of this loop, this one is told by ``Session/partnerClosed(_:_:)``.
  public mutating func pair(with link: Link) {
    wanted = link
    requests.insert(.pair)
  }

  /// Has the partner send bytes, behind all that it was given before. Where there is none that stands, they
  /// go nowhere. What ``Session/received(_:_:)`` was just given is not copied here.
  public mutating func forward(_ bytes: Span<UInt8>) {
    forwarded.append(bytes)
    requests.insert(.forward)
  }

  /// Has the partner tell its peer, behind all that was forwarded, that nothing more comes: what
  /// ``finishSending()`` does here.
  public mutating func forwardEnd() { requests.insert(.forwardEnd) }
}

extension Connection {
  /// Has the partner's session given what ``Session/received(_:_:)`` was just given: ``Session/partnerReceived(_:_:)``.
  mutating func handOver(_ bytes: Span<UInt8>) {
    forwarded.append(bytes)
    forwarded.isForSession = true
    requests.insert(.forward)
  }
}

/// What a callback forwards: bytes of what it was given, which stay where they lie, and behind them others.
@safe
struct Forwarded {
  /// What the callback was given, if that is bytes.
  private var input = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Of those.
  private(set) var inPlace = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var copied: [UInt8] = []
  /// It is for the partner's session, and not for its peer.
  var isForSession = false

  /// A callback begins that is given bytes of the backend's, which lie there until the loop has done what it
  /// asks for.
  @inline(__always)
  mutating func begin(_ input: UnsafeRawBufferPointer) { unsafe self.input = input }

  /// A callback begins that is given none.
  @inline(__always)
  mutating func begin() { unsafe input = UnsafeRawBufferPointer(start: nil, count: 0) }

  mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { bytes in
      if copied.isEmpty, unsafe isNext(bytes) {
        let start = unsafe inPlace.isEmpty ? bytes.baseAddress : inPlace.baseAddress
        unsafe inPlace = UnsafeRawBufferPointer(start: start, count: inPlace.count + bytes.count)
      } else {
        unsafe copied.append(contentsOf: bytes)
      }
    }
  }

  /// Whether bytes lie in what was given, behind those that were forwarded of it.
  private func isNext(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let start = bytes.baseAddress, let first = unsafe input.baseAddress else { return false }
    let (end, last) = unsafe (start + bytes.count, first + input.count)
    guard unsafe start >= first, unsafe end <= last else { return false }
    guard let begun = unsafe inPlace.baseAddress else { return true }
    return unsafe start == begun + inPlace.count
  }

  /// How many bytes there are.
  var count: Int { unsafe inPlace.count + copied.count }

  /// It has been sent, or nobody takes it.
  mutating func clear() {
    isForSession = false
    unsafe inPlace = UnsafeRawBufferPointer(start: nil, count: 0)
    copied.removeAll(keepingCapacity: copied.capacity <= 65536)
  }
}
