#if TestBench

/// Something else than a socket that has a descriptor: a counter for waking, an epoll, a ring.
class SimulatedFile {
  /// Its number; -1 for one that no process of the simulation holds.
  var descriptor: Int32 = -1
  /// Its registration with epoll.
  var watch: SimulatedWatch?
  /// The epoll that it is, if it is one.
  let epoll: SimulatedEpoll?

  init(epoll: SimulatedEpoll? = nil) { self.epoll = epoll }

  /// What it is ready for, as poll(2) would say.
  var bits: UInt32 { epoll.map { $0.isReady ? PollBits.read : 0 } ?? 0 }
}

/// The numbers of poll(2) and epoll(7).
enum PollBits {
  static let read: UInt32 = 0x1
  static let urgent: UInt32 = 0x2
  static let write: UInt32 = 0x4
  static let error: UInt32 = 0x8
  static let hangUp: UInt32 = 0x10
  static let ended: UInt32 = 0x2000
  static let oneShot: UInt32 = 1 << 30
  static let edge: UInt32 = 1 << 31
  /// Told without being asked for.
  static let always: UInt32 = 0x18
}

/// eventfd(2)
final class SimulatedCounter: SimulatedFile {
  var count: UInt64 = 0
  /// How often it was written to.
  var writes = 0
  override var bits: UInt32 { PollBits.write | (count > 0 ? PollBits.read : 0) }
}

/// What a descriptor stands for; nothing where the number is free.
struct SimulatedDescriptor {
  var socket: SimulatedSocket?
  var file: SimulatedFile?

  var isFree: Bool { socket == nil && file == nil }
  /// What it is ready for; nil where there is nothing.
  @inline(__always)
  var bits: UInt32? { socket?.bits ?? file?.bits }
  @inline(__always)
  var watch: SimulatedWatch? { socket?.watch ?? file?.watch }
}

#endif
