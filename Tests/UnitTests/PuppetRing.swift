@testable import Switchboard

/// Something that a ring asks its kernel for, as a test reads it.
struct Asked: CustomStringConvertible {
  /// What it is, and on which descriptor.
  var description: String
  /// What its completion is to carry; of a request to end something, what that has.
  var data: UInt64
}

/// A kernel whose ring does nothing by itself: it takes every entry, and a test answers.
struct PuppetKernel: KernelDecorator, RingKernel, @unchecked Sendable {
  /// What it is to do, and what was done.
  final class Strings {
    /// What the ring's opening is refused with.
    var noRing: Errno?
    /// It gives a ring the number 0, and this is what it has in truth.
    var givesZero = false
    fileprivate var number: Int32 = -1
    /// It takes no entries, for this reason.
    var refusal: Errno?
    /// What entering answers first, one after the other.
    var answers: [Errno] = []
    /// Called with each entry that is taken.
    var taken: (Asked) -> Void = { _ in }
    /// Room for so many direct descriptors, and what more are refused with.
    var mostFiles = UInt32.max
    var tooMany = Errno.descriptorLimit
    var descriptorLimit = 1 << 20
    /// An operation that the kernel does not know.
    var unknown: UInt32?
    /// What was registered.
    var files: [UInt32] = []
    var closes: [Int32] = []
    var finished: [Int32] = []
    var progressAsked: [Int32] = []
    var ringsClosed = 0
    /// The least number of completions and the time of each wait.
    var waits: [(least: UInt32, nanoseconds: Int64)] = []
    fileprivate var asked: [Asked] = []
    fileprivate var names: [UInt64: String] = [:]
  }

  let base: SimulatedKernel
  let strings = Strings()

  func descriptorLimit() -> Outcome { .value(strings.descriptorLimit) }

  func close(_ descriptor: Descriptor) -> Outcome {
    strings.closes.append(descriptor.rawValue)
    return .value(0)
  }

  func shutdownSending(_ descriptor: Descriptor) -> Outcome {
    strings.finished.append(descriptor.rawValue)
    return .value(0)
  }

  func get(_ option: SocketOption, on descriptor: Descriptor) -> Outcome {
    strings.progressAsked.append(descriptor.rawValue)
    return .value(0)
  }

  func ringOpen(_ ring: OpaquePointer, entries: UInt32, completions: UInt32) -> Outcome {
    if let errno = strings.noRing { return .failure(errno) }
    let outcome = base.ringOpen(ring, entries: entries, completions: completions)
    if strings.givesZero, let raw = base.record.ring?.raw {
      strings.number = raw.pointee.fd
      raw.pointee.fd = 0
    }
    return outcome
  }

  func ringEnter(_ ring: OpaquePointer, least: UInt32, nanoseconds: Int64) -> Outcome {
    strings.waits.append((least, nanoseconds))
    base.record.ring?.flush()
    if !strings.answers.isEmpty { return .failure(strings.answers.removeFirst()) }
    if let errno = strings.refusal { return .failure(errno) }
    return .value(take())
  }

  func ringRegisterFiles(_ ring: OpaquePointer, count: UInt32) -> Outcome {
    strings.files.append(count)
    if count > strings.mostFiles { return .failure(strings.tooMany) }
    return base.ringRegisterFiles(ring, count: min(count, 64))
  }

  func ringRegisterBuffers(
    _ ring: OpaquePointer, _ buffers: UnsafeMutableRawPointer, entries: UInt32, group: UInt16,
    isIncremental: Bool
  ) -> Outcome {
    base.ringRegisterBuffers(
      ring, buffers, entries: entries, group: group, isIncremental: isIncremental)
  }

  func ringRegisterItself(_ ring: OpaquePointer) -> Outcome { .value(0) }
  func ringSupports(_ ring: OpaquePointer, operation: UInt32) -> Outcome {
    .value(operation == strings.unknown ? 0 : 1)
  }

  func ringClose(_ ring: OpaquePointer) {
    strings.ringsClosed += 1
    if strings.givesZero { base.record.ring?.raw.pointee.fd = strings.number }
    base.ringClose(ring)
  }

