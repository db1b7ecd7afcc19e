/// A handler's own state for each of its peers, found by the peer's key.
///
/// The states lie side by side in memory, at the index that the reactor gave the peer, so finding
/// one is an index and a comparison, compiled into the handler's own module.
@safe
public struct PeerTable<State: ~Copyable>: ~Copyable {
  @usableFromInline
  struct Entry: ~Copyable {
    @usableFromInline var generation: UInt32
    @usableFromInline var state: State
    @inlinable init(generation: UInt32, state: consuming State) {
      self.generation = generation
      self.state = state
    }
  }

  @usableFromInline var entries: UnsafeMutablePointer<Entry?>
  @usableFromInline var capacity: Int

  /// An empty table.
  @inlinable
  public init() {
    capacity = 16
    unsafe entries = .allocate(capacity: 16)
    for place in 0..<16 { unsafe (entries + place).initialize(to: nil) }
  }

  @inlinable
  deinit {
    // One at a time: with a count that it does not know, Swift 6.3.1 passes over the states' own
    // deinit in optimized code.
    for place in 0..<capacity { unsafe (entries + place).deinitialize(count: 1) }
    unsafe entries.deallocate()
  }

  /// Keeps a state under a key, in place of what was at that key's index before.
  @inlinable
  public mutating func insert(_ state: consuming State, for key: Key) {
    while Int(key.index) >= capacity { grow() }
    unsafe entries[Int(key.index)] = Entry(generation: key.generation, state: state)
  }

  /// Forgets a key's state; one that is not there is passed over.
  @inlinable
  public mutating func remove(_ key: Key) {
    guard contains(key) else { return }
    unsafe entries[Int(key.index)] = nil
  }

  /// Whether a key has a state.
  @inlinable
  public func contains(_ key: Key) -> Bool {
    guard Int(key.index) < capacity else { return false }
    return unsafe entries[Int(key.index)]?.generation == key.generation
  }

  /// Changes a key's state; nil when it has none.
  @inlinable
  public mutating func update<Result>(_ key: Key, _ body: (inout State) -> Result) -> Result? {
    guard contains(key) else { return nil }
    return unsafe body(&entries[Int(key.index)]!.state)
  }

  @inlinable
  mutating func grow() {
    let wanted = capacity * 2
    let new = UnsafeMutablePointer<Entry?>.allocate(capacity: wanted)
    unsafe new.moveInitialize(from: entries, count: capacity)
    for place in capacity..<wanted { unsafe (new + place).initialize(to: nil) }
    unsafe entries.deallocate()
    unsafe entries = new
    capacity = wanted
  }
}
