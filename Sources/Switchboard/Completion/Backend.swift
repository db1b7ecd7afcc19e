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
/// - *A send is answered at once or later.* Either bytes are taken during the call, and if not all, the rest
///   is the caller's, and `.sent` tells when there is room again. Or the answer is `.later`: then the bytes
///   stay where they are until the completion.
/// - *Output that a callback writes* goes to where `outputRegion` says and is sent from there. If that
///   is answered `.later`, one `.sentInPlace` or `.sendFailed` follows, with the bytes that were not
///   taken; where all were and nobody waits for it, `SlotTable.endSend` does instead. The region is
///   not given out anew before. More output of the same connection may join it as long as the kernel has
///   not seen it; its completion speaks for both.
/// - *What a backend notes of a connection* is in the slot's `backendBits`. The slot's flags are the loop's.
/// - *`close` is final.* When it answers true the descriptor is gone. Otherwise completions of the
///   connection may still come, the last of them `.closed`, and until then the slot is kept.
/// - *What is adopted is as what was accepted*, from `open` on: see ``LoopContext/adopt(_:)``.
/// - *Completions carry the key* they were submitted with. The loop drops those whose key is dead.
/// - `wait` submits what is to be submitted, and returns when there is something to take with
///   `next`, or the deadline has passed. `next` answers nil when the turn is over; a backend may
///   end a turn early and go on in the next one, which then does not sleep.
/// - A backend belongs to one thread.
protocol Backend: ~Copyable {
  associatedtype System: Kernel

  /// Brings completions from a descriptor that is no connection and stays the caller's: `.accepted` from one
  /// that listens; `.woken`, `.signalled` or `.attempted` when it is readable, until the loop has taken what
  /// made it so. Who takes a part only may not be told of the rest before more comes.
  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind) throws(SystemError)
  /// How many connections it may accept from now on: told before every wait, 0 for none. Never more
  /// are brought. Where loops share a limit, a place is taken from `places` for each connection before
  /// it is accepted, and given back where none came; who gets the connection gives it back at its
  /// end.
  mutating func setRoom(_ count: Int, within places: Places?)

  /// Begins to receive on a new connection, accepted or adopted.
  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError)
  /// Goes on or stops receiving, as `.receiving` in the slot's flags now says.
  mutating func receivingChanged(_ key: Key, _ slots: inout SlotTable)

  /// Where the output of the next callback goes, which is one of this connection's.
  mutating func outputRegion(for key: Key) -> OutputRegion
  /// Sends at most `limit` bytes, or adds to a send that is not with the kernel yet as long as both together are at
  /// most so many. Only output that was just written may be sent while another send is under way: where it
  /// cannot join that one, nothing of it is taken.
  mutating func send(
    _ output: Output, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer
  /// Tells the peer that nothing more will be sent.
  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable)
  /// Closes: whether the descriptor is gone already. It is where the connection was never opened.
  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool

  /// Submits, and waits for completions until `deadline` (nil: for ever).
  ///
  /// - Parameters:
  ///   - isHurried: Something waits for the end of a send of output: do not sleep over it.
  ///   - isExact: The deadline is a moment that is to be kept to as exactly as the kernel can.
  mutating func wait(until deadline: Instant?, isHurried: Bool, isExact: Bool) throws(SystemError)
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

extension Backend where Self: ~Copyable {
  /// Waits for no moment in particular.
  mutating func wait(until deadline: Instant?, isHurried: Bool) throws(SystemError) {
    try wait(until: deadline, isHurried: isHurried, isExact: false)
  }
  /// Goes on or stops receiving.
  @inline(__always)
  mutating func setReceiving(_ on: Bool, _ key: Key, _ slots: inout SlotTable) {
    if on {
      slots[key.index].flags.insert(.receiving)
    } else {
      slots[key.index].flags.remove(.receiving)
    }
    receivingChanged(key, &slots)
  }
}

/// What is to be sent.
@safe
enum Output {
  /// So many bytes from the start of ``Backend/outputRegion(for:)``, where a callback has just written them.
  case written(Int)
  /// Bytes that stay where they are until the completion.
  case kept(UnsafeRawBufferPointer)
  /// Bytes that are in a file.
  case file(FileRange)

  /// It is sent by sendfile(2).
  var isOfFile: Bool {
    if case .file = self { true } else { false }
  }
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
  /// The connection is over. ``Errno/notSupported`` of a file: nothing of it can be sent from where it is, and it is
  /// to be read instead. (A case of its own for that would cost each request five instructions.)
  case failed(Errno)
}

/// Something that came to its end.
@safe
struct Completion {
  enum Kind: UInt8 {
    /// A connection: its descriptor is `value`, and which listener it came through is `listener`.
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
    /// A send of written output is done; `value` bytes at `bytes` were not taken.
    case sentInPlace
    /// `value` is the error number.
    case sendFailed
    /// The connection's last completion.
    case closed
    /// Somebody used the waker.
    case woken
    /// The process is asked to end.
    case signalled
    /// Attempts to connect have come to their end.
    case attempted
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

  /// A connection that was accepted.
  init(accepted descriptor: Int32, from listener: Int) {
    self.init(.accepted, Key(index: UInt32(truncatingIfNeeded: listener), generation: 0))
    value = Int(descriptor)
  }

  /// Of what was accepted: the place of its listener among those that are watched.
  var listener: Int { Int(key.index) }

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
    case .woken, .signalled, .attempted: noteNews()
    case .received: note(completion.key.index, bytes: completion.value)
    default: note(completion.key.index, bytes: 0)
    }
  }
}
