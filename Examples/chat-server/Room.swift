import Switchboard

/// Who is in the room, and the one way to reach them.
///
/// Peers live on different loops, each with a thread of its own, so no session may touch another
/// one's connection. What it may keep is the other's handle: posting to it puts a message into its
/// loop's letterbox, and that loop hands it over between two callbacks.
///
/// Posting never blocks, whatever the receiving peer does. So it may be done while the lock is
/// held, and that makes one order of events for everybody, on whichever loop they are.
public final class Room: Sendable {
  /// A member, for the others.
  public typealias Handle = ConnectionHandle<ChatSession.Message>

  private let members = Lock<[Handle: String]>([:])

  /// An empty room.
  public init() {}

  /// Lets somebody in and tells the others: the names of those who were there already, sorted. Nil
  /// when the name is taken.
  func join(_ name: String, as handle: Handle) -> [String]? {
    members.withLock { members in
      guard !members.values.contains(name) else { return nil }
      for other in members.keys { other.post("* \(name) has joined\n") }
      defer { members[handle] = name }
      return members.values.sorted()
    }
  }

  /// Tells all but the sender.
  func say(_ text: String, from handle: Handle) {
    members.withLock { members in
      for other in members.keys where other != handle { other.post(text) }
    }
  }

  /// Who is there, sorted.
  func names() -> [String] { members.withLock { $0.values.sorted() } }

  /// Somebody has gone: tells the others.
  func leave(_ handle: Handle) {
    members.withLock { members in
      guard let name = members.removeValue(forKey: handle) else { return }
      for other in members.keys { other.post("* \(name) has left\n") }
    }
  }
}
