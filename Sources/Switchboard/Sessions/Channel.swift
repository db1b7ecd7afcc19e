/// A connection's ``StreamFilter``, and what its loop keeps beside it.
final class Channel {
  let filter: any StreamFilter
  /// Whether the session is there: it was told that the connection stands.
  var isOpen = false
  /// It was begun here, and its session is there from the beginning.
  let isOutgoing: Bool
  /// The place of its listener.
  let listener: Int
  /// What its proxy has said.
  let proxied: ProxyHeader?
  /// Whose threads compute its opening exchange; nil: the loop's own.
  let pool: OffloadPool?
  /// What one of them computes now.
  var work: (any FilterWork)?

  /// Plain bytes, and parts of files, that are sealed when what was sealed before has gone: as an index into the
  /// outbox pool; 0 for none. While there is something here, there is something in the connection's outbox.
  var plain: UInt32 = 0
  /// The peer is to be told that nothing more comes, behind those.
  var endsBehind = false
  /// It was told so.
  var isEndSealed = false
  /// It has told us so.
  var peerHasEnded = false

  /// What came during the opening exchange, and has to wait for its turn.
  var held: [UInt8] = []
  /// Behind that the wire has ended.
  var endsBehindHeld = false
  /// How much came before the exchange was over.
  var openingCount = 0
  /// Why it is given up.
  var failure: FilterFailure?

  func takeHeld() -> [UInt8] {
    var all: [UInt8] = []
    swap(&all, &held)
    return all
  }

  /// Who has sent more than this before its turn has come is not read from until it has.
  static let mostHeldFreely = 16384

  /// The most that may come before there is a session.
  static let mostInOpening = 65536

  init(
    _ maker: any FilterMaker, isOutgoing: Bool = false, listener: Int = 0,
    proxied: ProxyHeader? = nil
  ) {
    filter = maker.makeFilter()
    pool = maker.pool
    self.isOutgoing = isOutgoing
    (self.listener, self.proxied) = (listener, proxied)
  }
}

/// Where filters of a loop put what they make of the wire's bytes, and sessions behind filters what they write.
struct FilterBuffers: ~Copyable {
  /// Of each: several records of any protocol that has such.
  static let count = 65536
  let input: ByteRegion
  let output: ByteRegion

  init() throws(SystemError) {
    let input = try ByteRegion(count: Self.count, isPooled: true)
    let output = try ByteRegion(count: Self.count, isPooled: true)
    self.input = input
    self.output = output
  }
}

/// What a loop has of filters; made when the first one is needed.
final class FilterDesk {
  let buffers: FilterBuffers
  /// Each with its source, which so is nobody else.
  private var makers: [ObjectIdentifier: (source: any FilterSource, maker: any FilterMaker)] = [:]
  /// By slots.
  private(set) var channels: [Channel?] = []
  /// How many are in their opening exchange.
  private(set) var openingCount = 0
  /// Whose bytes of the opening exchange wait for their turn, in its order.
  var waiting: [Key] = []
  /// What other threads have computed.
  let finished: FinishedWork
  /// What they have of a turn to compute.
  var computing = ComputingTime()
  /// How many were given up in their opening exchange, of each kind.
  private var failures: [FilterFailure: Int] = [:]
  /// More kinds than that are one.
  private static let mostKinds = 64

  init(_ mail: MailFlag) throws(SystemError) {
    buffers = try FilterBuffers()
    finished = FinishedWork(mail)
  }

  func maker(of source: any FilterSource) -> any FilterMaker {
    let name = ObjectIdentifier(source)
    if let known = makers[name] { return known.maker }
    let made = source.makeMaker()
    makers[name] = (source, made)
    return made
  }

  subscript(index: UInt32) -> Channel? { Int(index) < channels.count ? channels[Int(index)] : nil }

  func put(_ channel: Channel, at index: UInt32) {
    while channels.count <= Int(index) { channels.append(nil) }
    channels[Int(index)] = channel
    openingCount += 1
  }

  func opened(_ channel: Channel) {
    channel.isOpen = true
    openingCount -= 1
  }

  func remove(at index: UInt32) -> Channel? {
    guard let channel = self[index] else { return nil }
    channels[Int(index)] = nil
    if !channel.isOpen { openingCount -= 1 }
    return channel
  }

  /// One more: so many of its kind by now.
  func count(_ failure: FilterFailure) -> Int {
    let isKnown = failures[failure] != nil || failures.count < Self.mostKinds
    let kind = isKnown ? failure : FilterFailure("for reasons of many kinds")
    failures[kind, default: 0] += 1
    return failures[kind] ?? 1
  }
}
