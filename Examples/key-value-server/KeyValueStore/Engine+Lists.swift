import Switchboard
import SwitchboardProtocols

/// Commands for lists.
extension Engine {
  mutating func carryOutList(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .blpop: try popOrWait(words, fromFront: true, &peer, &connection)
    case .brpop: try popOrWait(words, fromFront: false, &peer, &connection)
    case .llen:
      let list = try findList(words.extracting(range(1)))?.list
      peer.reply.integer(list?.count ?? 0, to: &connection)
    default: try listRange(words, peer.reply, &connection)
    }
  }

  mutating func findList(
    _ key: Span<UInt8>
  ) throws(CommandError) -> (place: Store.Place, list: ByteList)? {
    guard let place = store.find(key) else { return nil }
    guard case .list(let list) = store[place].collection else { throw .wrongType }
    return (place, list)
  }

  mutating func push(
    _ words: Span<UInt8>, atFront: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    let list: ByteList
    if let found = try findList(key) {
      list = found.list
    } else {
      list = ByteList()
      store.insert(key, store.seed.hash(key), Stored(collection: .list(list)))
    }
    let before = list.footprint
    for index in 2..<arguments.count {
      let element = [UInt8](copying: words.extracting(range(index)))
      if atFront { list.pushFront(element) } else { list.pushBack(element) }
    }
    store.noteGrowth(list.footprint - before)
    reply.integer(list.count, to: &connection)
    if !waiting.isEmpty { waiting.tell(key, in: store.selected) }
  }

  mutating func pop(
    _ words: Span<UInt8>, fromFront: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    guard arguments.count > 2 else {
      guard let element = try popElement(key, fromFront: fromFront) else {
        return reply.null(to: &connection)
      }
      return reply.bulk(element.span, to: &connection)
    }
    guard arguments.count == 3, let wanted = Int(decimal: words.extracting(range(2))), wanted >= 0
    else { throw .outOfRange }
    guard let list = try findList(key)?.list else { return reply.nullArray(to: &connection) }
    let count = min(wanted, list.count)
    reply.array(count, to: &connection)
    for _ in 0..<count {
      if let element = try popElement(key, fromFront: fromFront) {
        reply.bulk(element.span, to: &connection)
      }
    }
  }

  /// Takes an element of a list; nil when there is none.
  mutating func popElement(
    _ key: Span<UInt8>, fromFront: Bool
  ) throws(CommandError) -> [UInt8]? {
    guard let (place, list) = try findList(key) else { return nil }
    let before = list.footprint
    let element = list.pop(fromFront: fromFront)
    store.noteGrowth(list.footprint - before)
    if list.count == 0 { store.remove(place) }
    return element
  }

  private mutating func listRange(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let list = try findList(words.extracting(range(1)))?.list
    let ranks = try self.ranks(words, of: list?.count ?? 0)
    reply.array(ranks.count, to: &connection)
    guard let list else { return }
    for rank in ranks { reply.bulk(list[rank].span, to: &connection) }
  }

  /// What the third and fourth argument mean: the first and the last of some ranks, counted from the end where they
  /// are less than 0.
  func ranks(_ words: Span<UInt8>, of count: Int) throws(CommandError) -> Range<Int> {
    guard var first = Int(decimal: words.extracting(range(2))),
      var last = Int(decimal: words.extracting(range(3)))
    else { throw .notInteger }
    if first < 0 { first = max(0, first + count) }
    if last < 0 { last += count }
    last = min(last, count - 1)
    return first <= last ? first..<(last + 1) : 0..<0
  }
}
