extension Slot {
  /// What of a connection is still to come or to be done in a ring.
  struct Pending: OptionSet, BitwiseCopyable {
    let rawValue: UInt32
    /// A completion of the armed receive.
    static let receive = Pending(rawValue: 1 << 20)
    /// The end of that, which has been asked for.
    static let cancel = Pending(rawValue: 1 << 21)
    /// The completion of a send from the outbox.
    static let send = Pending(rawValue: 1 << 22)
    /// A poll for its hang-up.
    static let hangUp = Pending(rawValue: 1 << 23)
    /// The question why it broke, when it stops receiving: a receive tells that otherwise.
    static let reason = Pending(rawValue: 1 << 24)
    /// What the kernel said is behind that which was received last.
    static let more = Pending(rawValue: 1 << 25)
    /// The arming of its receive, at the end of the turn or when there are buffers.
    static let arming = Pending(rawValue: 1 << 26)
    /// The end of a half-close, which a thread of the kernel makes.
    static let shutdown = Pending(rawValue: 1 << 27)

    /// What a connection's number may not be given back before.
    static let beforeClosing: Pending = [.receive, .send, .shutdown]
  }

  var pending: Pending {
    @inline(__always) get { Pending(rawValue: backendBits) }
    @inline(__always) set { backendBits = newValue.rawValue }
  }
}
