#if TestBench

/// How the two ends of a connection reach each other. The name of one, as ``SimulatedSocket`` is.
@safe
struct SimulatedLink {
  struct Body {
    /// Which client's connection it is, from 1 on; also the target of its faults.
    let number: Int
    var random: SimulatedRandom
    /// Nanoseconds one way, and how many more at most.
    let latency: UInt64
    let jitter: UInt64
    /// Bytes in a segment at most, as a limit for a random number.
    let segmentLimit: Int
    /// Bytes that either end's window holds, and bytes that its kernel holds for sending.
    var window: Int
    var buffer: Int
    /// Whether a reset makes the receiver forget what it has not read.
    let resetForgets: Bool
    /// Nothing gets through until then.
    var cutUntil: UInt64 = 0

    init(number: Int, random: SimulatedRandom) {
      self.number = number
      var random = random
      latency = UInt64(random.within(20...2000)) * 1000
      jitter = random.chance(0.5) ? latency : latency / 8 + 1
      segmentLimit =
        switch random.below(5) {
        case 0: 1 << 20
        case 1, 2: 1460
        case 3: 256
        default: 24
        }
      window =
        switch random.below(5) {
        case 0: 1 << 18
        case 1, 2: 1 << 16
        case 3: 8192
        default: 2048
        }
      resetForgets = random.chance(0.5)
      self.random = random
      // Apart, so that what is chosen above stays as it is.
      buffer = random.chance(0.5) ? window : 16384 << random.below(9)
    }

    /// As fast as any: within one machine, with a window that is never full for long.
    init(near number: Int, random: SimulatedRandom) {
      self.number = number
      self.random = random
      (latency, jitter) = (3000, 2000)
      (segmentLimit, window, buffer) = (1 << 20, 1 << 20, 1 << 20)
      resetForgets = true
    }
  }

  private let place: UnsafeMutablePointer<Body>

  init(_ place: UnsafeMutablePointer<Body>) { unsafe self.place = place }

  var number: Int { unsafe place.pointee.number }
  var latency: UInt64 { unsafe place.pointee.latency }
  var segmentLimit: Int { unsafe place.pointee.segmentLimit }
  var window: Int { unsafe place.pointee.window }
  var buffer: Int { unsafe place.pointee.buffer }
  var resetForgets: Bool { unsafe place.pointee.resetForgets }
  var cutUntil: UInt64 {
    get { unsafe place.pointee.cutUntil }
    nonmutating set { unsafe place.pointee.cutUntil = newValue }
  }

  /// Nothing gets through any more.
  var isGone: Bool { cutUntil == .max }
  func vanish() { cutUntil = .max }

  /// When what is sent now and takes so long is there; nothing passes while the link is cut.
  func arrival(from now: UInt64, after delay: UInt64) -> UInt64 {
    max(now, cutUntil).addingReportingOverflow(delay).partialValue
  }

  /// How long the next segment takes on a good day.
  func nextDelay() -> UInt64 {
    let jitter = unsafe place.pointee.jitter
    return unsafe latency + UInt64(place.pointee.random.below(Int(jitter) + 1))
  }

  /// How many of so many bytes the next segment has at most.
  func nextLength(of count: Int) -> Int {
    unsafe 1 + place.pointee.random.below(min(segmentLimit, count))
  }
}

#endif
