/// How far a connection of the scripted client has come.
public enum ScriptedStep: Hashable, Sendable {
  /// Its attempt has begun.
  case begun
  /// The server has greeted it: from here on it has the server's attention.
  case greeted
  /// It has sent a message.
  case sent
  /// It has received a reply, or a part of one.
  case replied
  /// It followed the script to its end.
  case over
  /// It did not.
  case failed
}

/// How fast a scripted client goes, and how long it waits.
public struct ScriptedPace: Hashable, Sendable {
  /// The pauses, as a share of the article's.
  public var pauses = 1.0
  /// How long a connection waits for a reply before it gives up.
  public var patience = Duration.seconds(10)

  /// The article's.
  public static let article = ScriptedPace()

  /// A pace.
  public init(pauses: Double = 1, patience: Duration = .seconds(10)) {
    (self.pauses, self.patience) = (pauses, patience)
  }
}
