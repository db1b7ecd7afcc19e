/// Something that can be watched: a socket, or a counter for waking.
class SimulatedFile {
  /// Its number; -1 for one that no process of the simulation holds.
  var descriptor: Int32 = -1
  /// Its registration with epoll.
  var watch: SimulatedWatch?

  /// What it is ready for, as poll(2) would say.
  var bits: UInt32 { 0 }
}

/// The numbers of poll(2) and epoll(7).
enum PollBits {
  static let read: UInt32 = 0x1
  static let write: UInt32 = 0x4
  static let error: UInt32 = 0x8
  static let hangUp: UInt32 = 0x10
  static let ended: UInt32 = 0x2000
  static let edge: UInt32 = 1 << 31
  /// Told without being asked for.
  static let always: UInt32 = 0x18
}

/// eventfd(2)
final class SimulatedCounter: SimulatedFile {
  var count: UInt64 = 0
  override var bits: UInt32 { PollBits.write | (count > 0 ? PollBits.read : 0) }
}

/// How the two ends of a connection reach each other.
final class SimulatedLink {
  /// Which client's connection it is, from 1 on; also the target of its faults.
  let number: Int
  var random: SimulatedRandom
  /// Nanoseconds one way, and how many more at most.
  var latency: UInt64
  var jitter: UInt64
  /// Bytes in a segment at most, as a limit for a random number.
  var segmentLimit: Int
  /// Bytes that either direction holds.
  var capacity: Int
  /// Whether a reset makes the receiver forget what it has not read.
  var resetForgets: Bool
  /// Nothing gets through until then.
  var cutUntil: UInt64 = 0

  init(number: Int, random: SimulatedRandom) {
    self.number = number
    self.random = random
    latency = UInt64(self.random.within(20...2000)) * 1000
    jitter = self.random.chance(0.5) ? latency : latency / 8 + 1
    let limits = [1 << 20, 1460, 1460, 256, 24]
    segmentLimit = limits[self.random.below(limits.count)]
    let capacities = [1 << 18, 1 << 16, 1 << 16, 8192, 2048]
    capacity = capacities[self.random.below(capacities.count)]
    resetForgets = self.random.chance(0.5)
  }
}

/// A TCP socket: listening, or one end of a connection.
final class SimulatedSocket: SimulatedFile {
  enum State: UInt8 { case fresh, bound, listening, connecting, connected, closed }

  let id: Int
  var state = State.fresh
  var address: SocketAddress
  var peer: SocketAddress

  // Listening.
  var queue: [SimulatedSocket] = []
  var backlog = 0
  var sharesPort = false

  // Connected.
  /// The other end.
  var other = -1
  var link: SimulatedLink?
  var incoming: SimulatedStream?
  var outgoing: SimulatedStream?
  /// What `SO_ERROR` would say.
  var error: Errno?
  var wasReset = false
  var hasFinished = false
  var resetsOnClose = false
  /// The client whose socket it is, from 1 on; 0 for the server's.
  var client = 0
  /// When this end said that it sends no more; 0 when it has not.
  var finishedAt: UInt64 = 0
  /// When something last went through this end.
  var lastActive: UInt64 = 0

  init(id: Int, family: SocketAddress.Family) {
    self.id = id
    address = .any(family, port: 0)
    peer = .any(family, port: 0)
  }

  override var bits: UInt32 {
    switch state {
    case .listening: return queue.isEmpty ? 0 : PollBits.read
    case .connecting: return 0
    case .fresh, .bound: return PollBits.write | PollBits.hangUp
    case .closed: return PollBits.read | PollBits.write | PollBits.hangUp
    case .connected: return connectedBits
    }
  }

  private var connectedBits: UInt32 {
    var bits: UInt32 = error == nil ? 0 : PollBits.error
    let hasEnded = wasReset || incoming?.hasEnded ?? true
    if hasEnded { bits |= PollBits.read | PollBits.ended }
    if let incoming, incoming.unread > 0 { bits |= PollBits.read }
    if wasReset || (hasEnded && hasFinished) { bits |= PollBits.hangUp }
    if wasReset || hasFinished || outgoing?.isWritable ?? true {
      bits |= PollBits.write
    } else {
      // Who was told that there is no room is told when there is.
      outgoing?.wantsRoom = true
    }
    return bits
  }
}
