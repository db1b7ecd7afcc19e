internal import CKernel

/// Finds out what io_uring offers here, by trying each thing on a small ring and, for accepting and
/// receiving, on a connection of this process with itself.
///
/// Takes about a millisecond, on any thread.
public enum RingProbe {
  /// Something that the io_uring backend uses.
  public struct Feature: Hashable, Sendable {
    /// What it is, in a word or two.
    public let name: String
    /// What it is good for, in a few.
    public let purpose: String
    /// The Linux version that brought it: `6.1`.
    public let since: String
    /// Whether the backend cannot do without.
    public let isNeeded: Bool
    /// Why it does not work here; nil where it works.
    public var hindrance: String?
  }

  /// Every feature, whether it works or not; the older ones first.
  public static func features() -> [Feature] {
    let simple = hindrance(to: 0)
    let flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
    let deferred = simple == nil ? hindrance(to: flags) : "not tried"
    let found = simple == nil ? RingTrial().run() : RingTrial.Findings(everything: "not tried")
    func feature(
      _ name: String, _ since: String, _ purpose: String, _ hindrance: String?, needed: Bool = true
    ) -> Feature {
      Feature(
        name: name, purpose: purpose, since: since, isNeeded: needed, hindrance: hindrance)
    }
    return [
      feature("rings", "5.11", "requests and completions in shared memory", simple),
      feature("silent successes", "5.17", "CQE_SKIP_SUCCESS: only failures tell", found.silence),
      feature(
        "registered ring", "5.18", "a look-up less in each call", found.registration,
        needed: false),
      feature("direct descriptors", "5.19", "connections the ring alone knows", found.files),
      feature("multishot accept", "5.19", "one request for all connections", found.accept),
      feature("multishot receive", "6.0", "one request for all of a peer's bytes", found.receive),
      feature("deferred work", "6.1", "DEFER_TASKRUN: when the loop asks for it", deferred),
      feature(
        "ordinary descriptors", "6.8", "FIXED_FD_INSTALL: what only a system call can ask or say",
        found.install, needed: false),
      feature(
        "incremental buffers", "6.12", "RING_INC: many receives share a buffer",
        found.increments),
    ]
  }

  /// Why no ring can be had with these flags.
  private static func hindrance(to flags: UInt32) -> String? {
    var raw = unsafe ck_ring()
    let outcome = unsafe Outcome(raw: ck_ring_open(&raw, 8, 16, flags))
    guard let errno = outcome.errno else {
      unsafe ck_ring_close(&raw)
      return nil
    }
    return errno.description
  }
}

/// A ring that is tried out.
@safe
private final class RingTrial {
  /// Why something does not work, for each thing.
  struct Findings {
    var silence, registration, files, accept, receive, install, increments: String?

    init(everything reason: String?) {
      (silence, registration, files, accept) = (reason, reason, reason, reason)
      (receive, install, increments) = (reason, reason, reason)
    }
  }

  private struct Disappointment: Error { let reason: String }

  private let raw = UnsafeMutablePointer<ck_ring>.allocate(capacity: 1)
  private var found = Findings(everything: nil)
  private var hasAccepted = false

  init() { unsafe raw.initialize(to: ck_ring()) }
  deinit { unsafe raw.deallocate() }

  func run() -> Findings {
    let opened = unsafe Outcome(raw: ck_ring_open(raw, 8, 16, 0))
    if let errno = opened.errno { return Findings(everything: errno.description) }
    defer { unsafe ck_ring_close(raw) }
    if unsafe raw.pointee.features & IORING_FEAT_CQE_SKIP == 0 { found.silence = "not offered" }
    unsafe ck_ring_register_itself(raw)
    if unsafe raw.pointee.enter_flags == 0 { found.registration = "not offered" }
    if unsafe !ck_ring_supports(raw, UInt32(CK_OP_FIXED_FD_INSTALL)) {
      found.install = "not offered"
    }
    found.files = unsafe Outcome(raw: ck_ring_register_files(raw, 4)).errno?.description
    do {
      try converse()
    } catch {
      let reason = (error as? Disappointment)?.reason ?? "\(error)"
      if !hasAccepted { found.accept = reason }
      found.receive = hasAccepted ? reason : "not tried"
      found.increments = found.increments ?? "not tried"
    }
    return found
  }

  /// Accepts a connection of our own and receives from it.
  private func converse() throws {
    if let files = found.files { throw Disappointment(reason: "no direct descriptors: \(files)") }
    let listener = try Listener(on: .loopback(port: 0), system: Linux())
    unsafe ck_prepare_accept(entry(1), listener.descriptor.rawValue, true)
    try submit()
    let client = try Socket.connecting(to: listener.address, system: Linux())
    let accepted = try completion(of: 1)
    hasAccepted = true
    found.accept = accepted.flags & IORING_CQE_F_MORE == 0 ? "it ends after one" : nil
    try receive(accepted.res, from: client)
  }

  private func receive(_ file: Int32, from client: borrowing Socket<Linux>) throws {
    let memory = try ByteRegion(count: 2 * 4096)
    let buffers = unsafe UnsafeMutableRawPointer(memory.start)
    found.increments = unsafe Outcome(raw: ck_ring_register_buffers(raw, buffers, 4, 0, true))
      .errno?.description
    if found.increments != nil {
      let plain = unsafe Outcome(raw: ck_ring_register_buffers(raw, buffers, 4, 0, false))
      if let errno = plain.errno { throw Disappointment(reason: errno.description) }
    }
    unsafe ck_buffers_add(buffers, 3, 0, memory.start + 4096, 4096, 0)
    unsafe ck_buffers_publish(buffers, 1)
    unsafe ck_prepare_receive(entry(2), file, 0, false)
    try submit()
    let byte: [UInt8] = [0x2A]
    _ = try client.send(byte.span)
    let received = try completion(of: 2)
    found.receive = received.flags & IORING_CQE_F_MORE == 0 ? "it ends after one" : nil
    if found.increments == nil, received.flags & CK_CQE_F_BUF_MORE == 0 {
      found.increments = "not offered"
    }
    // The kernel must have let go of the memory before it is given back.
    unsafe ck_prepare_cancel_all(entry(3), file)
    _ = try? completion(of: 2)
  }

  private func entry(_ number: UInt64) -> UnsafeMutablePointer<io_uring_sqe> {
    // Of eight, never more than one is in use.
    let entry = unsafe ck_ring_entry(raw).unsafelyUnwrapped
    unsafe entry.pointee.user_data = number
    return unsafe entry
  }

  private func submit() throws {
    if let errno = unsafe Outcome(raw: ck_ring_enter(raw, 0, 0)).errno, errno != .timeIsUp {
      throw Disappointment(reason: errno.description)
    }
  }

  /// The next completion with that number; after a second, there is none.
  private func completion(of number: UInt64) throws -> io_uring_cqe {
    for _ in 0..<8 {
      let at = unsafe ck_ring_completions_start(raw)
      if unsafe at != ck_ring_completions_end(raw) {
        let completion = unsafe ck_ring_completion(raw, at).pointee
        unsafe ck_ring_take(raw, at &+ 1)
        guard completion.user_data == number else { continue }
        if completion.res >= 0 { return completion }
        throw Disappointment(reason: Errno(rawValue: -completion.res).description)
      }
      _ = unsafe ck_ring_enter(raw, 1, 1_000_000_000)
    }
    throw Disappointment(reason: "nothing happened for some seconds")
  }
}
