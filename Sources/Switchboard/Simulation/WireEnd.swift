#if TestBench

/// What becomes of a client's wire, where there is a filter at its end.
package struct WireHabit: Hashable, Sendable {
  /// What a client does to its own wire.
  package enum Trouble: Hashable, Sendable {
    /// Sends nothing for so long.
    case pause(Duration)
    /// Changes the next byte.
    case garble(UInt8)
    /// Resets the connection.
    case reset
    /// Says by TCP alone that it sends no more.
    case finish
  }

  /// Which of the world's client filters it has; nil: none, and what it sends goes as it is.
  package var filter: Int? = 0
  /// The server refuses that one.
  package var isRefused = false
  /// Its end is TCP's alone: the filter does not say it.
  package var cutsOff = false
  /// How many wire bytes it sends before something happens to them.
  package var troubleAt = 0
  /// What that is.
  package var trouble: Trouble?

  /// The usual: nothing happens.
  package init() {}

  /// Whether it may never have a session, or lose it.
  var isBad: Bool {
    switch trouble {
    case .garble, .reset, .finish: true
    case .pause, nil: filter == nil || isRefused
    }
  }
}

/// Where filters at the far ends of simulated connections write.
@safe
final class WireBench {
  private final class Nobody {}
  private let region: ByteRegion
  fileprivate var connection: Connection

  /// The most that one call of a filter may write.
  private static let mostWritten = 1 << 24

  init() throws(SystemError) {
    region = try ByteRegion(count: FilterBuffers.count)
    connection = Connection(
      loop: LoopContext(box: Nobody()),
      handle: LoopHandle(
        jobs: MessageBox(mail: MailFlag {}), requests: MessageBox(mail: MailFlag {})),
      now: Instant(nanoseconds: 1), limit: Self.mostWritten)
  }

  /// Has a filter write something: that.
  fileprivate func written(_ body: (inout Connection) -> Void) -> [UInt8] {
    let output = unsafe OutputRegion(start: region.start, capacity: FilterBuffers.count)
    connection.begin(Key(index: 0, generation: 1), -1, output)
    body(&connection)
    return unsafe Array(connection.written)
  }
}

/// The far end of a connection that has a filter at its server's end: the same filter in the other role, between what a
/// script says and the wire.
final class WireEnd {
  private let filter: any StreamFilter
  private let bench: WireBench
  let habit: WireHabit
  /// What is left to happen to the wire.
  private var trouble: WireHabit.Trouble?
  /// How long pieces are that are sealed at once.
  private var random: SimulatedRandom
  private let pieces: Pieces
  private enum Pieces: Int { case whole, large, small, tiny }

  private(set) var hasBegun = false
  private(set) var isOpen = false
  /// The server has said that nothing more comes from it.
  private(set) var peerHasEnded = false
  private(set) var failure: FilterFailure?
  /// Nothing is sent before then.
  var heldUntil: UInt64 = 0
  /// The client waits for nothing any longer: what it has garbled may have told the server to expect more.
  var givesUpAt = UInt64.max

  /// Wire bytes that are to go, behind so many that have gone.
  private var waiting: [UInt8] = []
  private var gone = 0
  /// How many wire bytes have gone in all.
  private(set) var sent = 0
  /// How many were made, and how many plain ones are in them, behind each piece.
  private var marks: [(wire: Int, plain: Int)] = []
  private var made = 0
  private var sealed = 0
  private var hasEnded = false

  init(_ maker: any FilterMaker, _ bench: WireBench, _ habit: WireHabit, _ random: SimulatedRandom)
  {
    filter = maker.makeFilter()
    (self.bench, self.habit, trouble) = (bench, habit, habit.trouble)
    self.random = random
    pieces = Pieces(rawValue: self.random.below(4)) ?? .whole
  }

  // ------------------------------------------------------------------------------- the wire

  /// Whether nothing waits to be sent.
  var isFlushed: Bool { gone == waiting.count }
  /// Whether it has said that nothing more comes, and all of that has gone.
  var hasSaidEnd: Bool { hasEnded && isFlushed }

  /// What is to go next, up to where something happens to it; not empty while there is something.
  var next: ArraySlice<UInt8> {
    let most = trouble == nil ? .max : max(0, habit.troubleAt - sent)
    return waiting[gone...].prefix(most)
  }

  func went(_ count: Int) {
    gone += count
    sent += count
    guard gone == waiting.count else { return }
    waiting.removeAll(keepingCapacity: true)
    gone = 0
  }

  /// What happens to the wire now; nil for nothing.
  func takeTrouble() -> WireHabit.Trouble? {
    guard let trouble, sent >= habit.troubleAt, !isFlushed else { return nil }
    self.trouble = nil
    if case .garble(let bits) = trouble { waiting[gone] ^= max(1, bits) }
    return trouble
  }

  /// Forgets what has not gone.
  func drop() { (waiting, gone) = ([], 0) }

  private func put(_ bytes: [UInt8]) {
    made += bytes.count
    waiting += bytes
  }

  /// How many plain bytes are there whole where so many wire bytes are.
  func plainCount(within wire: Int) -> Int { marks.last { $0.wire <= wire }?.plain ?? 0 }

  // ----------------------------------------------------------------------------- the filter

  /// The connection stands.
  func begin() {
    hasBegun = true
    put(bench.written { note(filter.begin(&$0)) })
  }

  /// Wire bytes have come: what they mean.
  func take(_ bytes: [UInt8]) -> [UInt8] {
    var (plain, rest) = ([UInt8](), bytes[...])
    var isAsked = true
    while isAsked, failure == nil, !peerHasEnded {
      var used = 0
      put(
        bench.written { wire in
          plain += [UInt8](capacity: FilterBuffers.count) { output in
            isAsked = note(filter.take(rest.span, used: &used, into: &output, &wire))
          }
        })
      rest = rest.dropFirst(used)
    }
    return plain
  }

  /// Whether it is to be asked again.
  @discardableResult
  private func note(_ step: FilterStep) -> Bool {
    switch step {
    case .more: return false
    case .plain(let isAll): return !isAll
    case .opened:
      isOpen = true
      return true
    case .ended:
      peerHasEnded = true
      return false
    case .failed(let failure):
      self.failure = failure
      return false
    }
  }

  /// Seals a piece of what a script says: how much of it.
  func seal(_ bytes: ArraySlice<UInt8>) -> Int {
    let count = min(bytes.count, nextPiece(of: bytes.count))
    let piece = bytes.prefix(count)
    put(
      bench.written { wire in
        if let failure = filter.seal(piece.span, &wire) { self.failure = failure }
      })
    sealed += count
    marks.append((made, sealed))
    return count
  }

  private func nextPiece(of count: Int) -> Int {
    switch pieces {
    case .whole: count
    case .large: random.within(1...40_000)
    // Not a million records of a byte each.
    case .small: random.within(1...max(1000, count / 64))
    case .tiny: random.within(1...max(16, count / 64))
    }
  }

  /// Says that nothing more comes.
  func end() {
    guard !hasEnded else { return }
    hasEnded = true
    put(bench.written { filter.end(&$0) })
  }
}

#endif
