import TestSupport
import Testing

@testable import Switchboard

/// Every backend, on the real kernel and on the simulated one, for tests that drive it by hand.
enum DrivenBackend: String, CaseIterable, CustomTestStringConvertible, Sendable {
  case select, poll, epoll
  case edge = "epoll, changes only"
  case ring = "io_uring"
  case simulatedSelect = "select, simulated"
  case simulatedPoll = "poll, simulated"
  case simulatedEpoll = "epoll, simulated"
  case simulatedEdge = "epoll, changes only, simulated"
  case simulatedRing = "io_uring, simulated"

  var testDescription: String { rawValue }
  static let rings: [DrivenBackend] = [.ring, .simulatedRing]
  static let simulated = allCases.filter(\.isSimulated)

  var isSimulated: Bool { rawValue.hasSuffix("simulated") }
  var isRing: Bool { DrivenBackend.rings.contains(self) }

  /// - Parameters:
  ///   - files: Direct descriptors that a ring has room for.
  ///   - faults: What fails on the real kernel.
  func make(files: Int = 64, _ faults: CallFaults = CallFaults()) throws -> any Driven {
    guard isSimulated else {
      let system = Faulty(Linux(), faults)
      let audit = Audit(open: { system.open.count }, wrong: { "\(system.closedTwice)" })
      return try make(files, system, audit)
    }
    let network = SimulatedNetwork(seed: 1, faults: FaultInjector(.none, seed: 1))
    let record = CallRecord(network, seed: 1)
    record.patience = .max
    record.sleepsWithEpoll = self == .simulatedEpoll || self == .simulatedEdge
    let audit = Audit(
      open: { network.openDescriptors },
      wrong: {
        record.violation.map { "\($0)" } ?? "[]"
      })
    return try make(files, SimulatedKernel(network, record), audit)
  }

  private func make<System: ReadinessKernel & RingKernel>(
    _ files: Int, _ system: System, _ audit: Audit
  ) throws -> any Driven {
    switch self {
    case .select, .simulatedSelect:
      try driven(SelectPoller(system: system), system, audit)
    case .poll, .simulatedPoll: try driven(PollPoller(system: system), system, audit)
    case .epoll, .simulatedEpoll: try driven(EpollPoller(system: system), system, audit)
    case .edge, .simulatedEdge: try driven(EdgeEpoll(system: system), system, audit)
    case .ring, .simulatedRing:
      try DrivenBox(
        URing(sizes: URing<System>.Sizes(), connections: files, system: system), system, audit)
    }
  }

  private func driven<P: Poller & ~Copyable>(
    _ poller: consuming P, _ system: P.System, _ audit: Audit
  ) throws -> any Driven where P.System: ReadinessKernel {
    try DrivenBox(Proactor(poller: poller, acceptBudget: 16, system: system), system, audit)
  }
}

/// What is known of the descriptors that a test has made.
struct Audit {
  /// How many are open.
  var open: () -> Int
  /// What was done that must not be; `[]` for nothing.
  var wrong: () -> String
}

/// What a backend told.
struct Told {
  var kind: Completion.Kind
  var key: Key
  var value: Int
  var bytes: [UInt8]
}

/// A backend with its slots, and connections of its process with itself.
protocol Driven: AnyObject {
  var system: any ReadinessKernel { get }
  var audit: Audit { get }
  /// Where connections can be made to.
  var listener: Descriptor { get }
  var address: SocketAddress { get }
  /// What was told and not looked at yet.
  var told: [Told] { get set }

  func watch(_ descriptor: Descriptor, _ kind: Completion.Kind) throws
  func setRoom(_ count: Int)
  func adopt(_ descriptor: Descriptor) -> Outcome
  /// A slot for what has been accepted or adopted; and the same, opened.
  func take(_ number: Int) -> Key
  func open(_ number: Int) throws -> Key
  func peerAddress(_ key: Key) -> SocketAddress?
  func send(_ output: Output, _ key: Key) -> SendAnswer
  /// Has a callback write that.
  func write(_ bytes: [UInt8], _ key: Key) -> SendAnswer
  func finish(_ key: Key)
  func close(_ key: Key)
  /// One turn that sleeps no longer.
  func turn(until deadline: Instant) throws
}

