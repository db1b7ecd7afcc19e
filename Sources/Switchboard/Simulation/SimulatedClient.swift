#if TestBench

/// The script of one simulated client: what it sends and waits for, written down before the run.
///
/// What it receives is checked byte by byte against the world's model
/// (``SimulatedWorld/replies(_:)``), or, where there is none, against what it was told to
/// ``expect(_:)-([UInt8])``. At the end of the script it says that it has finished, and reads on until the
/// server has. When the server has finished before, it leaves, unless it is to ``goOnBehindEnd()``.
public struct SimulatedClient: Hashable, Sendable {
  /// One step of a script. Durations are in nanoseconds.
  enum Step: Hashable, Sendable {
    case send([UInt8])
    case sendUrgent(UInt8)
    case expect([UInt8])
    case awaitReplies
    case awaitOthers([Reached])
    case wait(UInt64)
    case pauseReading(UInt64)
    case readSlowly(Int, UInt64)
    case stopReading
    case finish
    case reset
    case close
    case vanish
  }

  /// How far a client has come, for others that wait for it.
  package struct Reached: Hashable, Sendable {
    /// The client's number.
    package let client: Int
    /// How many bytes it has received.
    package var received = 0
    /// How many of its bytes its session has been given.
    package var taken = 0

    package init(client: Int) { self.client = client }
  }

  /// Its number, from 1 on.
  public let number: Int
  /// Numbers for making up a script: of this client alone, so that those of others stay as they are
  /// when one is left out.
  public var random: SimulatedRandom
  /// When it connects, from the start.
  var start: UInt64
  var steps: [Step] = []
  /// Which of the world's addresses it connects to, by its place among them.
  var destination = 0
  /// Which of the clients' machines it is on: each has an address of its own.
  var host = 0
  /// It connects when all of these have come so far, and have sessions.
  var predecessors: [Reached] = []
  /// Its link is as fast as any can be.
  var isNear = false
  /// It does what its script says also when its server has finished.
  var goesOn = false
  /// What becomes of its wire, where it has a filter.
  package var wire = WireHabit()

  init(number: Int, seed: UInt64) {
    self.number = number
    random = SimulatedRandom(seed: seed, stream: 3, part: UInt64(number))
    start = UInt64(random.within(0...200)) * 100_000
  }

  /// Does something before all that was said so far.
  package mutating func begin(with script: (inout SimulatedClient) -> Void) {
    let rest = steps
    steps = []
    script(&self)
    // What is sent last then goes with what is sent first now.
    if case .send(let last) = steps.last, case .send(let first) = rest.first {
      steps[steps.count - 1] = .send(last + first)
      steps += rest.dropFirst()
    } else {
      steps += rest
    }
  }

  /// Does nothing of what was said so far.
  package mutating func forget() { steps = [] }

  /// Connects so long after the start; by chance within 20 ms unless told.
  public mutating func connect(after duration: Duration) { start = duration.clampedNanoseconds }
  /// Connects to another of the world's addresses than the first.
  public mutating func connect(to destination: Int) { self.destination = max(0, destination) }
  /// Comes from a machine with an address of its own, one for each number from 0 to 250.
  public mutating func connect(from host: Int) { self.host = min(max(0, host), 250) }
  /// Is so near, and has so wide a window, that it sends and reads faster than any server.
  public mutating func comeNear() { isNear = true }
  /// Does all that its script says also when its server has finished before: so it goes on sending, as a peer may
  /// who was told that nothing more comes. A server that has closed meanwhile breaks the connection by that.
  public mutating func goOnBehindEnd() { goesOn = true }
  /// Sends bytes, in pieces where the connection takes no more at the moment.
  public mutating func send(_ bytes: [UInt8]) { if !bytes.isEmpty { steps.append(.send(bytes)) } }
  /// Sends a text's UTF-8.
  public mutating func send(_ text: String) { send(Array(text.utf8)) }
  /// Sends one byte as TCP urgent data (`MSG_OOB`), when the one before has been passed: servers pass over
  /// it, so it is no part of what they reply to.
  public mutating func sendUrgent(_ byte: UInt8) { steps.append(.sendUrgent(byte)) }
  /// Waits until these bytes have come, behind those expected before. For worlds without a model.
  public mutating func expect(_ bytes: [UInt8]) { steps.append(.expect(bytes)) }
  /// The same for a text's UTF-8.
  public mutating func expect(_ text: String) { expect(Array(text.utf8)) }
  /// Waits until everything has come that the model replies to what was sent so far.
  public mutating func awaitReplies() { steps.append(.awaitReplies) }
  /// Waits until other clients have come so far. In a world whose clients do so, all leave when one of them
  /// has lost its connection by a fault: what the others would receive is not known then.
  package mutating func awaitOthers(_ those: [Reached]) { steps.append(.awaitOthers(those)) }
  /// Connects when other clients have come so far.
  package mutating func connect(behind those: [Reached]) { predecessors = those }
  /// Does nothing for a while, but reads.
  public mutating func wait(_ duration: Duration) {
    steps.append(.wait(duration.clampedNanoseconds))
  }
  /// Goes on, but reads nothing for a while.
  public mutating func pauseReading(_ duration: Duration) {
    steps.append(.pauseReading(duration.clampedNanoseconds))
  }
  /// From here on reads at most so many bytes, and then none for a while, over and over again.
  public mutating func readSlowly(_ count: Int, every duration: Duration) {
    steps.append(.readSlowly(max(1, count), duration.clampedNanoseconds))
  }
  /// Never reads again. It goes on with its script for two seconds, and then stays as it is.
  public mutating func stopReading() { steps.append(.stopReading) }
  /// Goes without a word: nothing comes from it any more, nothing reaches it. The script ends here.
  public mutating func vanish() { steps.append(.vanish) }
  /// Says that it sends no more, and reads on.
  public mutating func finish() { steps.append(.finish) }
  /// Resets the connection. The script ends here.
  public mutating func reset() { steps.append(.reset) }
  /// Closes, whatever may still come. The script ends here.
  public mutating func close() { steps.append(.close) }

  /// Where it comes from. Machines of IPv6 have a network of their own each.
  func address(_ family: SocketAddress.Family) -> SocketAddress {
    let port = UInt16(20000 + number % 20000)
    let base = SocketAddress.loopback(family, port: port)
    guard host > 0 else { return base }
    return family == .v4
      ? SocketAddress(family: .v4, low: base.low + UInt64(host), port: port)
      : SocketAddress(family: .v6, high: 0x2001_0DB8 << 32 + UInt64(host), low: 1, port: port)
  }

  /// How many bytes the script sends.
  var sentCount: Int {
    var sum = 0
    for case .send(let bytes) in steps { sum += bytes.count }
    return sum
  }

  /// Whether the script leaves without waiting for replies.
  var leaves: Bool {
    steps.contains(.reset) || steps.contains(.close) || steps.contains(.vanish)
      || steps.contains(.stopReading)
  }
}

#endif
