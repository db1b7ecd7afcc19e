import Switchboard
import SwitchboardProtocols

/// Commands for sets.
extension Engine {
  mutating func carryOutSet(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    switch name {
    case .spop: try popMembers(words, reply, &connection)
    case .srandmember: try chooseMembers(words, reply, &connection)
    case .srem: try removeMembers(words, reply, &connection)
    case .scard: reply.integer(try findSet(key)?.set.count ?? 0, to: &connection)
    case .sismember:
      let isMember = try findSet(key)?.set.contains(words.extracting(range(2))) ?? false
      reply.integer(isMember ? 1 : 0, to: &connection)
    default:
      let set = try findSet(key)?.set
      reply.set(set?.count ?? 0, to: &connection)
      set?.visit { reply.bulk($0.span, to: &connection) }
    }
  }

  private mutating func findSet(
    _ key: Span<UInt8>
  ) throws(CommandError) -> (place: Store.Place, set: ByteSet)? {
    guard let place = store.find(key) else { return nil }
    guard case .set(let set) = store[place].collection else { throw .wrongType }
    return (place, set)
  }

  mutating func addMembers(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    let set: ByteSet
    if let found = try findSet(key) {
      set = found.set
    } else {
      set = ByteSet(store.seed)
      store.insert(key, store.seed.hash(key), Stored(collection: .set(set)))
    }
    let before = set.footprint
    var added = 0
    for index in 2..<arguments.count where set.insert(words.extracting(range(index))) { added += 1 }
    store.noteGrowth(set.footprint - before)
    reply.integer(added, to: &connection)
  }

  private mutating func removeMembers(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard let (place, set) = try findSet(words.extracting(range(1))) else {
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

  /// A set has fewer members than before.
  private mutating func settle(_ place: Store.Place, _ set: ByteSet, _ before: Int) {
    store.noteGrowth(set.footprint - before)
    if set.count == 0 { store.remove(place) }
  }

  private mutating func popMembers(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let wanted = try memberCount(words)
    if let wanted, wanted < 0 { throw .outOfRange }
    guard let (place, set) = try findSet(words.extracting(range(1))) else {
      if wanted == nil { reply.null(to: &connection) } else { reply.set(0, to: &connection) }
      return
    }
    let before = set.footprint
    let count = min(wanted ?? 1, set.count)
    if wanted != nil { reply.set(count, to: &connection) }
    for _ in 0..<count {
      let member = set.any(store.random())
      reply.bulk(member.span, to: &connection)
      _ = set.remove(member.span)
    }
    settle(place, set, before)
  }

  private mutating func chooseMembers(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let wanted = try memberCount(words)
    guard let set = try findSet(words.extracting(range(1)))?.set else {
      if wanted == nil { reply.null(to: &connection) } else { reply.array(0, to: &connection) }
      return
    }
    guard let wanted else { return reply.bulk(set.any(store.random()).span, to: &connection) }
    guard wanted < 0 else { return chooseOnce(wanted, of: set, reply, &connection) }
    // The same one may come several times.
    reply.array(-wanted, to: &connection)
    for _ in 0..<(-wanted) { reply.bulk(set.any(store.random()).span, to: &connection) }
  }

  /// Some members, each once.
  private mutating func chooseOnce(
    _ wanted: Int, of set: ByteSet, _ reply: RESPWriter, _ connection: inout Connection
  ) {
    var (left, missing) = (set.count, min(wanted, set.count))
    reply.array(missing, to: &connection)
    // Each is taken with the chance that as many as are missing, of those that are left, have.
    set.visit { member in
      if missing > 0, Int(store.random() >> 1) % left < missing {
        reply.bulk(member.span, to: &connection)
        missing -= 1
      }
      left -= 1
    }
  }

  /// The third argument, where there is one.
  private func memberCount(_ words: Span<UInt8>) throws(CommandError) -> Int? {
    guard arguments.count > 2 else { return nil }
    guard arguments.count == 3 else { throw .syntax }
    guard let count = Int(decimal: words.extracting(range(2))) else { throw .notInteger }
    guard count >= -Engine.mostRepeated else { throw .outOfRange }
    return count
  }

  /// As many members are chosen at once, where one may come several times.
  private static var mostRepeated: Int { 1 << 20 }
}