  /// Takes every entry out of the queue: how many there were.
  private func take() -> Int {
    guard let raw = base.record.ring?.raw else { return 0 }
    var count = 0
    while raw.pointee.sq_head.pointee != raw.pointee.tail {
      let entry = raw.pointee.sqes[Int(raw.pointee.sq_head.pointee & raw.pointee.sq_mask)]
      raw.pointee.sq_head.pointee &+= 1
      count += 1
      var data = entry.user_data
      let what: String
      switch entry.opcode {
      case 6 where entry.flags & 1 != 0: what = "hang-up \(entry.fd)"
      case 6: what = entry.len & 1 != 0 ? "poll on \(entry.fd)" : "poll \(entry.fd)"
      case 13: what = ["accept", "accept many", "accept now"][Int(entry.ioprio)] + " \(entry.fd)"
      case 14 where entry.cancel_flags & 8 != 0: what = "end all of \(entry.fd)"
      case 14:
        data = entry.addr
        let all = entry.cancel_flags & 1 != 0 ? "each " : ""
        what = "end \(all)\(strings.names[data] ?? "what is not there")"
      case 19: what = "close \(Int(entry.file_index) - 1)"
      case 20:
        let place = UnsafePointer<Int32>(bitPattern: UInt(entry.addr))
        what = "adopt \(place?.pointee ?? -1)"
      case 26 where entry.len == 0: what = "ask \(entry.fd)"
      case 26:
        let isNow = entry.msg_flags & 0x40 != 0
        what = "send \(entry.len)\(isNow ? " now" : "") to \(entry.fd)"
      case 27 where entry.ioprio & 2 == 0: what = "receive once \(entry.fd), \(entry.buf_group)"
      case 27: what = entry.ioprio & 1 != 0 ? "wait for \(entry.fd)" : "receive \(entry.fd)"
      case 34: what = "finish \(entry.fd)"
      case 46: what = "name \(entry.fd), \(entry.file_index)"
      case 54: what = "lend \(entry.fd)"
      default: what = "operation \(entry.opcode)"
      }
      if entry.opcode != 14 { strings.names[data] = what }
      let asked = Asked(description: what, data: data)
      strings.asked.append(asked)
      strings.taken(asked)
    }
    raw.pointee.submitted = raw.pointee.tail
    return count
  }

  /// What the ring has asked for since this was called last.
  func asked() -> [Asked] {
    _ = take()
    defer { strings.asked = [] }
    return strings.asked
  }

  /// The same in words.
  var words: [String] { asked().map(\.description) }

  /// Tells of something. It is found at the next wait.
  func tell(_ data: UInt64, _ result: Int, more: Bool = false, flags: UInt32 = 0) {
    base.record.ring?.post(data, result, more: more, flags: flags)
    base.record.ring?.flush()
  }

  /// The buffers that a ring has given since this was called last, by number and size.
  func given(_ group: Int = 0) -> [[Int]] {
    guard let ring = base.record.ring, let start = ring.groups[group]?.start,
      let mask = ring.groups[group]?.mask
    else { return [] }
    let tail = start.load(fromByteOffset: 14, as: UInt16.self)
    var found: [[Int]] = []
    while let head = ring.groups[group]?.head, head != tail {
      let entry = start + Int(head & mask) * 16
      found.append([
        Int(entry.load(fromByteOffset: 12, as: UInt16.self)),
        Int(entry.load(fromByteOffset: 8, as: UInt32.self)),
      ])
      ring.groups[group]?.head = head &+ 1
    }
    return found
  }

  static func make() -> PuppetKernel {
    let network = SimulatedNetwork(seed: 1, faults: FaultInjector(.none, seed: 1))
    return PuppetKernel(base: SimulatedKernel(network, CallRecord(network, seed: 1)))
  }

  /// The ring alone.
  func rawRing(_ entries: UInt32, _ completions: UInt32 = 8) throws -> Ring<PuppetKernel> {
    try Ring(entries: entries, completions: completions, system: self)
  }

  func ring(_ sizes: URing<PuppetKernel>.Sizes = .init(), connections: Int = 16) throws
    -> URing<PuppetKernel>
  {
    try URing(sizes: sizes, connections: connections, system: self)
  }
}

extension URing.Sizes where System == PuppetKernel {
  /// Queues that are soon full.
  static var crowded: Self {
    var sizes = Self()
    (sizes.entries, sizes.completions) = (4, 4)
    return sizes
  }
}
