#if TestBench

/// What a simulation knows of the calls that were made: their digest, what was seen to be wrong, and
/// which clients have an excuse.
final class CallRecord {
  /// FNV-1a's prime and start, taken over words instead of bytes.
  private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  private(set) var violation: Violation?
  private(set) var violationTime: UInt64 = 0
  var hasFailed: Bool { violation != nil }
  var trace: ((String) -> Void)?
  var entropy: SimulatedRandom
  /// What a ring was asked to do: one call carries several.
  var operations = 0
  private unowned let network: SimulatedNetwork

  /// What was reached so far.
  private(set) var branches = BranchCounts()
  func reach(_ branch: Branch) { branches.reach(branch) }

  /// What goes over the wire is made with random numbers of others: of its bytes the digest has how many they are.
  var hasSecrets = false

  // State of faults that last.
  var exhausted = 0
  var exhaustion = Errno.descriptorLimit
  var closed: [SimulatedWatch] = []
  /// The clients that have not come to their end.
  var unfinished: () -> [Int] = { [] }
  /// The loop has begun: what fails from then on must not end it.
  var isServing = false
  /// The epoll that the loop sleeps with, if it does: the first one.
  var loopEpoll: SimulatedEpoll?
  var sleepsWithEpoll = true
  /// The one that the loop has, if any.
  weak var ring: SimulatedRing?

  // What a turn may do.
  var acceptBudget = Int.max
  /// How long the loop worked in its last two turns.
  private(set) var workTime: (last: UInt64, before: UInt64) = (0, 0)
  /// After a long turn timers may wait for what came meanwhile, until then.
  private(set) var timersWaitUntil: UInt64 = 0
  /// When the last wait began.
  private var waitBegan: UInt64 = 0
  /// When the process was stopped last.
  var stoppedAt: UInt64 = 0
  private(set) var turn = 0
  private var acceptsInTurn = 0
  private var hasProgressed = true
  private var idleTurns = 0
  private var looks = 0
  private var fruitless = 0
  /// Turns in which nothing is done that may follow each other. A poller that tells of a few things at
  /// once needs more of them to tell of what has come to nothing meanwhile.
  var patience = 2
  private var happened = 0
  private let received = StableTable<(turn: Int, count: Int)>()
  /// Clients whose connection may end early, by their number.
  private var excused: [Bool] = []

  init(_ network: SimulatedNetwork, seed: UInt64) {
    self.network = network
    entropy = SimulatedRandom(seed: seed, stream: 2, part: 1)
  }

  // -------------------------------------------------------------------------- the digest

  @inline(__always)
  func mix(_ word: UInt64) { digest = (digest ^ word) &* 0x100_0000_01B3 }

  @inline(__always)
  func note(
    _ call: SystemError.Call, _ descriptor: Descriptor, _ outcome: Outcome, _ detail: UInt64,
    _ time: UInt64
  ) {
    let answer = outcome.errno.map { -Int($0.rawValue) } ?? outcome.value
    mix(
      UInt64(truncatingIfNeeded: call.hashCode) << 32
        | UInt64(UInt32(bitPattern: descriptor.rawValue)))
    mix(UInt64(bitPattern: Int64(answer)) ^ detail)
    mix(time)
    if answer >= 0 || (answer != -11 && answer != -4) { progress(call, descriptor, answer) }
    if trace != nil { tell(call, descriptor, outcome) }
  }

  /// The bytes of a call, as far as they were taken.
  func digest(_ buffer: UnsafeMutableRawBufferPointer, _ outcome: Outcome) -> UInt64 {
    unsafe digest(UnsafeRawBufferPointer(buffer), outcome)
  }

