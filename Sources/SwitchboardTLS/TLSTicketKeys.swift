#if TLS

internal import COpenSSL
import Synchronization

/// Keys of session tickets, by which clients that come again are known without a full handshake: shared by all loops
/// that are given the same object, and by processes that are given the same bytes. Any thread.
///
/// The newest of three seals, all open; a new one is made each twelve hours, so that a ticket is good for twelve to
/// thirty-six, and whoever steals a key can read no older sessions than that.
public final class TLSTicketKeys: Sendable {
  /// A key, its name among them: random bytes.
  struct Key: Sendable {
    var name: [UInt8]
    var cipher: [UInt8]
    var mac: [UInt8]

    /// Bytes of a key as it is shared: of its name, and of the two that seal.
    static let count = 16 + 32 + 32

    init(_ bytes: some Collection<UInt8>) {
      let all = Array(bytes)
      (name, cipher, mac) = (Array(all[..<16]), Array(all[16..<48]), Array(all[48...]))
    }
  }

  private struct State {
    /// The newest first.
    var keys: [Key]
    var madeAt: ContinuousClock.Instant?
    /// Whether it makes new ones itself.
    var rotates: Bool
  }

  /// How many are known at a time.
  static let most = 3
  static let interval = Duration.seconds(12 * 3600)
  private let state: Mutex<State>

  /// Keys of one's own, renewed by themselves.
  public init() {
    let key = Key(Self.random())
    state = Mutex(State(keys: [key], rotates: true))
  }

  /// Keys that others have too. They are renewed by ``replace(by:)``, and not by themselves.
  ///
  /// - Parameter keys: One to three of 80 random bytes each, the newest first.
  /// - Throws: for other numbers of keys or bytes.
  public init(shared keys: [[UInt8]]) throws(TLSError) {
    let read = try Self.read(keys)
    state = Mutex(State(keys: read, rotates: false))
  }

  /// Renews shared keys: from here on the first of these seals.
  ///
  /// - Parameter keys: One to three of 80 random bytes each, the newest first.
  /// - Throws: for other numbers of keys or bytes; then all stays as it was.
  public func replace(by keys: [[UInt8]]) throws(TLSError) {
    let read = try Self.read(keys)
    state.withLock { $0.keys = read }
  }

  private static func read(_ keys: [[UInt8]]) throws(TLSError) -> [Key] {
    guard (1...most).contains(keys.count), keys.allSatisfy({ $0.count == Key.count }) else {
      throw TLSError(
        "ticket keys are one to \(most) of \(Key.count) bytes: give as many random bytes")
    }
    return keys.map { Key($0) }
  }

  private static func random() -> [UInt8] {
    // The system's own generator, which does not fail.
    (0..<Key.count).map { _ in UInt8.random(in: .min ... .max) }
  }

  /// The key to seal with, renewed where it is time.
  func toSeal(_ now: ContinuousClock.Instant) -> Key {
    state.withLock { state in
      let madeAt = state.madeAt ?? now
      state.madeAt = madeAt
      if state.rotates, madeAt.duration(to: now) >= Self.interval {
        state.keys = [Key(Self.random())] + state.keys.prefix(Self.most - 1)
        state.madeAt = now
      }
      return state.keys[0]
    }
  }

  /// The key of a ticket, and whether a newer one should take its place; nil where it is not known any more.
  func toOpen(_ name: UnsafeRawBufferPointer) -> (key: Key, isOld: Bool)? {
    let name = unsafe Array(name)
    return state.withLock { state in
      guard let place = state.keys.firstIndex(where: { $0.name == name }) else { return nil }
      return (state.keys[place], place > 0)
    }
  }
}

#endif
