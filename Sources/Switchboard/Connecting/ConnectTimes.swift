/// How long connecting to a name may take, and how attempts at its addresses follow each other
/// (RFC 8305, section 8).
public struct ConnectTimes: Hashable, Sendable {
  /// How long all of it may take, looking the name up included. More than zero.
  public var timeout: Duration = .seconds(10)
  /// How long an attempt has for itself before the next one starts beside it. 100 ms to 2 s.
  public var attemptDelay: Duration = .milliseconds(250)
  /// How long IPv6 addresses are waited for when the IPv4 ones have come first.
  public var resolutionDelay: Duration = .milliseconds(50)
  /// How many addresses of the family that comes first are tried before one of the other. At least one.
  public var firstFamilyCount = 1

  /// As RFC 8305 recommends them, and ten seconds for all of it.
  public init() {}

  /// What ``attemptDelay`` may be set to, as RFC 8305 recommends.
  static let attemptDelays = Duration.milliseconds(100)...Duration.seconds(2)
  /// What RFC 8305 forbids to go below, whatever anybody sets.
  static let leastAttemptDelay = Duration.milliseconds(10)

  /// - Throws: where a value is one that nobody can mean.
  func check() throws(SystemError) {
    try OptionCheck.positive(timeout, "timeout")
    try OptionCheck.notNegative(resolutionDelay, "resolutionDelay")
    try OptionCheck.atLeast(1, firstFamilyCount, "firstFamilyCount")
    let allowed = Self.attemptDelays
    guard allowed.contains(attemptDelay) else {
      throw OptionCheck.fault(
        OptionFault(
          "attemptDelay", is: attemptDelay,
          "set it to \(allowed.lowerBound) to \(allowed.upperBound)"))
    }
  }
}
