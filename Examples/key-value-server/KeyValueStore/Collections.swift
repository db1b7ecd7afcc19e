import SwitchboardProtocols

/// What a key has that is no string.
enum Collection {
  case list(ByteList)
  case set(ByteSet)
  case hash(ByteHash)
  case sorted(SortedSet)

  /// What `TYPE` calls it.
  var name: String {
    switch self {
    case .list: "list"
    case .set: "set"
    case .hash: "hash"
    case .sorted: "zset"
    }
  }

  /// The bytes of memory that it takes, about.
  var footprint: Int {
    switch self {
    case .list(let list): list.footprint
    case .set(let set): set.footprint
    case .hash(let hash): hash.footprint
    case .sorted(let set): set.footprint
    }
  }
}

/// A list: a ring of elements, added and removed at both ends at the same cost.
///
/// A ring that is full moves to one of twice the size: eight bytes an element, a millisecond for a million.
final class ByteList {
  private var ring: [[UInt8]] = Array(repeating: [], count: fewest)
  private var first = 0
  private(set) var count = 0
  private var content = 0

  private static let fewest = 8
  private var mask: Int { ring.count &- 1 }

  var footprint: Int { content + ring.count * MemoryLayout<[UInt8]>.stride }

  subscript(index: Int) -> [UInt8] { ring[(first &+ index) & mask] }

  func pushFront(_ element: [UInt8]) {
    grow()
    first = (first &- 1) & mask
    ring[first] = element
    content += element.heapSize
    count += 1
  }

  func pushBack(_ element: [UInt8]) {
    grow()
    ring[(first &+ count) & mask] = element
    content += element.heapSize
    count += 1
  }

  /// Takes an element; nil when there is none.
  func pop(fromFront: Bool) -> [UInt8]? {
    guard count > 0 else { return nil }
    let place = fromFront ? first : (first &+ count &- 1) & mask
    var element: [UInt8] = []
    swap(&element, &ring[place])
    if fromFront { first = (first &+ 1) & mask }
    content -= element.heapSize
    count -= 1
    return element
  }

  private func grow() {
    guard count == ring.count else { return }
    var bigger: [[UInt8]] = []
    bigger.reserveCapacity(2 * ring.count)
    bigger.append(contentsOf: ring[first...])
    bigger.append(contentsOf: ring[..<first])
    ring = []
    bigger.append(contentsOf: repeatElement([], count: count))
    (ring, first) = (bigger, 0)
  }
}

/// A set of strings.
final class ByteSet {
  private var table = ByteTable<Void>()
  private var content = 0
  private let seed: HashSeed

  init(_ seed: HashSeed) { self.seed = seed }

  var count: Int { table.count }
  var footprint: Int { content + table.structure }

  func contains(_ member: Span<UInt8>) -> Bool { table.find(member, seed.hash(member)) != nil }

  /// Adds a member; false when it is there already.
  func insert(_ member: Span<UInt8>) -> Bool {
    let hash = seed.hash(member)
    guard table.find(member, hash) == nil else { return false }
    let own = Array(copying: member)
    content += own.heapSize
    table.insert(own, (), hash)
    return true
  }

  /// Removes a member; false when it was not there.
  func remove(_ member: Span<UInt8>) -> Bool {
    guard let place = table.find(member, seed.hash(member)) else { return false }
    content -= table.key(at: place).heapSize
    table.remove(place)
    return true
  }

  /// Any member; there is one.
  func any(_ random: UInt64) -> [UInt8] { table.key(at: table.randomPlace(random)) }

  func visit(_ body: ([UInt8]) -> Void) { table.visit { member, _ in body(member) } }
}

/// Fields and their values.
final class ByteHash {
  private var table = ByteTable<[UInt8]>()
  private var content = 0
  private let seed: HashSeed

  init(_ seed: HashSeed) { self.seed = seed }

  var count: Int { table.count }
  var footprint: Int { content + table.structure }

  func value(_ field: Span<UInt8>) -> [UInt8]? {
    table.find(field, seed.hash(field)).map { table[$0] }
  }

  /// Sets a field; whether it is new.
  func set(_ field: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
    let hash = seed.hash(field)
    if let place = table.find(field, hash) {
      content -= table[place].heapSize
      table[place].replace(with: value)
      content += table[place].heapSize
      return false
    }
    let (ownField, ownValue) = (Array(copying: field), Array(copying: value))
    content += ownField.heapSize + ownValue.heapSize
    table.insert(ownField, ownValue, hash)
    return true
  }

  /// Removes a field; false when it was not there.
  func remove(_ field: Span<UInt8>) -> Bool {
    guard let place = table.find(field, seed.hash(field)) else { return false }
    content -= table.key(at: place).heapSize + table[place].heapSize
    table.remove(place)
    return true
  }

  func visit(_ body: ([UInt8], [UInt8]) -> Void) { table.visit(body) }
}
