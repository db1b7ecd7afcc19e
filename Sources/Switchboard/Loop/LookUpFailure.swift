/// Why a name could not be turned into addresses of a family, and what to do.
public struct LookUpFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What went wrong.
  public enum Reason: Error, Hashable, Sendable {
    /// It is empty, too long for a name, or has a zero byte in it.
    case notAName
    /// Nobody knows the name.
    case noSuchName
    /// The name is known and has no address of that family.
    case noAddress
    /// The name server did not answer, or says that it cannot at the moment.
    case serverFailing
    /// The name server answered that it will not.
    case serverRefuses
    /// There was no answer in the time that its caller gave it.
    case timedOut(Duration)
    /// As many look-ups wait as may.
    case queueFull(limit: Int)
    /// There is no thread to look it up on.
    case noThread(SystemError)
    /// The system failed while it was looked up.
    case system(Errno)
    /// Another error of `getaddrinfo(3)`, by its number.
    case other(Int32)
  }

  /// The name as it was given.
  public let name: String
  /// Which addresses were asked for.
  public let family: SocketAddress.Family
  /// What went wrong.
  public let reason: Reason

  /// Describes a failed look-up.
  public init(_ name: String, _ family: SocketAddress.Family, _ reason: Reason) {
    (self.name, self.family, self.reason) = (name, family, reason)
  }

  /// One line with the next action.
  public var description: String {
    "no \(family.name) address for '\(printable(name))': \(reason); \(advice)"
  }

  /// What the reader can do about it.
  public var advice: String { reason.advice }

  /// Whether nothing failed: there is no such address.
  var isAbsence: Bool { reason == .noAddress }
}

extension LookUpFailure.Reason: CustomStringConvertible {
  /// In words.
  public var description: String {
    switch self {
    case .notAName: "that is no name"
    case .noSuchName: "nobody knows the name"
    case .noAddress: "the name has none"
    case .serverFailing: "the name server does not answer"
    case .serverRefuses: "the name server refuses"
    case .timedOut(let time): "the look-up took longer than \(time)"
    case .queueFull(let limit): "\(limit) look-ups wait already"
    case .noThread(let error): "no thread to look it up on: \(error.errno.meaning)"
    case .system(let errno): "\(errno.meaning) (\(errno.symbol))"
    case .other(let code): "getaddrinfo's error \(code)"
    }
  }

  /// In bytes, without a dot at its end: RFC 1035 allows 255 with the lengths of labels.
  static let longest = 253

  /// What the reader can do about it.
  public var advice: String {
    switch self {
    case .notAName: "give an IPv4 or IPv6 address, or a name of 1 to \(Self.longest) bytes"
    case .noSuchName: "check its spelling (`getent hosts NAME` asks as this does)"
    case .noAddress: "use the other family, or give the name such an address"
    case .serverFailing, .timedOut:
      "check the name servers in /etc/resolv.conf and the way to them, and try again"
    case .serverRefuses: "ask a name server that answers for this name (/etc/resolv.conf)"
    case .queueFull: "try again later, or look up fewer names at once"
    case .noThread(let error): error.advice
    case .system(let errno) where errno.isExhaustion:
      SystemError(.socket, errno).advice
    case .system, .other: "see getaddrinfo(3)"
    }
  }
}

/// What others have named, on one line and not without end.
func printable(_ text: String) -> String {
  let most = 300
  let first = text.unicodeScalars.prefix(most).map { scalar in
    let isControl = scalar.properties.generalCategory == .control
    let isBreak = scalar.properties.isWhitespace && scalar != " "
    return isControl || isBreak ? "?" : String(scalar)
  }
  return first.joined() + (text.unicodeScalars.count > most ? "…" : "")
}
