#if TestBench

/// What a server whose connections share something must answer: written apart from it, as plainly as can be.
///
/// A model is a value, and a run begins with a copy of the one that is given to
/// ``simulate(_:clients:seeds:on:faults:conversation:serving:)``. Clients have numbers from 1 on.
///
/// ```swift
/// struct BoardModel: SharedModel {
///   var notes: [String: String] = [:]
///
///   mutating func replies(to request: String, from client: Int) -> [Reply] { … }
/// }
/// ```
///
/// What it knows nothing of must not show: the protocol's own timers above all.
public protocol SharedModel {
  /// What clients get because one has connected: the greeting, and what others are told of it. They connect in
  /// the order of their numbers.
  ///
  /// - Parameter client: Who has connected.
  /// - Returns: what it and others get, each in this order; nothing, unless said otherwise.
  mutating func opened(_ client: Int) -> [Reply]

  /// What clients get because one has sent something.
  ///
  /// - Parameters:
  ///   - request: What was sent.
  ///   - client: Who has sent it.
  /// - Returns: what it and others get, each in this order.
  mutating func replies(to request: String, from client: Int) -> [Reply]

  /// What others get because a client has finished, which all do at the end in the order of their numbers.
  ///
  /// - Parameter client: Who has finished.
  /// - Returns: what others get; nothing, unless said otherwise.
  mutating func closed(_ client: Int) -> [Reply]
}

extension SharedModel {
  /// Nothing.
  public mutating func opened(_ client: Int) -> [Reply] { [] }
  /// Nothing.
  public mutating func closed(_ client: Int) -> [Reply] { [] }
}

/// What a client must get.
public struct Reply: Hashable, Sendable {
  /// Who gets it.
  public let client: Int
  /// What it gets, to the last byte of its UTF-8.
  public let text: String

  /// A text for a client.
  ///
  /// - Parameters:
  ///   - client: Who gets it, from 1 on.
  ///   - text: What it gets.
  public static func to(_ client: Int, _ text: String) -> Reply {
    Reply(client: client, text: text)
  }
}

/// What a client sends.
public struct Request: Hashable, Sendable {
  /// Who sends it.
  public let client: Int
  /// What it sends, as UTF-8.
  public let text: String

  /// A text of a client's.
  ///
  /// - Parameters:
  ///   - client: Who sends it, from 1 on.
  ///   - text: What it sends.
  public static func client(_ client: Int, _ text: String) -> Request {
    Request(client: client, text: text)
  }
}

#endif
