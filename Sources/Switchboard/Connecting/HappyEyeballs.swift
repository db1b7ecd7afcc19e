/// Connecting to a name that has several addresses, as RFC 8305 ("Happy Eyeballs") has it: what has happened goes
/// in with its moment, and what is to be done comes out. It makes no call and has no clock.
///
/// Both families are looked up at once. Attempts are made one after the other, the families by turns, and those
/// that are late go on beside new ones: on a network that swallows IPv6 the second attempt, over IPv4, connects
/// while the first still waits. The first that connects is kept. Whoever drives it
///
/// - begins both look-ups (or that of one family) and tells how each ended: ``found(_:_:_:)``, ``lookUpFailed(_:_:)``;
/// - makes the attempts it is told to, and tells how each ended: ``connected(_:)``, ``failed(_:_:_:)``;
/// - calls ``elapsed(_:)`` at ``wakesAt``, which is to be read anew after every call;
/// - has one ``Step/connected(_:)`` or ``Step/failed(_:)`` in the end, whatever happens, and no step after it.
///
/// What is told of an attempt that was abandoned, or after the end, is passed over.
struct HappyEyeballs {
  typealias Family = SocketAddress.Family

  /// An attempt to connect to one address.
  struct Attempt: Hashable, Sendable {
    /// Counted from zero, in the order in which attempts start.
    let number: Int
    let address: SocketAddress
  }

  /// What is to be done.
  enum Step: Hashable, Sendable {
    /// Connects to an address.
    case start(Attempt)
    /// Closes an attempt that has not connected, or has just now, without a byte sent.
    case abandon(Attempt)
    /// This one is kept: the end.
    case connected(Attempt)
    /// There is no connection: the end.
    case failed(ConnectFailure)
  }

  /// How many addresses of each family are tried. More are passed over: each has its place in the list, so the
  /// other family is not crowded out.
  static let mostAddresses = 16

  /// What is known of one family.
  private struct Side {
    /// Its look-up has not ended.
    var isAwaited: Bool
    /// What has not been tried, in the resolver's order (RFC 6724).
    var untried: [SocketAddress] = []
    /// How many were found.
    var total = 0
  }

  private let target: ConnectTarget
  private let times: ConnectTimes
  private let attemptDelay: Duration
  let deadline: Instant

  private var v6: Side
  private var v4: Side
  private var lookUpFailures: [LookUpFailure] = []
  /// Until when IPv6 is waited for; nil before there is an IPv4 address.
  private var resolutionEnd: Instant?

  /// All attempts, by their numbers; those without an error are under way, or were abandoned.
  private var attempts: [ConnectFailure.Attempt] = []
  private var underWay: [Attempt] = []
  /// From when the next attempt may start beside those under way.
  private var nextStart: Instant
  private(set) var isOver = false

  /// - Parameters:
  ///   - target: What is connected to, for who is told of a failure.
  ///   - family: The one that is looked up; nil for both.
  ///   - times: What is out of bounds counts as the nearest that is not.
  ///   - now: When it begins.
  init(to target: ConnectTarget, only family: Family? = nil, times: ConnectTimes, _ now: Instant) {
    self.target = target
    self.times = times
    attemptDelay = max(times.attemptDelay, ConnectTimes.leastAttemptDelay)
    deadline = now + times.timeout
    v6 = Side(isAwaited: family != .v4)
    v4 = Side(isAwaited: family != .v6)
    nextStart = now
  }

  /// When ``elapsed(_:)`` is due; nil after the end.
  var wakesAt: Instant? {
    guard !isOver else { return nil }
    guard hasUntried else { return deadline }
    return min(deadline, attempts.isEmpty ? resolutionEnd ?? deadline : nextStart)
  }

  /// Where an attempt goes; nil for one that has not been made.
  func address(of number: Int) -> SocketAddress? {
    attempts.indices.contains(number) ? attempts[number].address : nil
  }

  /// Whether the look-up of a family has not ended, and its answer would be of use.
  func awaits(_ family: Family) -> Bool { !isOver && self[family].isAwaited }

  // ------------------------------------------------------------------------ what happens

  /// A family's look-up has ended well, perhaps with nothing. More of the same may follow.
  mutating func found(_ addresses: [SocketAddress], _ family: Family, _ now: Instant) -> [Step] {
    guard !isOver else { return [] }
    self[family].isAwaited = false
    for address in addresses { add(address) }
    return goOn(now)
  }

