import Switchboard
import SwitchboardProtocols

/// Commands for sorted sets.
extension Engine {
  mutating func carryOutSorted(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    switch name {
    case .zpopmin: try popScores(words, first: true, reply, &connection)
    case .zpopmax: try popScores(words, first: false, reply, &connection)
    case .zrange: try sortedRange(words, reply, &connection)
    case .zrem: try removeScores(words, reply, &connection)
    case .zcard: reply.integer(try findSorted(key)?.set.count ?? 0, to: &connection)
    default:
      if let score = try findSorted(key)?.set.score(words.extracting(range(2))) {
        reply.double(score, to: &connection)
      } else {
        reply.null(to: &connection)
      }
    }
  }

  private mutating func findSorted(
    _ key: Span<UInt8>
  ) throws(CommandError) -> (place: Store.Place, set: SortedSet)? {
    guard let place = store.find(key) else { return nil }
    guard case .sorted(let set) = store[place].collection else { throw .wrongType }
    return (place, set)
  }

  // --------------------------------------------------------------------------------- adding

  mutating func addScores(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let wish = try ScoreWish(words, arguments)
    // All are looked at before any is added.
    for index in stride(from: wish.first, to: arguments.count, by: 2) {
      guard Double(given: words.extracting(range(index))) != nil else { throw .notFloat }
    }
    let key = words.extracting(range(1))
    let found = try findSorted(key)
    guard found != nil || wish.ifAbsent != false else {
      if wish.adds { reply.null(to: &connection) } else { reply.integer(0, to: &connection) }
      return
    }
    let set = found?.set ?? SortedSet(store.seed)
    let place =
      found?.place
      ?? store.insert(key, store.seed.hash(key), Stored(collection: .sorted(set)))
    let before = set.footprint
    let result = addScores(words, wish, to: set)
    store.noteGrowth(set.footprint - before)
    // Where options or a sum that is no number have left it empty.
    if set.count == 0 { store.remove(place) }
    try answer(try result.get(), wish, reply, &connection)
  }

  private typealias Added = (new: Int, changed: Int, score: Double?)

  private func addScores(
    _ words: Span<UInt8>, _ wish: ScoreWish, to set: SortedSet
  ) -> Result<Added, CommandError> {
    var added: Added = (0, 0, nil)
    for index in stride(from: wish.first, to: arguments.count, by: 2) {
      let member = words.extracting(range(index + 1))
      guard var score = Double(given: words.extracting(range(index))) else { continue }
      let old = set.score(member)
      if wish.adds, let old { score += old }
      guard !score.isNaN else {
        return .failure(.other("ERR resulting score is not a number (NaN)"))
      }
      guard wish.wants(score, insteadOf: old) else { continue }
      if old == nil { added.new += 1 } else if old != score { added.changed += 1 }
      set.set(member, to: score)
      added.score = score
    }
    return .success(added)
  }

  private func answer(
    _ added: Added, _ wish: ScoreWish, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    if !wish.adds {
      reply.integer(added.new + (wish.countsChanged ? added.changed : 0), to: &connection)
    } else if let score = added.score {
      reply.double(score, to: &connection)
    } else {
      reply.null(to: &connection)
    }
  }

  // ------------------------------------------------------------------------------- removing

  private mutating func removeScores(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard let (place, set) = try findSorted(words.extracting(range(1))) else {
      return reply.integer(0, to: &connection)
    }
    let before = set.footprint
    var removed = 0
    for index in 2..<arguments.count where set.remove(words.extracting(range(index))) {
      removed += 1
    }
    settle(place, set, before)
    reply.integer(removed, to: &connection)
  }

  private mutating func settle(_ place: Store.Place, _ set: SortedSet, _ before: Int) {
    store.noteGrowth(set.footprint - before)
    if set.count == 0 { store.remove(place) }
  }

