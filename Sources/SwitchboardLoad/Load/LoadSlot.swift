import Switchboard

/// What the generator knows of one connection.
struct LoadSlot: BitwiseCopyable {
  enum State: UInt8 {
    /// Not connected, and not about to be.
    case vacant
    case connecting
    /// Waits for the server's greeting.
    case greeting
    case ready
    /// Failed; tries again in a moment.
    case resting
  }

  /// The connection's name, where it stands.
  var key = Key(index: 0, generation: 0)
  /// Grows with every connection that is begun or let go of: what is told of others is of former ones.
  var connection: UInt32 = 0
  /// Grows whenever whoever thinks about the next request is not awaited any more.
  var generation: UInt32 = 0
  var state = State.vacant
  /// It is held open and makes no requests.
  var isIdle = false
  /// Its first attempt is over.
  var isAttempted = false
  /// It is in the queue of those that have room for a request.
  var isQueued = false
  /// The request on the tape that is sent next, and the one whose reply is awaited.
  var nextRequest: Int32 = 0
  var nextReply: Int32 = 0
  /// Requests sent and not answered yet.
  var inFlight: Int32 = 0
  /// Requests sent on this connection: more than 32 bits hold in half an hour.
  var issued = 0
  /// Where in its row of sending times the oldest one stands.
  var head: Int32 = 0
  /// The request on the tape with which sending goes on, and how many bytes are to be sent.
  var nextToSend: Int32 = 0
  var outLeft = 0
  /// From how many sources it has been tried, one after the other, since ports were lacking.
  var sourcesTried: Int32 = 0
  /// Where on the tape of replies receiving goes on, and how many bytes are still to come.
  var inPlace = 0
  var owed = 0
  /// Bytes of the reply under way that are still to come.
  var replyLeft = 0
  /// When the connection was begun, and when something was last heard on it.
  var began: UInt64 = 0
  var heard: UInt64 = 0
  /// The server has closed it, as its protocol has it: it is made anew when there is a request for it.
  var isLeft = false
  /// Where connections are made when needed: a request waits for this one, and when it was due.
  var isAwaited = false
  var due: UInt64 = 0
}

/// When a request was due and when it was sent.
struct LoadSending: BitwiseCopyable {
  var due: UInt64
  var sent: UInt64
}

/// A slot that shall be looked at again at a moment.
struct LoadAppointment: BitwiseCopyable {
  var at: UInt64
  var index: Int32
  var generation: UInt32
}