  func digest(_ buffer: UnsafeRawBufferPointer, _ outcome: Outcome) -> UInt64 {
    guard outcome.isSuccess, outcome.value > 0 else { return 0 }
    let count = outcome.value
    var mixed = UInt64(count)
    if hasSecrets { return mixed }
    // Whole words as far as they go; the exact bytes are checked by the clients.
    var place = 0
    while place + 8 <= count {
      let word = unsafe buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self)
      mixed = (mixed ^ word) &* 0x100_0000_01B3
      place += 8
    }
    while place < count {
      let byte = unsafe buffer[place]
      mixed = (mixed ^ UInt64(byte)) &* 0x100_0000_01B3
      place += 1
    }
    return mixed
  }

  private func tell(_ call: SystemError.Call, _ descriptor: Descriptor, _ outcome: Outcome) {
    let what = descriptor.rawValue < 0 ? "" : " \(descriptor)"
    let answer = outcome.errno?.symbol ?? String(outcome.value)
    say("\(call.rawValue)\(what) = \(answer)")
  }

  /// A line of the trace, with its time.
  func say(_ line: @autoclosure () -> String) {
    guard let trace else { return }
    trace("\((network.now - network.start).inMilliseconds)  \(line())")
  }

  // -------------------------------------------------------------------------- what is wrong

  /// Something is wrong. Only the first time is kept: what follows may follow from it.
  func fail(_ found: Violation) {
    guard violation == nil else { return }
    violation = found
    violationTime = network.now
    say("WRONG: \(found)")
  }

  func excuse(_ client: Int) {
    guard client > 0 else { return }
    while excused.count <= client { excused.append(false) }
    excused[client] = true
  }

  /// Whether any connection may end early.
  var excusesAny: Bool { excused.contains(true) }

  func isExcused(_ client: Int) -> Bool { client < excused.count && excused[client] }

  /// A fault brought a turn with nothing to do.
  func excuseIdleTurn() { hasProgressed = true }

  // -------------------------------------------------------------------------------- turns

  @inline(__always)
  private func progress(_ call: SystemError.Call, _ descriptor: Descriptor, _ answer: Int) {
    switch call {
    case .epollWait, .poll, .select, .ringEnter: return
    case .accept:
      acceptsInTurn += 1
      if acceptsInTurn > acceptBudget { fail(.budget("accepted \(acceptsInTurn) in one turn")) }
    case .receive:
      if answer > 0 { countReceived(descriptor, answer) }
      // The end can be received again and again.
      if answer == 0 { return }
    default: break
    }
    hasProgressed = true
  }

  private func countReceived(_ descriptor: Descriptor, _ count: Int) {
    let place = Int(descriptor.rawValue)
    while received.count <= place { unsafe received.append((0, 0)) }
    if received[place].turn != turn { received[place] = (turn, 0) }
    received[place].count += count
    if received[place].count > 65536 {
      fail(.budget("received \(received[place].count) bytes from one peer in one turn"))
    }
  }

  /// The loop is awake: what it did since it was so last was its last turn's work. A ring is entered
  /// within turns, too, without waiting: that is work like any other.
  func beganWork() {
    workTime = (waitBegan - min(waitBegan, network.turnStart), workTime.last)
    // By the loop's clock, which a turn reads once.
    if workTime.last + 5_000_000 > CatchUp.mostBusy {
      timersWaitUntil = network.now + CatchUp.timersWait
    }
    network.turnStart = network.now
  }

  /// How long the present turn has worked.
  var workSoFar: UInt64 { network.now - network.turnStart }

  /// Deadlines that were put off are looked at when they come, but not one after the other.
  private func countFruitless(_ network: SimulatedNetwork, _ passed: UInt64) {
    // Nor is it where select looks ten times a second after those that it cannot wait for.
    let isLong = passed >= 10_000_000
    fruitless = isLong || hasProgressed || network.happened != happened ? 0 : fruitless + 1
    if fruitless > 100, isServing, !network.faults.has(.interrupt),
      !network.faults.has(.spuriousReadiness)
    {
      fail(.spins(turns: fruitless))
    }
  }

  /// A wait has ended.
  func waited(_ network: SimulatedNetwork, from start: UInt64, found: Int, _ milliseconds: Int32) {
    turn += 1
    acceptsInTurn = 0
    waitBegan = start
    let passed = network.now - start
    // Another arrival is something to be told of, also when nothing is read for it.
    if hasProgressed || passed >= 1000 || network.happened != happened {
      (idleTurns, looks) = (0, 0)
    } else if milliseconds == 0, found == 0 {
      // Looking without waiting, as select and draining do, is not idling unless it goes on.
      looks += 1
    } else {
      idleTurns += 1
    }
    countFruitless(network, passed)
    if idleTurns > patience || looks > 8 { fail(.spins(turns: idleTurns + looks)) }
    happened = network.happened
    if network.calls > 10_000_000 { fail(.tooManyCalls(network.calls)) }
    hasProgressed = false
  }
}

extension SystemError.Call {
  /// A number for a digest: the same in every run.
  fileprivate var hashCode: Int {
    switch self {
    case .accept: 1
    case .receive: 2
    case .send: 3
    case .close: 4
    case .shutdown: 5
    case .epollWait: 6
    case .epollControl: 7
    case .poll: 8
    case .select: 9
    case .read: 10
    case .write: 11
    case .setOption: 12
    case .getOption: 13
    default: 14
    }
  }
}

extension UInt64 {
  /// Nanoseconds as milliseconds with six decimals.
  var inMilliseconds: String {
    let rest = String(self % 1_000_000)
    return "\(self / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
  }
}

#endif
