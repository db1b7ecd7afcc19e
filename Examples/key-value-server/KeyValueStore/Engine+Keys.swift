import Switchboard
import SwitchboardProtocols

/// Commands for keys of any kind.
extension Engine {
  mutating func carryOutKey(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .del: reply.integer(delete(words), to: &connection)
    case .exists: reply.integer(countOfThose(words), to: &connection)
    case .expire: try expire(words, inSeconds: true, reply, &connection)
    case .pexpire: try expire(words, inSeconds: false, reply, &connection)
    case .ttl: reply.integer(timeToLive(words, inSeconds: true), to: &connection)
    case .pttl: reply.integer(timeToLive(words, inSeconds: false), to: &connection)
    case .persist: reply.integer(persist(words) ? 1 : 0, to: &connection)
    case .type:
      let place = store.find(words.extracting(range(1)))
      reply.simple(place.map { store[$0].collection?.name ?? "string" } ?? "none", to: &connection)
    default: try listKeys(words, reply, &connection)
    }
  }

  private mutating func delete(_ words: Span<UInt8>) -> Int {
    var count = 0
    for index in 1..<arguments.count {
      guard let place = store.find(words.extracting(range(index))) else { continue }
      store.remove(place)
      count += 1
    }
    return count
  }

  private mutating func countOfThose(_ words: Span<UInt8>) -> Int {
    var count = 0
    for index in 1..<arguments.count where store.find(words.extracting(range(index))) != nil {
      count += 1
    }
    return count
  }

  private mutating func expire(
    _ words: Span<UInt8>, inSeconds: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard let count = Int(decimal: words.extracting(range(2))) else { throw .notInteger }
    let name = inSeconds ? CommandName.expire : .pexpire
    let end = try store.now.after(Int64(count), inSeconds: inSeconds, name)
    guard let place = store.find(words.extracting(range(1))),
      try isWanted(end, insteadOf: store[place].end, words)
    else { return reply.integer(0, to: &connection) }
    if end <= store.now { store.remove(place) } else { store.setEnd(place, end) }
    reply.integer(1, to: &connection)
  }

  /// Whether the options of `EXPIRE` let one end follow another.
  private func isWanted(
    _ end: Int64, insteadOf old: Int64, _ words: Span<UInt8>
  ) throws(CommandError) -> Bool {
    var isWanted = true
    for index in stride(from: 3, to: arguments.count, by: 1) {
      let word = words.extracting(range(index))
      if word.spells("NX") {
        isWanted = isWanted && old == Store.never
      } else if word.spells("XX") {
        isWanted = isWanted && old != Store.never
      } else if word.spells("GT") {
        isWanted = isWanted && end > old
      } else if word.spells("LT") {
        isWanted = isWanted && end < old
      } else {
        throw .other("ERR Unsupported option \(word.text)")
      }
    }
    return isWanted
  }

  /// -2 where there is no key, -1 where it has no end.
  private mutating func timeToLive(_ words: Span<UInt8>, inSeconds: Bool) -> Int {
    guard let place = store.find(words.extracting(range(1))) else { return -2 }
    guard store[place].end != Store.never else { return -1 }
    let left = Int(store[place].end - store.now)
    return inSeconds ? left / 1000 + (left % 1000 >= 500 ? 1 : 0) : left
  }

  private mutating func persist(_ words: Span<UInt8>) -> Bool {
    guard let place = store.find(words.extracting(range(1))), store[place].end != Store.never
    else { return false }
    store.setEnd(place, Store.never)
    return true
  }

  private func listKeys(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let pattern = words.extracting(range(1))
    guard pattern.count <= Channels.longestName else { throw .nameTooLong }
    var found: [[UInt8]] = []
    store.visit { if pattern.fits($0.span) { found.append($0) } }
    reply.array(found.count, to: &connection)
    for key in found { reply.bulk(key.span, to: &connection) }
  }
}
