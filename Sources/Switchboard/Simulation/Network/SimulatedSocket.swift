#if TestBench

/// A TCP socket: listening, or one end of a connection. The name of one: what is known of it stands
/// in its network's table, and goes with that.
@safe
struct SimulatedSocket {
  enum State: UInt8 { case fresh, bound, listening, connecting, halfOpen, connected, closed }

  struct Body {
    var state = State.fresh
    /// A fault has it that there is no room, until it is woken.
    var isHeldUp = false
    var wasReset = false
    /// When it broke, by the peer or a fault; 0 when it did not.
    var brokeAt: UInt64 = 0
    var hasFinished = false
    var resetsOnClose = false
    var sharesPort = false
    /// A ring holds it, whatever becomes of its descriptor.
    var isDirect = false
    /// Its number; -1 for one that no process of the simulation holds.
    var descriptor: Int32 = -1
    let id: Int
    /// The other end.
    var other = -1
    var link: SimulatedLink?
    var incoming: SimulatedStream?
    var outgoing: SimulatedStream?
    /// Its registration with epoll.
    var watch: SimulatedWatch?
    /// What `SO_ERROR` would say.
    var error: Errno?
    /// The client whose socket it is, from 1 on; 0 for the server's, and below that for those outside.
    var client = 0
    /// Whom the process has connected it to, from 1 on; 0 where that is nobody outside.
    var remote = 0
    /// When this end said that it sends no more; 0 when it has not.
    var finishedAt: UInt64 = 0
    /// When a thread of the kernel got to half-closing it; 0 when none has.
    var workerAt: UInt64 = 0
    /// When its owner last received or sent.
    var lastActive: UInt64 = 0
    /// When its process took it from a listener's queue.
    var acceptedAt: UInt64 = 0
    /// How many more bytes its filter has made than its session has written.
    var overhead = 0
    /// Its filter has told the peer that nothing more comes.
    var hasSaidEnd = false
    /// It must not, for what its session had to pass on was cut off.
    var mustNotEnd = false
    var address: SocketAddress
    var peer: SocketAddress
    // Listening.
    var queue: [SimulatedSocket] = []
    var backlog = 0
    var queued = 0
    var spoiled = 0
    /// Segments that came before the server's kernel knew of the connection.
    var missed = 0

    init(id: Int, family: SocketAddress.Family) {
      self.id = id
      address = .any(family, port: 0)
      peer = .any(family, port: 0)
    }
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  private var own: Body {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(place) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe place }
  }

  /// Whether both name the same socket.
  static func === (a: SimulatedSocket?, b: SimulatedSocket) -> Bool {
    unsafe a?.place == b.place
  }

  /// What it is ready for, as poll(2) would say.
  var bits: UInt32 {
    switch state {
    case .listening: return queue.isEmpty ? 0 : PollBits.read
    case .connecting, .halfOpen: return 0
    case .fresh, .bound: return PollBits.write | PollBits.hangUp
    case .closed:
      let error = error == nil ? 0 : PollBits.error
      return PollBits.read | PollBits.write | PollBits.hangUp | error
    case .connected: return connectedBits
    }
  }

  private var connectedBits: UInt32 {
    var bits: UInt32 = error == nil ? 0 : PollBits.error
    let hasEnded = wasReset || incoming?.hasEnded ?? true
    if hasEnded { bits |= PollBits.read | PollBits.ended }
    if let incoming {
      if incoming.isReadable { bits |= PollBits.read }
      if incoming.isUrgent { bits |= PollBits.urgent }
    }
    if wasReset || (hasEnded && hasFinished) { bits |= PollBits.hangUp }
    if wasReset || hasFinished || (!isHeldUp && outgoing?.isWritable ?? true) {
      bits |= PollBits.write
    } else {
      // Who was told that there is no room is told when there is.
      outgoing?.wantsRoom = true
    }
    return bits
  }
}

