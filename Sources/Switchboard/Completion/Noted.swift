extension Slot {
  /// What a proactor knows of a connection.
  struct Noted: OptionSet, BitwiseCopyable {
    let rawValue: UInt32
    /// The registered interest.
    static let watchesRead = Noted(rawValue: 1 << 20)
    static let watchesWrite = Noted(rawValue: 1 << 21)
    /// There may be something to receive that will not be told again.
    static let readable = Noted(rawValue: 1 << 22)
    /// It stands in the list of those to be received from.
    static let queued = Noted(rawValue: 1 << 23)
    /// It broke while it was received from, which tells the same in its turn.
    static let hungUp = Noted(rawValue: 1 << 24)

    /// The poller does not know it at the moment.
    static let forgotten = Noted(rawValue: 1 << 25)

    var interest: Interest {
      var interest: Interest = []
      if contains(.watchesRead) { interest.insert(.read) }
      if contains(.watchesWrite) { interest.insert(.write) }
      return interest
    }
  }

  /// Whether it is not simply received from, for one of two reasons: one test for both.
  var isReceivedApart: Bool {
    @inline(__always) get {
      let apart = Partnership.paired.rawValue | Noted.queued.rawValue
      return (partnership.rawValue | noted.rawValue) & apart != 0
    }
  }

  var noted: Noted {
    @inline(__always) get { Noted(rawValue: backendBits) }
    @inline(__always) set { backendBits = newValue.rawValue }
  }
}
