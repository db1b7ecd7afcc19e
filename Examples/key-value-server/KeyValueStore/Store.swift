import SwitchboardProtocols

/// What a key has.
struct Stored {
  /// Its bytes, where it is a string.
  var bytes: [UInt8] = []
  var collection: Collection?
  /// When it is over, in milliseconds of the store's clock.
  var end = Store.never

  var footprint: Int { bytes.heapSize + (collection?.footprint ?? 0) }
}

/// All keys and values, and how much memory they take.
struct Store {
  typealias Place = ByteTable<Stored>.Place

  /// The end of what has none.
  static let never = Int64.max
  static let databaseCount = 16

  let seed: HashSeed
  /// The most bytes that keys and values may take.
  var limit: Int
  /// Milliseconds on a clock that only goes on.
  var now: Int64 = 0
  /// The database that is used.
  var selected = 0
  private var databases: [ByteTable<Stored>]
  /// The bytes of memory that keys and values take, without the tables.
  private var content = 0
  /// The bytes that the tables take.
  private var structure = 0
  /// Keys that have an end, or had one.
  private var mayEnd = 0
  /// Where looking for such as are over goes on.
  private var swept = (database: 0, segment: 0)
  private var nextSweep: Int64 = 0
  private var state: UInt64

  init(limit: Int, seed: UInt64?) {
    self.limit = limit
    self.seed = HashSeed(seed)
    var random = SystemRandomNumberGenerator()
    state = seed ?? random.next()
    databases = Array(repeating: ByteTable(), count: Store.databaseCount)
  }

  var used: Int { content + structure }
  var count: Int { databases[selected].count }

  /// How many keys each database has that has any.
  var sizes: [(database: Int, keys: Int)] {
    databases.enumerated().filter { $1.count > 0 }.map { ($0, $1.count) }
  }

  /// Whether so many bytes more have no room, even when what is over has been removed.
  mutating func isFull(for more: Int) -> Bool {
    if used + more <= limit { return false }
    for _ in 0..<Store.sweepsForRoom where used + more > limit { sweep() }
    return used + more > limit
  }

  private static let sweepsForRoom = 16

  // ---------------------------------------------------------------------------------- keys

  /// Where a key is that is not over.
  @inline(__always)
  mutating func find(_ key: Span<UInt8>) -> Place? {
    find(key, seed.hash(key))
  }

  @inline(__always)
  mutating func find(_ key: Span<UInt8>, _ hash: UInt64) -> Place? {
    guard let place = databases[selected].find(key, hash) else { return nil }
    guard databases[selected][place].end > now else {
      remove(place)
      return nil
    }
    return place
  }

  subscript(place: Place) -> Stored {
    _read { yield databases[selected][place] }
  }

  /// Adds a key that is not there.
  @discardableResult
  mutating func insert(_ key: Span<UInt8>, _ hash: UInt64, _ stored: Stored) -> Place {
    let own = [UInt8](copying: key)
    content += own.heapSize + stored.footprint
    if stored.end != Store.never { mayEnd += 1 }
    let before = databases[selected].structure
    let place = databases[selected].insert(own, stored, hash)
    structure += databases[selected].structure - before
    return place
  }

  /// Changes what a key has.
  @inline(__always)
  mutating func change(_ place: Place, _ body: (inout Stored) -> Void) {
    let before = databases[selected][place].footprint
    body(&databases[selected][place])
    content += databases[selected][place].footprint - before
  }

  /// What a key has takes so many bytes more.
  mutating func noteGrowth(_ bytes: Int) { content += bytes }

  mutating func setEnd(_ place: Place, _ end: Int64) {
    let had = databases[selected][place].end
    mayEnd += (end == Store.never ? 0 : 1) - (had == Store.never ? 0 : 1)
    databases[selected][place].end = end
  }

  mutating func remove(_ place: Place) {
    let before = databases[selected].structure
    content -= databases[selected].key(at: place).heapSize
    if let removed = databases[selected].remove(place) {
      content -= removed.footprint
      if removed.end != Store.never { mayEnd -= 1 }
    }
    structure += databases[selected].structure - before
  }

  /// Removes all keys of the selected database.
  mutating func clear() {
    databases[selected].visit { key, stored in
      content -= key.heapSize + stored.footprint
      if stored.end != Store.never { mayEnd -= 1 }
    }
    structure -= databases[selected].structure
    databases[selected] = ByteTable()
  }

  /// Removes all keys.
  mutating func clearAll() {
    databases = Array(repeating: ByteTable(), count: Store.databaseCount)
    (content, structure, mayEnd) = (0, 0, 0)
  }

  /// Each key of the selected database that is not over.
  func visit(_ body: ([UInt8]) -> Void) {
    databases[selected].visit { key, stored in if stored.end > now { body(key) } }
  }

  // -------------------------------------------------------------------------------- ends

  /// Removes some of what is over, now and then: a segment of at most 1,024 places at a time. So what nobody asks
  /// for any more goes too, as long as there are commands.
  mutating func sweepNowAndThen() {
    guard mayEnd > 0, now >= nextSweep else { return }
    nextSweep = now + Store.sweepPause
    sweep()
  }

  /// Milliseconds.
  private static let sweepPause: Int64 = 20

  private mutating func sweep() {
    let (own, now) = (selected, now)
    selected = swept.database
    defer { selected = own }
    if swept.segment >= databases[selected].segmentCount {
      swept = ((swept.database + 1) % Store.databaseCount, 0)
      return
    }
    let over = databases[selected].keys(inSegment: swept.segment) { $0.end <= now }
    for key in over { _ = find(key.span) }
    swept.segment += 1
  }

  // ------------------------------------------------------------------------------ chance

  /// The next random number: for choosing members, not for secrets.
  mutating func random() -> UInt64 {
    // SplitMix64 (Steele, Lea and Flood, 2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
