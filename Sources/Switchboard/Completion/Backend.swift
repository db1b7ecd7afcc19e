/// What a loop drives: operations go in, completions come out.
///
/// **Contract**, for every backend alike, and all that an implementer needs:
///
/// - *Submitting neither fails nor calls back.* What goes wrong is a completion.
/// - *Receiving and accepting stay armed* until they are switched off, so that the ordinary course
///   of a connection changes nothing. A connection has at most one receive and one send under way.
/// - *Whoever has bytes is heard*, whatever others send: within two turns, or as much later as what
///   all who wait may send at once takes. While others wait, nobody gets more than a budget in a
///   turn.
/// - *Every listener is served in its turn* while there is room, however little.
/// - *What a session may ask is answered*, whatever is full: its peer's address, for one.
/// - *A connection that breaks is told of at once*, by `.receiveFailed`, also while it does not
///   receive. That its peer has finished sending is told only to those who receive.
/// - *Bytes that were received* lie in the backend's memory and may be read until `next` is called
///   again.
/// - *A send names its bytes and is answered at once or later.* `send` either takes them during the
///   call, and if not all, tells by `.sent` when there is room again; or answers `.later`: then
///   they must stay where they are until the one `.sent` or `.sendFailed` completion.
/// - *Output that a callback writes* goes to where `outputRegion` says and is sent from there by
///   `sendOutput`. If that answers `.later`, one `.sentInPlace` or `.sendFailed` follows, with the
///   bytes that were not taken; the region is not given out anew before.
/// - *`close` is final.* When it answers true the descriptor is gone. Otherwise completions of the
///   connection may still come, the last of them `.closed`, and until then the slot is kept.
/// - *Completions carry the key* they were submitted with. The loop drops those whose key is dead.
/// - `wait` submits what is to be submitted, and returns when there is something to take with
///   `next`, or the deadline has passed. `next` answers nil when the turn is over; a backend may
///   end a turn early and go on in the next one, which then does not sleep.
/// - A backend belongs to one thread.
protocol Backend: ~Copyable {
  associatedtype System: Kernel
  var system: System { get }
  /// How it is called in options and messages.
  static var name: String { get }

  /// Tells by `.woken` or `.signalled` when a descriptor that is no connection is readable, until
  /// the loop has taken what made it so.
  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind) throws(SystemError)
  /// Begins to accept from a listening descriptor, which stays the caller's.
  mutating func listen(_ descriptor: Descriptor) throws(SystemError)
  /// Closes a connection that was accepted and cannot be kept.
  mutating func refuse(_ descriptor: Int32)
  /// How many connections it may accept from now on: told before every wait, 0 for none. Never more
  /// are brought.
  mutating func setRoom(_ count: Int)

  /// Takes a place for each connection before it accepts it, from now on, and gives it back where none
  /// came: a limit that several loops share. Who gets the connection gives the place back at its end.
  mutating func take(from places: Places)

  /// Begins to receive on a new connection.
  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError)
  /// Goes on or stops receiving; `.receiving` in the slot's flags says what is so.
  mutating func setReceiving(_ on: Bool, _ key: Key, _ slots: inout SlotTable)

  /// Where the output of the next callback goes, which is one of this connection's.
  mutating func outputRegion(for key: Key) -> OutputRegion
  /// Adds what the session wrote there to a `sendOutput` of the same connection that was answered
  /// `.later` and that the kernel has not seen yet: whether there is such a one, and both together are
  /// at most `limit` bytes. Then its completion speaks for both.
  mutating func joinOutput(_ count: Int, _ key: Key, atMost limit: Int) -> Bool
  /// Sends from where the session wrote it, the start of ``outputRegion(for:)``.
  mutating func sendOutput(_ count: Int, _ key: Key, _ slots: inout SlotTable) -> SendAnswer
  /// Sends from memory that stays until the completion.
  mutating func send(_ bytes: UnsafeRawBufferPointer, _ key: Key, _ slots: inout SlotTable)
    -> SendAnswer

  /// Something waits for the end of a `sendOutput` that was answered `.later`: do not sleep over
  /// it.
  mutating func hurrySends()

  /// Tells the peer that nothing more will be sent.
  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable)
  /// Closes: whether the descriptor is gone already.
  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool

  /// Submits, and waits for completions until `deadline` (nil: for ever).
  mutating func wait(until deadline: Instant?) throws(SystemError)
  /// Whether something that is there already may show only after the next wait: a receive that is
  /// to be armed anew has not been submitted yet, or the kernel may have more to tell than it did.
  /// A turn that brought nothing tells nothing as long as this is so.
  var owesWork: Bool { get }
  /// The next completion of this turn; nil ends it, and may submit what the turn left to do. It is not
  /// asked again before the next wait.
  mutating func next(_ slots: inout SlotTable) -> Completion?

  /// What connections can ask of this backend.
  func makeContext(box: AnyObject) -> LoopContext
}

/// Memory for a callback's output.
@safe
struct OutputRegion {
  var start: UnsafeMutablePointer<UInt8>
  var capacity: Int
}

/// What a send did.
enum SendAnswer {
  /// So many bytes were taken. If not all, `.sent` follows when there is room again.
  case took(Int)
  /// The completion will tell.
  case later
  /// The connection is over.
  case failed(Errno)
}

/// Something that came to its end.
@safe
struct Completion {
  enum Kind: UInt8 {
    /// A connection: its descriptor is `value`.
    case accepted
    /// `value` is the error number.
    case acceptFailed
    /// `value` bytes at `bytes`.
    case received
    /// The peer has finished sending.
    case ended
    /// `value` is the error number.
    case receiveFailed
    /// A send is done, `value` bytes were taken; or there is room again, and `value` is 0.
    case sent
    /// A send of `sendOutput` is done; `value` bytes at `bytes` were not taken.
    case sentInPlace
    /// `value` is the error number.
    case sendFailed
    /// The connection's last completion.
    case closed
    /// Somebody used the waker.
    case woken
    /// The process is asked to end.
    case signalled
  }

  var kind: Kind
  var key = Key(index: 0, generation: 0)
  var value = 0
  var bytes: UnsafeMutablePointer<UInt8>?

  init(_ kind: Kind, _ key: Key = Key(index: 0, generation: 0), _ value: Int = 0) {
    self.kind = kind
    self.key = key
    self.value = value
    unsafe bytes = nil
  }

  /// The error number of a failure.
  var errno: Errno { Errno(rawValue: Int32(truncatingIfNeeded: value)) }

  /// The bytes of a receive.
  var received: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: UnsafeRawPointer(bytes), count: value)
  }
}

extension Arrears {
  /// A completion came.
  mutating func note(_ completion: Completion) {
    switch completion.kind {
    case .accepted, .acceptFailed: noteAccept()
    case .woken, .signalled: noteNews()
    case .received: note(completion.key.index, bytes: completion.value)
    default: note(completion.key.index, bytes: 0)
    }
  }
}
