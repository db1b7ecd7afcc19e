#if TestBench

/// Somebody outside a simulated world whom its server may connect to: how he answers an attempt, and what he
/// does on a connection. Written down before the run, as a client's script is.
///
/// What he receives is checked byte by byte against what he was told to ``expect(_:)-([UInt8])``. At the end of
/// his script he says no more, reads on, and closes when the server has finished.
public struct SimulatedRemote: Hashable, Sendable {
  /// How he answers an attempt to connect. `atOnce` is in the call itself; otherwise it takes as long as the way
  /// there and back.
  public enum Answer: Hashable, Sendable {
    /// The connection stands when the call comes back.
    case acceptsAtOnce
    /// It stands so much later than the way there and back takes.
    case accepts(after: Duration)
    /// It stands, and he resets it.
    case acceptsAndResets
    /// It stands, and he says at once that he sends nothing.
    case acceptsAndEnds
    /// Nobody listens: `ECONNREFUSED`.
    case refuses(atOnce: Bool)
    /// `EHOSTUNREACH`
    case hasNoHost(atOnce: Bool)
    /// `ENETUNREACH`
    case hasNoNetwork(atOnce: Bool)
    /// Nothing comes back. The server's own kernel gives up, much later: `ETIMEDOUT`.
    case isSilent
  }

  /// One step of a script. Durations are in nanoseconds.
  enum Step: Hashable, Sendable {
    case send([UInt8])
    case expect([UInt8])
    case echo
    case wait(UInt64)
    case pauseReading(UInt64)
    case finish
    case reset
    case close
    case vanish
  }

  /// Where he is.
  public let address: SocketAddress
  /// Numbers for making up a script: of this one alone.
  public var random: SimulatedRandom
  var answers: [Answer] = []
  var steps: [Step] = []

  init(at address: SocketAddress, number: Int, seed: UInt64) {
    self.address = address
    random = SimulatedRandom(seed: seed, stream: 7, part: UInt64(number))
  }

  /// Answers one attempt so, behind those said before; all that follow are answered as the last one. Without
  /// an answer he accepts.
  public mutating func answer(_ answer: Answer) { answers.append(answer) }

  /// Answers so many attempts in any way, by chance, behind those said before.
  public mutating func answerByChance(_ count: Int) {
    for _ in 0..<max(0, count) { answers.append(answerByChance()) }
  }

  private mutating func answerByChance() -> Answer {
    let isAtOnce = random.chance(0.5)
    return switch random.below(10) {
    case 0: .acceptsAtOnce
    case 1: .accepts(after: .milliseconds(random.below(400)))
    case 2: .acceptsAndResets
    case 3: .acceptsAndEnds
    case 4: .refuses(atOnce: isAtOnce)
    case 5: .hasNoHost(atOnce: isAtOnce)
    case 6: .hasNoNetwork(atOnce: isAtOnce)
    case 7: .isSilent
    default: .accepts(after: .zero)
    }
  }

  /// Sends bytes, in pieces where the connection takes no more at the moment.
  public mutating func send(_ bytes: [UInt8]) { if !bytes.isEmpty { steps.append(.send(bytes)) } }
  /// Sends a text's UTF-8.
  public mutating func send(_ text: String) { send(Array(text.utf8)) }
  /// Waits until these bytes have come, behind those expected before.
  public mutating func expect(_ bytes: [UInt8]) { steps.append(.expect(bytes)) }
  /// The same for a text's UTF-8.
  public mutating func expect(_ text: String) { expect(Array(text.utf8)) }
  /// From here on sends back whatever comes behind what was expected.
  public mutating func echo() { steps.append(.echo) }
  /// Does nothing for a while, but reads.
  public mutating func wait(_ duration: Duration) {
    steps.append(.wait(duration.clampedNanoseconds))
  }
  /// Goes on, but reads nothing for a while.
  public mutating func pauseReading(_ duration: Duration) {
    steps.append(.pauseReading(duration.clampedNanoseconds))
  }
  /// Says that he sends no more, and reads on.
  public mutating func finish() { steps.append(.finish) }
  /// Resets the connection. The script ends here.
  public mutating func reset() { steps.append(.reset) }
  /// Closes, whatever may still come. The script ends here.
  public mutating func close() { steps.append(.close) }
  /// Goes without a word: nothing comes from him any more, nothing reaches him. The script ends here.
  public mutating func vanish() { steps.append(.vanish) }

  /// How an attempt is answered, counted from 0 on.
  func answer(to attempt: Int) -> Answer {
    answers.isEmpty ? .accepts(after: .zero) : answers[min(attempt, answers.count - 1)]
  }

  /// What he does on a connection that he answered so.
  func steps(behind answer: Answer) -> [Step] {
    switch answer {
    case .acceptsAndResets: [.reset]
    case .acceptsAndEnds: [.finish]
    default: steps
    }
  }
}

extension SimulatedRemote.Answer {
  /// Why the connection never stands; nil where it does.
  var failure: Errno? {
    switch self {
    case .acceptsAtOnce, .accepts, .acceptsAndResets, .acceptsAndEnds: nil
    case .refuses: .connectionRefused
    case .hasNoHost: .hostUnreachable
    case .hasNoNetwork: .networkUnreachable
    case .isSilent: .timedOut
    }
  }

  /// Whether the call itself tells how it went.
  var isAtOnce: Bool {
    switch self {
    case .acceptsAtOnce, .refuses(atOnce: true), .hasNoHost(atOnce: true),
      .hasNoNetwork(atOnce: true):
      true
    default: false
    }
  }

  /// How much longer it takes than the way there and back, in nanoseconds.
  var delay: UInt64 {
    if case .accepts(let duration) = self { duration.clampedNanoseconds } else { 0 }
  }
}

#endif
