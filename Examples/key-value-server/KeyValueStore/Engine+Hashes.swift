import Switchboard
import SwitchboardProtocols

/// Commands for hashes: keys that have fields.
extension Engine {
  mutating func carryOutHash(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    switch name {
    case .hdel: try removeFields(words, reply, &connection)
    case .hlen: reply.integer(try findHash(key)?.hash.count ?? 0, to: &connection)
    case .hget, .hexists:
      let value = try findHash(key)?.hash.value(words.extracting(range(2)))
      if name == .hexists {
        reply.integer(value == nil ? 0 : 1, to: &connection)
      } else if let value {
        reply.bulk(value.span, to: &connection)
      } else {
        reply.null(to: &connection)
      }
    default:
      let hash = try findHash(key)?.hash
      reply.map(hash?.count ?? 0, to: &connection)
      hash?.visit { field, value in
        reply.bulk(field.span, to: &connection)
        reply.bulk(value.span, to: &connection)
      }
    }
  }

  private mutating func findHash(
    _ key: Span<UInt8>
  ) throws(CommandError) -> (place: Store.Place, hash: ByteHash)? {
    guard let place = store.find(key) else { return nil }
    guard case .hash(let hash) = store[place].collection else { throw .wrongType }
    return (place, hash)
  }

  mutating func setFields(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard arguments.count % 2 == 0 else {
      throw .other("ERR wrong number of arguments for 'hset' command")
    }
    let key = words.extracting(range(1))
    let hash: ByteHash
    if let found = try findHash(key) {
      hash = found.hash
    } else {
      hash = ByteHash(store.seed)
      store.insert(key, store.seed.hash(key), Stored(collection: .hash(hash)))
    }
    let before = hash.footprint
    var added = 0
    for index in stride(from: 2, to: arguments.count, by: 2) {
      let (field, value) = (words.extracting(range(index)), words.extracting(range(index + 1)))
      if hash.set(field, value) { added += 1 }
    }
    store.noteGrowth(hash.footprint - before)
    reply.integer(added, to: &connection)
  }

  private mutating func removeFields(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard let (place, hash) = try findHash(words.extracting(range(1))) else {
      return reply.integer(0, to: &connection)
    }
    let before = hash.footprint
    var removed = 0
    for index in 2..<arguments.count where hash.remove(words.extracting(range(index))) {
      removed += 1
    }
    store.noteGrowth(hash.footprint - before)
    if hash.count == 0 { store.remove(place) }
    reply.integer(removed, to: &connection)
  }
}
