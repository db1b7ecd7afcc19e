import Synchronization

@testable import Switchboard

/// The real kernel, with a clock that stands where it is put, and closes noted down.
struct StandingKernel: KernelDecorator {
  private final class State: Sendable {
    let now = Atomic<UInt64>(1_000_000_000)
    let closes = Lock<[Descriptor]>([])
    let wakes = Atomic<Int>(0)
  }
  let base = Linux()
  private let state = State()

  /// What was closed so far.
  var closes: [Descriptor] { state.closes.withLock { $0 } }
  /// How often a counter was written to.
  var wakes: Int { state.wakes.load(ordering: .relaxed) }

  func now() -> Instant { Instant(nanoseconds: state.now.load(ordering: .relaxed)) }
  func entropy() -> UInt64 { 0 }
  func put(_ now: Instant) { state.now.store(now.nanoseconds, ordering: .relaxed) }
  func close(_ descriptor: Descriptor) -> Outcome {
    state.closes.withLock { $0.append(descriptor) }
    return base.close(descriptor)
  }
  func write(_ descriptor: Descriptor, from buffer: UnsafeRawBufferPointer) -> Outcome {
    state.wakes.add(1, ordering: .relaxed)
    return base.write(descriptor, from: buffer)
  }
}

/// What a ``ScriptedBackend`` answers and brings, and what it was asked for.
final class Script {
  let kernel = StandingKernel()
  /// What the coming turn brings.
  var completions: [Completion] = []
  /// What sends answer, one after the other; those behind take everything.
  var answers: [SendAnswer] = []
  var closesAtOnce = true
  var joins = false
  var owesWork = false
  var openFailure: RegistrationError?
  var peer: SocketAddress?
  var progress: Instant?
  /// What happens while the loop waits.
  var during: (Instant?) -> Void = { _ in }

  var rooms: [Int] = []
  var deadlines: [Instant?] = []
  var sent: [Int] = []
  var joined: [Int] = []
  var hurries = 0
  var receiving: [Bool] = []
  var closed: [Key] = []
  var shut: [Key] = []

  static let room = 1000
  let output = UnsafeMutablePointer<UInt8>.allocate(capacity: Script.room)
  let input = UnsafeMutablePointer<UInt8>.allocate(capacity: 65536)

  init() {
    output.initialize(repeating: 0, count: Script.room)
    input.initialize(repeating: 7, count: 65536)
  }

  deinit {
    output.deallocate()
    input.deallocate()
  }
}

/// A backend that does as its script says.
struct ScriptedBackend: Backend, ~Copyable {
  typealias System = StandingKernel
  let script: Script
  var owesWork: Bool { script.owesWork }

  private final class Context: LoopContext {
    let script: Script
    init(_ script: Script, box: AnyObject) {
      self.script = script
      super.init(box: box)
    }
    override func peerAddress(_ descriptor: Int32) -> SocketAddress? { script.peer }
    override func lastProgress(_ descriptor: Int32, _ now: Instant) -> Instant? { script.progress }
  }

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind) {}
  mutating func setRoom(_ count: Int, within places: Places?) { script.rooms.append(count) }

  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    if let failure = script.openFailure { throw failure }
  }
  mutating func receivingChanged(_ key: Key, _ slots: inout SlotTable) {
    script.receiving.append(slots[key.index].flags.contains(.receiving))
  }
  mutating func outputRegion(for key: Key) -> OutputRegion {
    OutputRegion(start: script.output, capacity: Script.room)
  }
  mutating func send(
    _ output: Output, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let count: Int
    switch output {
    case .kept(let bytes): count = min(bytes.count, limit)
    case .file(let part): count = min(part.count, limit)
    case .written(let written):
      count = written
      if slots[key.index].flags.contains(.sending) {
        if script.joins { script.joined.append(count) }
        return script.joins ? .later : .took(0)
      }
    }
    script.sent.append(count)
    return script.answers.isEmpty ? .took(count) : script.answers.removeFirst()
  }
  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) { script.shut.append(key) }
  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool {
    script.closed.append(key)
    return script.closesAtOnce
  }
  mutating func wait(until deadline: Instant?, isHurried: Bool, isExact: Bool) {
    if isHurried { script.hurries += 1 }
    script.deadlines.append(deadline)
    precondition(script.deadlines.count < 10_000, "it waits for ever")
    script.during(deadline)
  }
  mutating func next(_ slots: inout SlotTable) -> Completion? {
    script.completions.isEmpty ? nil : script.completions.removeFirst()
  }
  func makeContext(box: AnyObject) -> LoopContext { Context(script, box: box) }
}

