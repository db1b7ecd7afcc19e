/// Where a loop's connections come from, remembered from the moment on in which a session first asks. Who never asks
/// pays nothing for it; who asks of each connection makes a call for those alone that were there before. One thread.
final class PeerAddresses {
  private struct Entry: BitwiseCopyable {
    /// Of the slot's connection; 0 for none.
    var generation: UInt32
    var scope: UInt32
    var high: UInt64
    var low: UInt64
    var port: UInt16
    var isV6: Bool
  }

  private let capacity: Int
  private var entries: ReservedTable<Entry>?
  /// What has no place there.
  private var apart: [UInt32: (key: Key, address: SocketAddress)] = [:]

  /// - Parameter capacity: How many slots there are.
  init(capacity: Int) { self.capacity = capacity }

  /// Whether a session has asked.
  var isWanted: Bool { entries != nil }

  /// A session has asked, and this is the answer. Where there is no memory for it, and of Unix-domain sockets, whose
  /// names may be long, it is asked for again.
  func remember(_ key: Key, _ address: SocketAddress) {
    if entries == nil { entries = try? ReservedTable(capacity: capacity) }
    guard address.family != .unix, Int(key.index) < capacity else { return }
    entries?[Int(key.index)] = Entry(
      generation: key.generation, scope: address.scope, high: address.high, low: address.low,
      port: address.port, isV6: address.family == .v6)
  }

  /// The same of an address that nobody can be asked for again.
  func remember(_ key: Key, proxied address: SocketAddress) {
    remember(key, address)
    if address.family == .unix || entries == nil { apart[key.index] = (key, address) }
  }

  /// What is known of a connection without asking.
  func address(of key: Key) -> SocketAddress? {
    if !apart.isEmpty, let known = apart[key.index], known.key == key { return known.address }
    guard Int(key.index) < capacity, let entry = entries?[Int(key.index)],
      entry.generation == key.generation
    else { return nil }
    return SocketAddress(
      family: entry.isV6 ? .v6 : .v4, high: entry.high, low: entry.low, scope: entry.scope,
      port: entry.port)
  }
}
