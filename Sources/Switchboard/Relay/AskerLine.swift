/// The sessions of a loop that wait for a connection of a pool, first come, first served.
struct AskerLine {
  /// Somebody who waits.
  struct Asker {
    let key: Key
    /// In which turn it asked.
    let turn: UInt64
    let deadline: Instant
    /// Servers behind that could not be connected to while it waited.
    var failed: Set<Int> = []
  }

  private var askers: [Key: (number: UInt64, asker: Asker)] = [:]
  /// In the order of their coming, those that have left since among them.
  private var order: [(key: Key, number: UInt64)] = []
  /// So many at the order's start have left.
  private var start = 0
  private var lastNumber: UInt64 = 0

  /// How many wait.
  var count: Int { askers.count }
  var isEmpty: Bool { askers.isEmpty }

  mutating func add(_ asker: Asker) {
    lastNumber &+= 1
    askers[asker.key] = (lastNumber, asker)
    order.append((asker.key, lastNumber))
  }

  /// Somebody waits no longer, if it did.
  mutating func remove(_ key: Key) {
    guard askers.removeValue(forKey: key) != nil else { return }
    while start < order.count, !isWaiting(order[start]) { start += 1 }
    // Amortised: as many have left as are moved.
    guard start > order.count / 2 || order.count > 2 * askers.count + 64 else { return }
    order = order[start...].filter(isWaiting)
    start = 0
  }

  private func isWaiting(_ entry: (key: Key, number: UInt64)) -> Bool {
    askers[entry.key]?.number == entry.number
  }

  /// Who waits the longest.
  var first: Asker? { start < order.count ? askers[order[start].key]?.asker : nil }

  /// A server behind could not be connected to: whoever waits the longest of those for whom that is new has one
  /// fewer to hope for. That one, as it is now.
  mutating func fail(_ place: Int) -> Asker? {
    for entry in order[start...] where isWaiting(entry) {
      guard let (number, asker) = askers[entry.key], !asker.failed.contains(place) else { continue }
      var changed = asker
      changed.failed.insert(place)
      askers[entry.key] = (number, changed)
      return changed
    }
    return nil
  }
}