// What stands in the table, by name.
extension SimulatedSocket {
  var id: Int { own.id }
  var state: State {
    get { own.state }
    nonmutating set { own.state = newValue }
  }
  var descriptor: Int32 {
    get { own.descriptor }
    nonmutating set { own.descriptor = newValue }
  }
  var other: Int {
    get { own.other }
    nonmutating set { own.other = newValue }
  }
  var link: SimulatedLink? {
    get { own.link }
    nonmutating set { own.link = newValue }
  }
  var incoming: SimulatedStream? {
    get { own.incoming }
    nonmutating set { own.incoming = newValue }
  }
  var outgoing: SimulatedStream? {
    get { own.outgoing }
    nonmutating set { own.outgoing = newValue }
  }
  var watch: SimulatedWatch? {
    get { own.watch }
    nonmutating set { own.watch = newValue }
  }
  var error: Errno? {
    get { own.error }
    nonmutating set { own.error = newValue }
  }
  var brokeAt: UInt64 {
    get { own.brokeAt }
    nonmutating set { own.brokeAt = newValue }
  }
  var wasReset: Bool {
    get { own.wasReset }
    nonmutating set { own.wasReset = newValue }
  }
  var hasFinished: Bool {
    get { own.hasFinished }
    nonmutating set { own.hasFinished = newValue }
  }
  /// When a thread of the kernel got to half-closing it; zero if none has.
  var workerAt: UInt64 {
    get { own.workerAt }
    nonmutating set { own.workerAt = newValue }
  }
  var finishedAt: UInt64 {
    get { own.finishedAt }
    nonmutating set { own.finishedAt = newValue }
  }
  var isHeldUp: Bool {
    get { own.isHeldUp }
    nonmutating set { own.isHeldUp = newValue }
  }
  var resetsOnClose: Bool {
    get { own.resetsOnClose }
    nonmutating set { own.resetsOnClose = newValue }
  }
  var isDirect: Bool {
    get { own.isDirect }
    nonmutating set { own.isDirect = newValue }
  }
  var sharesPort: Bool {
    get { own.sharesPort }
    nonmutating set { own.sharesPort = newValue }
  }
  var backlog: Int {
    get { own.backlog }
    nonmutating set { own.backlog = newValue }
  }
  var client: Int {
    get { own.client }
    nonmutating set { own.client = newValue }
  }
  var remote: Int {
    get { own.remote }
    nonmutating set { own.remote = newValue }
  }
  var lastActive: UInt64 {
    get { own.lastActive }
    nonmutating set { own.lastActive = newValue }
  }
  var acceptedAt: UInt64 {
    get { own.acceptedAt }
    nonmutating set { own.acceptedAt = newValue }
  }
  var overhead: Int {
    get { own.overhead }
    nonmutating set { own.overhead = newValue }
  }
  var hasSaidEnd: Bool {
    get { own.hasSaidEnd }
    nonmutating set { own.hasSaidEnd = newValue }
  }
  var mustNotEnd: Bool {
    get { own.mustNotEnd }
    nonmutating set { own.mustNotEnd = newValue }
  }
  var address: SocketAddress {
    get { own.address }
    nonmutating set { own.address = newValue }
  }
  var peer: SocketAddress {
    get { own.peer }
    nonmutating set { own.peer = newValue }
  }
  /// How many connections came into the queue so far.
  var queued: Int {
    get { own.queued }
    nonmutating set { own.queued = newValue }
  }
  var missed: Int {
    get { own.missed }
    nonmutating set { own.missed = newValue }
  }
  /// How many of them have left it.
  var taken: Int { own.queued - own.queue.count }
  /// How often one was asked for when descriptors or memory had run out.
  var spoiled: Int {
    get { own.spoiled }
    nonmutating set { own.spoiled = newValue }
  }
  /// Connections that wait to be accepted.
  var queue: [SimulatedSocket] {
    get { own.queue }
    nonmutating _modify { yield unsafe &place.pointee.queue }
  }
}

#endif
