/// Why there is no connection to a name or an address: what came of every attempt, and what to do.
public struct ConnectFailure: Error, Hashable, Sendable {
  /// What ended it.
  public enum Reason: Hashable, Sendable {
    /// All addresses failed, or there were none.
    case nothingLeft
    /// The time for all of it was over.
    case timedOut(Duration)
    /// Nobody wanted the connection any more.
    case cancelled
  }

  /// An attempt to connect to one address.
  public struct Attempt: Hashable, Sendable {
    /// Where to.
    public let address: SocketAddress
    /// Why it failed; nil if nothing had come of it.
    public internal(set) var error: SystemError?
  }

  /// What was to be connected to, as its caller named it.
  public let target: String
  /// What ended it.
  public let reason: Reason
  /// All attempts, in the order in which they were made.
  public let attempts: [Attempt]
  /// The look-ups that failed.
  public let lookUps: [LookUpFailure]
  /// How many addresses were known and had not been tried.
  public let untried: Int
}

extension ConnectFailure {
  /// Nobody needed the connection when it was to be begun.
  static func unneeded(_ target: String) -> ConnectFailure {
    ConnectFailure(target: target, reason: .cancelled, attempts: [], lookUps: [], untried: 0)
  }
}

extension ConnectFailure: CustomStringConvertible {
  /// One line: what happened to each address, and the next action.
  public var description: String {
    let what =
      switch reason {
      case .nothingLeft: ""
      case .timedOut(let time): " within \(time)"
      case .cancelled: " before it was given up"
      }
    let parts = happened
    let all = parts.isEmpty ? "no address is known" : parts.joined(separator: ", ")
    return "cannot connect to \(printable(target))\(what): \(all); \(advice)"
  }

  /// What the reader can do about it.
  public var advice: String {
    if reason == .cancelled { return "connect again if it is still needed" }
    let errors = attempts.compactMap(\.error)
    // Who refuses is there, and closer to what is wrong than an address without a route.
    if let telling = errors.first(where: { $0.errno == .connectionRefused }) ?? errors.first {
      return telling.advice
    }
    if let attempt = attempts.first {
      return SystemError(.connect, .timedOut, on: .address(attempt.address)).advice
    }
    if let failure = lookUps.first(where: { !$0.isAbsence }) ?? lookUps.first {
      return failure.advice
    }
    return reason == .nothingLeft
      ? "give an address, or a name that has one" : LookUpFailure.Reason.timedOut(.zero).advice
  }

  /// Look-ups first, then attempts; those that came to the same are told together.
  private var happened: [String] {
    // That a name has no address of one family is nothing to tell where it has one of the other.
    let telling = lookUps.filter { attempts.isEmpty || !$0.isAbsence }
    var parts = telling.map { "\($0.family.name): \($0.reason)" }
    var groups: [(meaning: String, addresses: [String])] = []
    for attempt in attempts {
      let meaning = attempt.error.map { "\($0.meaning) (\($0.errno.symbol))" } ?? "no answer"
      let address = attempt.address.description
      if let place = groups.firstIndex(where: { $0.meaning == meaning }) {
        groups[place].addresses.append(address)
      } else {
        groups.append((meaning, [address]))
      }
    }
    parts += groups.map { "\($0.meaning) from \($0.addresses.joined(separator: " and "))" }
    if untried > 0 { parts.append("\(untried) not tried") }
    return parts
  }
}

extension SocketAddress.Family {
  /// For people.
  var name: String {
    switch self {
    case .v4: "IPv4"
    case .v6: "IPv6"
    case .unix: "Unix-domain"
    }
  }
}