final class DrivenBox<B: Backend & ~Copyable>: Driven where B.System: ReadinessKernel {
  private var backend: B
  private var slots: SlotTable
  let system: any ReadinessKernel
  let audit: Audit
  let listener: Descriptor
  let address: SocketAddress
  var told: [Told] = []

  init(_ backend: consuming B, _ system: B.System, _ audit: Audit) throws {
    self.backend = backend
    self.system = system
    self.audit = audit
    slots = try SlotTable(capacity: 2048)
    let made = system.socket(.v4).descriptor
    var address = SocketAddress.any(port: 0)
    let bound = system.bind(made, to: .loopback(port: 0)).isSuccess
    let listens = system.listen(made, backlog: 128).isSuccess
    let isNamed = system.localAddress(made, into: &address).isSuccess
    (listener, self.address) = (made, address)
    try #require(bound && listens && isNamed)
  }

  deinit { _ = system.close(listener) }

  func watch(_ descriptor: Descriptor, _ kind: Completion.Kind) throws {
    try backend.watch(descriptor, kind)
  }
  func setRoom(_ count: Int) { backend.setRoom(count, within: nil) }
  func adopt(_ descriptor: Descriptor) -> Outcome {
    backend.makeContext(box: self).adopt(descriptor)
  }

  func take(_ number: Int) -> Key { slots.take(descriptor: Int32(number)) }

  func open(_ number: Int) throws -> Key {
    let key = take(number)
    try backend.open(key, &slots)
    return key
  }

  func peerAddress(_ key: Key) -> SocketAddress? {
    backend.makeContext(box: self).peerAddress(slots[key.index].descriptor)
  }

  func send(_ output: Output, _ key: Key) -> SendAnswer {
    backend.send(output, atMost: .max, key, &slots)
  }

  func write(_ bytes: [UInt8], _ key: Key) -> SendAnswer {
    let region = backend.outputRegion(for: key)
    #expect(region.capacity >= bytes.count)
    region.start.update(from: bytes, count: bytes.count)
    return backend.send(.written(bytes.count), atMost: .max, key, &slots)
  }

  func finish(_ key: Key) { backend.shutdownSending(key, &slots) }

  func close(_ key: Key) {
    slots[key.index].flags.insert(.closed)
    if backend.close(key, &slots) { slots.giveBack(key) }
  }

  func turn(until deadline: Instant) throws {
    try backend.wait(until: deadline, isHurried: false)
    while let completion = backend.next(&slots) { note(completion) }
  }

  private func note(_ completion: Completion) {
    if completion.kind == .closed { return slots.giveBack(completion.key) }
    let hasBytes = completion.kind == .received || completion.kind == .sentInPlace
    told.append(
      Told(
        kind: completion.kind, key: completion.key, value: completion.value,
        bytes: hasBytes ? Array(completion.received) : []))
    // As a loop does: it would be told for ever.
    if completion.kind == .ended, slots.contains(completion.key) {
      backend.setReceiving(false, completion.key, &slots)
    }
  }
}

// What tests do with one.
extension Driven {
  private var limit: Instant { system.now() + .seconds(longestWait) }

  /// Submits, and takes what is there.
  func turn() throws { try turn(until: system.now()) }

  /// The next thing of a kind that is told, in time. Meanwhile something else is done in every turn.
  func next(
    _ kind: Completion.Kind, _ key: Key? = nil, meanwhile: (() -> Void)? = nil
  ) throws -> Told? {
    let limit = limit
    while true {
      let found = told.firstIndex { $0.kind == kind && (key == nil || $0.key == key) }
      if let found { return told.remove(at: found) }
      guard system.now() < limit else { return nil }
      meanwhile?()
      try turn(until: meanwhile == nil ? limit : system.now() + .milliseconds(1))
    }
  }