  /// A family's look-up has failed.
  mutating func lookUpFailed(_ failure: LookUpFailure, _ now: Instant) -> [Step] {
    guard awaits(failure.family) else { return [] }
    self[failure.family].isAwaited = false
    lookUpFailures.append(failure)
    return goOn(now)
  }

  /// An attempt has connected.
  mutating func connected(_ number: Int) -> [Step] {
    guard let winner = end(of: number) else { return [] }
    return abandonAll() + [.connected(winner)]
  }

  /// An attempt has failed: the next one starts at once.
  mutating func failed(_ number: Int, _ error: SystemError, _ now: Instant) -> [Step] {
    guard end(of: number) != nil else { return [] }
    attempts[number].error = error
    nextStart = now
    return goOn(now)
  }

  /// ``wakesAt`` has come. Too early, or once more, does no harm.
  mutating func elapsed(_ now: Instant) -> [Step] { isOver ? [] : goOn(now) }

  /// Nobody wants the connection any more.
  mutating func cancel() -> [Step] { isOver ? [] : giveUp(.cancelled) }

  // ---------------------------------------------------------------------- what that means

  private subscript(family: Family) -> Side {
    get { family == .v6 ? v6 : v4 }
    set { if family == .v6 { v6 = newValue } else { v4 = newValue } }
  }

  private var hasUntried: Bool { !v6.untried.isEmpty || !v4.untried.isEmpty }

  private mutating func add(_ address: SocketAddress) {
    let family = address.family
    guard self[family].total < Self.mostAddresses, !self[family].untried.contains(address),
      !attempts.contains(where: { $0.address == address })
    else { return }
    self[family].total += 1
    self[family].untried.append(address)
  }

  private mutating func goOn(_ now: Instant) -> [Step] {
    guard now < deadline else { return giveUp(.timedOut(times.timeout)) }
    if resolutionEnd == nil, !v4.untried.isEmpty { resolutionEnd = now + times.resolutionDelay }
    if mayStart(now), let address = takeNext() { return [start(address, now)] }
    let isHopeless = underWay.isEmpty && !hasUntried && !v6.isAwaited && !v4.isAwaited
    return isHopeless ? giveUp(.nothingLeft) : []
  }

  /// The first attempt waits for IPv6 (section 3), each other one for those before it (section 5).
  private func mayStart(_ now: Instant) -> Bool {
    if attempts.isEmpty, v6.isAwaited, v6.untried.isEmpty {
      return resolutionEnd.map { $0 <= now } ?? false
    }
    return underWay.isEmpty || nextStart <= now
  }

  private mutating func start(_ address: SocketAddress, _ now: Instant) -> Step {
    let attempt = Attempt(number: attempts.count, address: address)
    attempts.append(ConnectFailure.Attempt(address: address, error: nil))
    underWay.append(attempt)
    nextStart = now + attemptDelay
    return .start(attempt)
  }

  /// The families by turns (section 4), after the first few of the first one.
  private mutating func takeNext() -> SocketAddress? {
    let wanted: Family
    if let first = attempts.first, let last = attempts.last {
      let isFirstAgain = attempts.count < times.firstFamilyCount
      wanted = isFirstAgain ? first.address.family : last.address.family == .v6 ? .v4 : .v6
    } else {
      wanted = .v6
    }
    let family = self[wanted].untried.isEmpty ? (wanted == .v6 ? .v4 : .v6) : wanted
    return self[family].untried.isEmpty ? nil : self[family].untried.removeFirst()
  }

  /// An attempt under way is so no longer; nil if it was not.
  private mutating func end(of number: Int) -> Attempt? {
    guard let place = underWay.firstIndex(where: { $0.number == number }) else { return nil }
    return underWay.remove(at: place)
  }

  private mutating func giveUp(_ reason: ConnectFailure.Reason) -> [Step] {
    let failure = ConnectFailure(
      target: "\(target)", reason: reason, attempts: attempts, lookUps: lookUpFailures,
      untried: v6.untried.count + v4.untried.count)
    return abandonAll() + [.failed(failure)]
  }

  private mutating func abandonAll() -> [Step] {
    isOver = true
    defer { underWay = [] }
    return underWay.map(Step.abandon)
  }
}
