import Switchboard
import SwitchboardProtocols

extension Engine {
  /// Which function carries out which command.
  mutating func carryOut(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .get: try get(words, peer.reply, &connection)
    case .set: try set(words, peer.reply, &connection)
    case .incr: try add(words, 1, peer.reply, &connection)
    case .decr: try add(words, -1, peer.reply, &connection)
    case .lpush: try push(words, atFront: true, peer.reply, &connection)
    case .rpush: try push(words, atFront: false, peer.reply, &connection)
    case .lpop: try pop(words, fromFront: true, peer.reply, &connection)
    case .rpop: try pop(words, fromFront: false, peer.reply, &connection)
    case .sadd: try addMembers(words, peer.reply, &connection)
    case .hset: try setFields(words, peer.reply, &connection)
    case .ping: try ping(words, peer, &connection)
    case .zadd: try addScores(words, peer.reply, &connection)
    default: try carryOutSeldom(name, words, &peer, &connection)
    }
  }

  private mutating func carryOutSeldom(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name.group {
    case .string: try carryOutString(name, words, peer.reply, &connection)
    case .generic: try carryOutKey(name, words, peer.reply, &connection)
    case .list: try carryOutList(name, words, &peer, &connection)
    case .set: try carryOutSet(name, words, peer.reply, &connection)
    case .hash: try carryOutHash(name, words, peer.reply, &connection)
    case .sortedSet: try carryOutSorted(name, words, peer.reply, &connection)
    case .pubsub: try carryOutSubscribing(name, words, &peer, &connection)
    case .transactions: carryOutTransaction(name, &peer, &connection)
    case .connection: try carryOutConnection(name, words, &peer, &connection)
    case .server: try carryOutServer(name, words, &peer, &connection)
    }
  }
}
