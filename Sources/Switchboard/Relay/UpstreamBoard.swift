/// How a relay chooses among servers that do the same.
public enum UpstreamChoice: String, Hashable, Sendable, CaseIterable {
  /// One after the other.
  case roundRobin = "round-robin"
  /// Whoever has the fewest connections; among those with as many, one after the other.
  case leastConnections = "least-connections"
}

/// Whose turn it is among several servers, and who is left alone for a while since it could not be connected to.
/// It makes no call and knows no clock.
///
/// Health is passive: a server is held to be well until an attempt to connect to it fails. Then it is left
/// alone for a time that doubles with each failure, a random part of it shorter so that many relays do not
/// come back at once; the next connection after that finds out. Where all are left alone, the one whose
/// time is over first is tried all the same: to refuse everybody would help nobody.
struct UpstreamBoard {
  /// A server's account.
  private struct Account {
    var connections = 0
    /// Attempts that failed, one after the other.
    var failures = 0
    /// Until then it is left alone.
    var restsUntil = Instant(nanoseconds: 0)
  }

  /// How long a server is left alone after its first failure, and at most.
  static let (firstRest, longestRest) = (Duration.seconds(1), Duration.seconds(30))

  private var accounts: [Account]
  private let choice: UpstreamChoice
  /// Whose turn it is.
  private var next = 0

  init(count: Int, _ choice: UpstreamChoice) {
    accounts = Array(repeating: Account(), count: count)
    self.choice = choice
  }

  /// The server for a new connection, whose attempt counts as one of its connections until
  /// ``failed(_:_:entropy:)`` or ``ended(_:)``.
  ///
  /// - Parameter tried: Those that this client's connection has failed to already.
  /// - Returns: Nil when all have been tried.
  mutating func choose(_ now: Instant, except tried: Set<Int>) -> Int? {
    let turns = accounts.indices.map { (next + $0) % accounts.count }
    let left = turns.filter { !tried.contains($0) }
    let well = left.filter { accounts[$0].restsUntil <= now }
    guard let chosen = well.isEmpty ? firstToReturn(left) : best(well) else { return nil }
    next = (chosen + 1) % accounts.count
    accounts[chosen].connections += 1
    return chosen
  }

  private func firstToReturn(_ places: [Int]) -> Int? {
    places.min { accounts[$0].restsUntil < accounts[$1].restsUntil }
  }

  private func best(_ places: [Int]) -> Int? {
    switch choice {
    case .roundRobin: places.first
    case .leastConnections: places.min { accounts[$0].connections < accounts[$1].connections }
    }
  }

  /// A connection to it stands.
  mutating func connected(_ place: Int) {
    accounts[place].failures = 0
    accounts[place].restsUntil = Instant(nanoseconds: 0)
  }

  /// It could not be connected to.
  mutating func failed(_ place: Int, _ now: Instant, entropy: UInt64) {
    ended(place)
    accounts[place].failures = min(accounts[place].failures + 1, 16)
    let doubled = Self.firstRest * (1 << (accounts[place].failures - 1))
    let rest = min(doubled, Self.longestRest).clampedNanoseconds
    // A quarter of it at most is taken off.
    accounts[place].restsUntil = now.advanced(byNanoseconds: rest - entropy % (rest / 4 + 1))
  }

  /// A connection to it has ended, or an attempt was given up.
  mutating func ended(_ place: Int) {
    accounts[place].connections = max(0, accounts[place].connections - 1)
  }

  func connections(_ place: Int) -> Int { accounts[place].connections }
}