  /// The next bytes of a connection.
  func receive(_ count: Int, _ key: Key) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count, let told = try next(.received, key) { bytes += told.bytes }
    return bytes
  }

  /// Begins to connect, as an ordinary socket.
  func connecting() throws -> Descriptor {
    let socket = system.socket(.v4)
    try #require(socket.isSuccess)
    let begun = system.connect(socket.descriptor, to: address)
    #expect(begun.isSuccess || begun.errno == .inProgress)
    return socket.descriptor
  }

  /// A connection that stands, as an ordinary socket, and its other end.
  func pair() throws -> (own: Descriptor, peer: Descriptor) {
    let own = try connecting()
    try #require(isReady(listener, .input))
    var from = SocketAddress.any(port: 0)
    let peer = system.accept(listener, peer: &from)
    try #require(peer.isSuccess)
    try #require(isReady(own, .output))
    #expect(system.get(.error, on: own) == .value(0))
    return (own, peer.descriptor)
  }

  /// The same, adopted and opened.
  func adopted() throws -> (key: Key, peer: Descriptor) {
    let (own, peer) = try pair()
    let number = adopt(own)
    try #require(number.isSuccess, "\(number)")
    return (try open(number.value), peer)
  }

  /// Whether a descriptor comes to be ready, in time.
  func isReady(_ descriptor: Descriptor, _ events: PollEvents) -> Bool {
    let limit = limit
    while system.now() < limit {
      var entry = PollEntry(descriptor, events)
      let found = withUnsafeMutablePointer(to: &entry) {
        system.poll(UnsafeMutableBufferPointer(start: $0, count: 1), milliseconds: 1000)
      }
      if found.value == 1 { return true }
    }
    return false
  }

  func say(_ text: String, from peer: Descriptor) {
    let sent = Array(text.utf8).withUnsafeBytes { system.send(peer, from: $0) }
    #expect(sent.value == text.utf8.count)
  }

  /// What comes to the other end, up to so many bytes or the end.
  func hear(_ count: Int, at peer: Descriptor) throws -> String {
    var heard: [UInt8] = []
    while heard.count < count, isReady(peer, .input) {
      let got = receiveOnce(peer)
      if got.errno == .wouldBlock || got.errno == .interrupted { continue }
      try #require(got.outcome.isSuccess, "\(got.outcome)")
      if got.bytes.isEmpty { break }
      heard += got.bytes
    }
    return String(decoding: heard, as: UTF8.self)
  }

  /// What comes to the other end, up to the end of that, while the backend has its turns: to close may take
  /// several.
  func bytesToEnd(at peer: Descriptor) throws -> [UInt8] {
    var heard: [UInt8] = []
    let limit = limit
    while system.now() < limit {
      let got = receiveOnce(peer)
      heard += got.bytes
      if got.outcome.isSuccess, got.bytes.isEmpty { return heard }
      if let errno = got.errno, errno != .wouldBlock { throw SystemError(.receive, errno) }
      if got.bytes.isEmpty { try turn(until: system.now() + .milliseconds(1)) }
    }
    Issue.record("the end does not come")
    return heard
  }

  func hearToEnd(at peer: Descriptor) throws -> String {
    String(decoding: try bytesToEnd(at: peer), as: UTF8.self)
  }

  func receiveOnce(_ peer: Descriptor) -> (outcome: Outcome, bytes: [UInt8], errno: Errno?) {
    var room = [UInt8](repeating: 0, count: 65536)
    let outcome = room.withUnsafeMutableBytes { system.receive(peer, into: $0) }
    let bytes = outcome.isSuccess ? Array(room[..<outcome.value]) : []
    return (outcome, bytes, outcome.errno)
  }

  /// A peer that goes with a reset.
  func reset(_ peer: Descriptor) {
    _ = system.set(.linger, 0, on: peer)
    _ = system.close(peer)
  }
}
