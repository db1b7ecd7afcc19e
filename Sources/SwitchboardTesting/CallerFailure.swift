import Switchboard

extension Caller {
  /// What a caller waited for, and what came instead.
  public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// How a wait ended.
    public enum Ending: Hashable, Sendable {
      /// Nothing more came in time.
      case late
      /// The peer said that it sends no more.
      case ended
      /// The peer reset the connection, or it broke.
      case reset
      /// Other bytes came.
      case different
      /// A system call failed.
      case failed(Errno)
    }

    /// How it ended.
    public let ending: Ending
    /// What was waited for, in words.
    public let awaited: String
    /// The bytes that had come by then and had not been taken.
    public let came: [UInt8]
    /// How long it was waited for.
    public let waited: Duration

    /// `waited 0.012 seconds for a line: the connection was reset, behind 'tea'`
    public var description: String {
      "waited \(waited) for \(awaited): \(what)"
        + (came.isEmpty ? ", and no byte had come" : ", after " + quoted(came))
    }

    private var what: String {
      switch ending {
      case .late: "nothing more came"
      case .ended: "the stream ended"
      case .reset: "the connection was reset"
      case .different: "other bytes came"
      case .failed(let errno): "a call failed (\(errno))"
      }
    }
  }

  /// One wait, for its message.
  struct Wait {
    /// What it is for.
    enum Aim {
      case connection(SocketAddress)
      case room(Int)
      case bytes(ArraySlice<UInt8>)
      case count(Int)
      case line, end
    }

    let aim: Aim
    let begun: Instant
    let deadline: Instant

    /// The wait's failure, with what had come.
    func failure(_ ending: Failure.Ending, after came: [UInt8], at now: Instant) -> Failure {
      Failure(ending: ending, awaited: aim.words, came: came, waited: now.since(begun))
    }

    /// The failure of a call.
    func failure(_ errno: Errno?, after came: [UInt8], at now: Instant) -> Failure {
      let errno = errno ?? Errno(rawValue: 0)
      let isReset = Wait.resets.contains(errno.rawValue)
      return failure(isReset ? .reset : .failed(errno), after: came, at: now)
    }

    /// ECONNRESET and EPIPE.
    private static let resets: Set<Int32> = [104, 32]
  }
}

extension Caller.Wait.Aim {
  /// What is waited for.
  var words: String {
    switch self {
    case .connection(let address): "a connection to \(address)"
    case .room(let count): "room for \(count) bytes to be sent"
    case .bytes(let bytes): quoted(bytes)
    case .count(let count): "\(count) bytes"
    case .line: "a line"
    case .end: "the end"
    }
  }
}