  private mutating func popScores(
    _ words: Span<UInt8>, first: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    var wanted = 1
    if arguments.count > 2 {
      guard arguments.count == 3, let given = Int(decimal: words.extracting(range(2))), given >= 0
      else { throw .outOfRange }
      wanted = given
    }
    guard let (place, set) = try findSorted(words.extracting(range(1))) else {
      return reply.array(0, to: &connection)
    }
    let before = set.footprint
    let count = min(wanted, set.count)
    let isNested = arguments.count > 2 && reply.version == .three
    reply.array(isNested ? count : 2 * count, to: &connection)
    for _ in 0..<count {
      guard let item = set.pop(first: first) else { break }
      write(item, isNested: isNested, reply, &connection)
    }
    settle(place, set, before)
  }

  private func write(
    _ item: SortedSet.Item, isNested: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) {
    if isNested { reply.array(2, to: &connection) }
    reply.bulk(item.member.span, to: &connection)
    reply.double(item.score, to: &connection)
  }

  // ------------------------------------------------------------------------------- reading

  private mutating func sortedRange(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    var (isReversed, hasScores) = (false, false)
    for index in 4..<max(4, arguments.count) {
      let word = words.extracting(range(index))
      if word.spells("REV") {
        isReversed = true
      } else if word.spells("WITHSCORES") {
        hasScores = true
      } else {
        throw .syntax
      }
    }
    let set = try findSorted(words.extracting(range(1)))?.set
    let ranks = try self.ranks(words, of: set?.count ?? 0)
    let isNested = hasScores && reply.version == .three
    reply.array(ranks.count * (hasScores && !isNested ? 2 : 1), to: &connection)
    guard let set else { return }
    func give(_ item: SortedSet.Item) {
      if hasScores {
        write(item, isNested: isNested, reply, &connection)
      } else {
        reply.bulk(item.member.span, to: &connection)
      }
    }
    guard isReversed else { return set.visit(ranks, give) }
    var items: [SortedSet.Item] = []
    set.visit((set.count - ranks.upperBound)..<(set.count - ranks.lowerBound)) { items.append($0) }
    for item in items.reversed() { give(item) }
  }
}

/// What the options of `ZADD` ask for.
struct ScoreWish {
  /// Only members that are not there (true), or that are (false).
  private(set) var ifAbsent: Bool?
  /// Only scores that become greater (true), or less (false).
  private(set) var ifGreater: Bool?
  private(set) var countsChanged = false
  /// Scores are added to those that there are.
  private(set) var adds = false
  /// The index of the first score.
  private(set) var first = 2

  init(_ words: Span<UInt8>, _ arguments: RESPArguments) throws(CommandError) {
    while first < arguments.count, try take(words.extracting(arguments[first])) { first += 1 }
    let left = arguments.count - first
    guard left > 0, left % 2 == 0 else { throw .syntax }
    guard !adds || left == 2 else {
      throw .other("ERR INCR option supports a single increment-element pair")
    }
    guard ifAbsent != true || ifGreater == nil else {
      throw .other("ERR GT, LT, and/or NX options at the same time are not compatible")
    }
  }

  private mutating func take(_ word: Span<UInt8>) throws(CommandError) -> Bool {
    if word.spells("NX") || word.spells("XX") {
      let isAbsent = word.spells("NX")
      guard ifAbsent == nil || ifAbsent == isAbsent else {
        throw .other("ERR XX and NX options at the same time are not compatible")
      }
      ifAbsent = isAbsent
    } else if word.spells("GT") || word.spells("LT") {
      let isGreater = word.spells("GT")
      guard ifGreater == nil || ifGreater == isGreater else {
        throw .other("ERR GT, LT, and/or NX options at the same time are not compatible")
      }
      ifGreater = isGreater
    } else if word.spells("CH") {
      countsChanged = true
    } else if word.spells("INCR") {
      adds = true
    } else {
      return false
    }
    return true
  }

  func wants(_ score: Double, insteadOf old: Double?) -> Bool {
    guard let old else { return ifAbsent != false }
    guard ifAbsent != true else { return false }
    guard let ifGreater else { return true }
    return ifGreater ? score > old : score < old
  }
}
