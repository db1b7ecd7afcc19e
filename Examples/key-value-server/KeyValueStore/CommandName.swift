/// The commands, by their names in small letters.
enum CommandName: String, CaseIterable, Sendable {
  case auth, client, command, config, echo, function, hello, info, ping, quit, reset, select
  case append, decr, decrby, get, getset, incr, incrby, incrbyfloat, mget, mset, set, setnx, strlen
  case dbsize, del, exists, expire, flushall, flushdb, keys, persist, pexpire, pttl, ttl, type
  case blpop, brpop, llen, lpop, lpush, lrange, rpop, rpush
  case sadd, scard, sismember, smembers, spop, srandmember, srem
  case hdel, hexists, hget, hgetall, hlen, hset
  case zadd, zcard, zpopmax, zpopmin, zrange, zrem, zscore
  case psubscribe, publish, punsubscribe, subscribe, unsubscribe
  case discard, exec, multi

  enum Group: String {
    case string, generic, list, set, hash, pubsub, transactions, connection, server
    case sortedSet = "sorted-set"
  }

  /// How many arguments it takes, its name among them; as many at least where the number is negative.
  var arity: Int {
    switch self {
    case .dbsize, .discard, .exec, .multi, .reset: 1
    case .echo, .decr, .get, .hgetall, .hlen, .incr, .keys, .llen, .persist, .pttl, .scard, .select,
      .smembers, .strlen, .ttl, .type, .zcard:
      2
    case .append, .decrby, .getset, .hexists, .hget, .incrby, .incrbyfloat, .publish, .setnx,
      .sismember, .zscore:
      3
    case .lrange: 4
    case .command, .flushall, .flushdb, .hello, .info, .ping, .punsubscribe, .quit, .unsubscribe: -1
    case .auth, .client, .config, .del, .exists, .function, .lpop, .mget, .psubscribe, .rpop, .spop,
      .srandmember, .subscribe, .zpopmax, .zpopmin:
      -2
    case .blpop, .brpop, .expire, .hdel, .lpush, .mset, .pexpire, .rpush, .sadd, .set, .srem, .zrem:
      -3
    case .hset, .zadd, .zrange: -4
    }
  }

  /// What kind of key it is about, as clients group commands.
  var group: Group {
    switch self {
    case .append, .decr, .decrby, .get, .getset, .incr, .incrby, .incrbyfloat, .mget, .mset, .set,
      .setnx, .strlen:
      .string
    case .del, .exists, .expire, .keys, .persist, .pexpire, .pttl, .ttl, .type: .generic
    case .blpop, .brpop, .llen, .lpop, .lpush, .lrange, .rpop, .rpush: .list
    case .sadd, .scard, .sismember, .smembers, .spop, .srandmember, .srem: .set
    case .hdel, .hexists, .hget, .hgetall, .hlen, .hset: .hash
    case .zadd, .zcard, .zpopmax, .zpopmin, .zrange, .zrem, .zscore: .sortedSet
    case .psubscribe, .publish, .punsubscribe, .subscribe, .unsubscribe: .pubsub
    case .discard, .exec, .multi: .transactions
    case .auth, .client, .echo, .hello, .ping, .quit, .reset, .select: .connection
    case .command, .config, .dbsize, .flushall, .flushdb, .function, .info: .server
    }
  }

  /// Whether its first argument is a key.
  var hasKey: Bool {
    switch group {
    case .string, .list, .set, .hash, .sortedSet: true
    case .generic: self != .keys
    case .pubsub, .transactions, .connection, .server: false
    }
  }

  /// Whether it may need more memory than there was before.
  var mayGrow: Bool {
    switch self {
    case .append, .decr, .decrby, .getset, .hset, .incr, .incrby, .incrbyfloat, .lpush, .mset,
      .rpush,
      .sadd, .set, .setnx, .zadd:
      true
    default: false
    }
  }

  /// Whether a peer may say it that has subscribed to a channel and speaks RESP2.
  var isForSubscribers: Bool {
    switch self {
    case .ping, .psubscribe, .punsubscribe, .quit, .reset, .subscribe, .unsubscribe: true
    default: false
    }
  }

  /// Whether it is carried out at once between `MULTI` and `EXEC`.
  var isForTransactions: Bool {
    switch self {
    case .discard, .exec, .multi, .quit, .reset: true
    default: false
    }
  }
}

/// Finds a command by what a peer has sent, in capitals or not, and makes no string for it.
struct CommandTable {
  struct Entry {
    let name: CommandName
    let arity: Int
    let mayGrow: Bool
    fileprivate let spelling: Spelling

    @inline(__always)
    func takes(_ count: Int) -> Bool { arity >= 0 ? count == arity : count >= -arity }
  }

  /// A name's letters, in capitals, in two integers.
  fileprivate struct Spelling: Equatable {
    let low: UInt64
    let high: UInt64
    let count: Int

    @inline(__always)
    init?(_ word: Span<UInt8>) {
      guard word.count <= 16 else { return nil }
      // Clears the bit in which small letters differ. No other byte becomes a letter by that.
      let capitals: UInt64 = 0xDFDF_DFDF_DFDF_DFDF
      if word.count < 8 {
        low = word.shortWord(from: 0) & capitals
        high = 0
      } else {
        low = word.word(at: 0) & capitals
        high = (word.count == 16 ? word.word(at: 8) : word.shortWord(from: 8)) & capitals
      }
      count = word.count
    }

    @inline(__always)
    var place: Int {
      let mixed = (low ^ high.byteSwapped) &* 0x9E37_79B9_7F4A_7C15
      return Int(truncatingIfNeeded: mixed &>> 55)
    }
  }

  private var entries: [Entry?] = Array(repeating: nil, count: 512)

  init() {
    for name in CommandName.allCases {
      let letters = Array(name.rawValue.utf8)
      guard let spelling = Spelling(letters.span) else { preconditionFailure("too long a name") }
      var place = spelling.place
      while entries[place] != nil { place = (place + 1) & 511 }
      entries[place] = Entry(
        name: name, arity: name.arity, mayGrow: name.mayGrow, spelling: spelling)
    }
  }

  /// The command of that name, if there is one.
  @inline(__always)
  func find(_ word: Span<UInt8>) -> Entry? {
    guard let spelling = Spelling(word) else { return nil }
    var place = spelling.place
    while let entry = entries[place] {
      if entry.spelling == spelling { return entry }
      place = (place &+ 1) & 511
    }
    return nil
  }
}