/// Sessions that do as a test says, and note what they are told.
final class ScriptedSessions: SessionTable {
  enum Call: Hashable {
    case opened, received, drained, ended, elapsed, draining
    case closed(CloseReason)
  }
  private(set) var calls: [Call] = []
  private(set) var drops = 0
  private(set) var isMailClosed = false
  /// What they do when they are called.
  var act: (Call, inout Connection) -> Void = { _, _ in }

  var closed: [CloseReason] {
    calls.compactMap { if case .closed(let reason) = $0 { reason } else { nil } }
  }
  func count(_ call: Call) -> Int { calls.count { $0 == call } }

  private func tell(_ call: Call, _ connection: inout Connection) {
    calls.append(call)
    act(call, &connection)
  }
  override func open(_ index: Int, _ connection: inout Connection) { tell(.opened, &connection) }
  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    tell(.received, &connection)
  }
  override func drained(_ index: Int, _ connection: inout Connection) {
    tell(.drained, &connection)
  }
  override func ended(_ index: Int, _ connection: inout Connection) { tell(.ended, &connection) }
  override func elapsed(_ index: Int, _ connection: inout Connection) {
    tell(.elapsed, &connection)
  }
  override func draining(_ index: Int, _ connection: inout Connection) {
    tell(.draining, &connection)
  }
  override func close(_ index: Int, _ reason: CloseReason) { calls.append(.closed(reason)) }
  override func dropMail() { drops += 1 }
  override func closeMail() { isMailClosed = true }
}

/// A loop, step by step, over a ``ScriptedBackend``.
final class ScriptedLoop {
  private final class Notices { var all: [LoopNotice] = [] }

  let script = Script()
  let sessions = ScriptedSessions()
  let control: LoopControl<StandingKernel>
  private let told = Notices()
  var loop: EventLoop<ScriptedBackend>
  private var descriptor: Int32 = 1000

  init(
    capacity: Int = 8, age: Duration = .zero, places: Places? = nil,
    _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws {
    var options = ServerOptions()
    change(&options)
    let told = told
    control = try LoopControl(system: script.kernel, places: places)
    loop = try EventLoop(
      backend: ScriptedBackend(script: script), sessions: sessions, box: sessions,
      capacity: capacity, control: control, options: options, age: age.clampedNanoseconds,
      notice: { told.all.append($0) })
  }

  var notices: [LoopNotice] { told.all }
  var now: Instant { script.kernel.now() }
  var connections: Int { loop.slots.count }
  var isAccepting: Bool { loop.isAccepting }
  var retryAt: Instant? { loop.accepting.retryAt }
  var timers: Int { loop.wheel.count }
  var isCatchingUp: Bool { loop.isCatchingUp }
  var isFinished: Bool { loop.isFinished }
  var unsent: Int { loop.outboxes.total }
  var condemned: Int { loop.condemned }
  func flags(_ key: Key) -> Slot.Flags { loop.slots[key.index].flags }
  func lastActive(_ key: Key) -> UInt32 { loop.slots[key.index].lastActive }
  func unsent(_ key: Key) -> Int { loop.outboxes.count(loop.slots[key.index].outbox) }

  func pass(_ duration: Duration) { script.kernel.put(now + duration) }
  func put(_ nanoseconds: UInt64) { script.kernel.put(Instant(nanoseconds: nanoseconds)) }

  /// One turn, which brings this.
  func turn(_ completions: Completion...) throws {
    script.completions += completions
    try loop.sleep()
    loop.work()
  }

  func accepted() -> Completion {
    descriptor += 1
    return Completion(.accepted, Key(rawValue: 0), Int(descriptor))
  }

  /// A connection that stands: in a turn of its own.
  func connect() throws -> Key {
    let free = (0..<100).first { loop.slots.key(at: $0) == nil } ?? 0
    try turn(accepted())
    guard let key = loop.slots.key(at: free) else { preconditionFailure("it is not there") }
    return key
  }

  func received(_ key: Key, _ count: Int = 5) -> Completion {
    var completion = Completion(.received, key, count)
    completion.bytes = script.input
    return completion
  }

  /// A send in place has ended, so many bytes of which were not taken.
  func sentInPlace(_ key: Key, rest: Int) -> Completion {
    var completion = Completion(.sentInPlace, key, rest)
    completion.bytes = script.input
    return completion
  }

  /// The same as `count` bytes received, with what the session then does.
  func receive(_ key: Key, _ act: @escaping (inout Connection) -> Void) throws {
    let before = sessions.act
    sessions.act = { call, connection in if call == .received { act(&connection) } }
    try turn(received(key))
    sessions.act = before
  }
}

extension Connection {
  /// Writes so many bytes.
  mutating func write(count: Int) { write([UInt8](repeating: 7, count: count).span) }
}
