import Glibc
import Switchboard
import SwitchboardProtocols
import TestSupport
import Testing

@testable import KeyValueStore

/// A peer of a key-value server.
struct KeyValuePeer {
  let caller: Caller

  init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
    caller = try Caller(to: port, receiveBuffer: receiveBuffer)
  }

  /// A command as clients send it.
  static func command(_ words: [String]) -> [UInt8] {
    var bytes: [UInt8] = []
    // An array of strings is the same, whichever side writes it.
    RESPWriter().array(words.count, to: &bytes)
    for word in words { RESPWriter().bulk(word, to: &bytes) }
    return bytes
  }

  func send(_ words: String...) throws { try caller.send(Self.command(words)) }

  /// Sends a command and answers its reply, with blanks for line ends.
  func ask(_ words: String...) throws -> String {
    try caller.send(Self.command(words))
    return try reply()
  }

  /// The next reply, whole, its lines divided by blanks.
  func reply() throws -> String {
    guard let line = try caller.line()?.dropLast(), let type = line.first else { return "" }
    let count = Int(line.dropFirst()) ?? 0
    switch type {
    case "$" where count >= 0, "=":
      return "\(line) " + String(utf8: try caller.bytes(count + 2).dropLast(2))
    case "*", "~", ">": return try parts(String(line), count)
    case "%": return try parts(String(line), 2 * count)
    default: return String(line)
    }
  }

  private func parts(_ line: String, _ count: Int) throws -> String {
    var all = [line]
    for _ in 0..<max(0, count) { all.append(try reply()) }
    return all.joined(separator: " ")
  }
}

extension String {
  fileprivate init(utf8 bytes: some Sequence<UInt8>) {
    self.init(decoding: Array(bytes), as: UTF8.self)
  }
}

/// Serves keys and values.
func servingKeys(
  _ backend: Server.BackendName, _ options: KeyValueOptions = KeyValueOptions(),
  _ body: (UInt16) throws -> Void
) throws {
  try serving(KeyValueSession(options), on: backend, configure: options.configure) { port, _ in
    try body(port)
  }
}

extension SessionTests {
  @Suite struct KeyValue {
    @Test("Commands for keys of each kind are answered", arguments: backends)
    func answers(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        for (command, reply) in conversation {
          let words = command.split(separator: " ").map { $0 == "''" ? "" : String($0) }
          try peer.caller.send(KeyValuePeer.command(words))
          #expect(try peer.reply() == reply, "\(command)")
        }
      }
    }

    @Test("Commands in single bytes get the same answers", arguments: backends)
    func singleBytes(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        for (command, expected) in conversation.prefix(9) {
          let words = command.split(separator: " ").map { $0 == "''" ? "" : String($0) }
          for byte in KeyValuePeer.command(words) { try peer.caller.send([byte]) }
          #expect(try peer.reply() == expected, "\(command)")
        }
      }
    }

    @Test("RESP3 has types of its own, and RESET ends it", arguments: backends)
    func versions(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        #expect(try peer.ask("HELLO", "4") == "-NOPROTO unsupported protocol version")
        let hello = try peer.ask("HELLO", "3", "SETNAME", "me")
        #expect(hello.hasPrefix("%7 $6 server $11 switchboard"))
        #expect(hello.contains("$5 proto :3"))
        #expect(try peer.ask("CLIENT", "GETNAME") == "$2 me")
        #expect(try peer.ask("GET", "none") == "_")
        #expect(try peer.ask("HSET", "h", "a", "1") == ":1")
        #expect(try peer.ask("HGETALL", "h") == "%1 $1 a $1 1")
        #expect(try peer.ask("SADD", "s", "a") == ":1")
        #expect(try peer.ask("SMEMBERS", "s") == "~1 $1 a")
        #expect(try peer.ask("ZADD", "z", "1.5", "a") == ":1")
        #expect(try peer.ask("ZRANGE", "z", "0", "-1", "WITHSCORES") == "*1 *2 $1 a ,1.5")
        #expect(try peer.ask("RESET") == "+RESET")
        #expect(try peer.ask("GET", "none") == "$-1")
      }
    }

    @Test(
      "What breaks the protocol is told, and the connection closed",
      arguments: backends,
      [
        ("*3000000000\r\n", "invalid multibulk length"), ("*1\r\nfoo\r\n", "expected '$', got 'f'"),
        ("*1\r\n$-10\r\n", "invalid bulk length"),
        ("set \"a\"b c\r\n", "unbalanced quotes in request"),
      ])
    func broken(_ backend: Server.BackendName, _ pair: (String, String)) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        try peer.caller.send("PING\r\n" + pair.0 + "PING\r\n")
        #expect(try peer.caller.toEnd() == "+PONG\r\n-ERR Protocol error: \(pair.1)\r\n")
      }
    }

    @Test("Inline commands are answered, and what is left unsaid is not", arguments: backends)
    func inline(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        try peer.caller.send("\r\nset a \"x y\"\r\nget a\nquit\r\nget a\r\n")
        #expect(try peer.caller.toEnd() == "+OK\r\n$3\r\nx y\r\n+OK\r\n")
      }
    }

    @Test("Keys are over when their time is", arguments: backends)
    func expiry(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        #expect(try peer.ask("SET", "short", "x", "PX", "20") == "+OK")
        #expect(try peer.ask("SET", "long", "x", "EX", "1000") == "+OK")
        #expect(eventually { (try? peer.ask("EXISTS", "short")) == ":0" })
        #expect(try peer.ask("TTL", "long") == ":1000")
        #expect(try peer.ask("SET", "long", "y", "KEEPTTL") == "+OK")
        #expect(try peer.ask("TTL", "long") == ":1000")
        #expect(try peer.ask("PERSIST", "long") == ":1")
        #expect(try peer.ask("TTL", "long") == ":-1")
        #expect(try peer.ask("EXPIRE", "long", "-1") == ":1")
        #expect(try peer.ask("TTL", "long") == ":-2")
      }
    }

    @Test("Beyond its memory a server refuses to grow, and loses nothing", arguments: backends)
    func memory(_ backend: Server.BackendName) throws {
      try servingKeys(backend, KeyValueOptions(memory: 1 << 20)) { port in
        let peer = try KeyValuePeer(port)
        let value = String(repeating: "x", count: 10_000)
        var kept = 0
        while try peer.ask("SET", "key\(kept)", value) == "+OK" { kept += 1 }
        #expect((90...104).contains(kept))
        let refusal = "-OOM command not allowed when used memory > 'maxmemory'."
        #expect(try peer.ask("RPUSH", "list", value) == refusal)
        #expect(try peer.ask("DBSIZE") == ":\(kept)")
        for number in 0..<kept { #expect(try peer.ask("STRLEN", "key\(number)") == ":10000") }
        #expect(try peer.ask("DEL", "key0") == ":1")
        #expect(try peer.ask("SET", "another", value) == "+OK")
        #expect(try peer.ask("FLUSHALL") == "+OK")
        let used = try peer.ask("INFO", "memory")
        #expect(used.contains("used_memory:0\r\n"))
      }
    }

    @Test("What was begun and not finished is bounded too", arguments: backends)
    func unfinished(_ backend: Server.BackendName) throws {
      try servingKeys(backend, KeyValueOptions(unfinished: 1 << 20)) { port in
        let peers = try (0..<2).map { _ in try KeyValuePeer(port) }
        try peers[0].caller.send("*2\r\n$4\r\nECHO\r\n$900000\r\n")
        try peers[0].caller.send([UInt8](repeating: 0x78, count: 800_000))
        // It has come when the server answers somebody else with the number.
        let witness = try KeyValuePeer(port)
        #expect(
          eventually {
            (try? witness.ask("INFO", "memory"))?.contains("unfinished_commands:8000") == true
          })
        try peers[1].caller.send("*2\r\n$4\r\nECHO\r\n$900000\r\n")
        try peers[1].caller.send([UInt8](repeating: 0x78, count: 800_000))
        #expect(try peers[1].caller.line()?.hasPrefix("-ERR the server holds too many") == true)
        try peers[0].caller.send([UInt8](repeating: 0x78, count: 100_000) + [0x0D, 0x0A])
        #expect(try peers[0].caller.line() == "$900000\r")
      }
    }

    private static func differs(_ number: Int) { Issue.record("reply \(number) is another one") }

    @Test("A large value comes back as it was", arguments: backends)
    func large(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        let value = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try peer.caller.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\(value.count)\r\n")
        try peer.caller.send(value + [0x0D, 0x0A])
        #expect(try peer.reply() == "+OK")
        try peer.send("GET", "k")
        #expect(try peer.caller.line() == "$5000000\r")
        #expect(try peer.caller.bytes(value.count) == value)
      }
    }

    @Test(
      "Hundreds of requests for 100 kB each are answered as they are read", arguments: backends)
    func muchAsked(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let peer = try KeyValuePeer(port)
        let (count, value) = (600, [UInt8](repeating: 0x78, count: 100_000))
        #expect(try peer.ask("SET", "k", String(utf8: value)) == "+OK")
        let request = KeyValuePeer.command(["GET", "k"])
        try peer.caller.send((0..<count).flatMap { _ in request })
        // Somebody else is served meanwhile.
        #expect(try KeyValuePeer(port).ask("PING") == "+PONG")
        let reply = Array("$100000\r\n".utf8) + value + [0x0D, 0x0A]
        for number in 0..<count {
          let bytes = try peer.caller.bytes(reply.count)
          if bytes != reply { return Self.differs(number) }
        }
        #expect(try peer.ask("PING") == "+PONG")
      }
    }
  }
}

/// Commands, and what is answered.
private let conversation: [(String, String)] = [
  ("PING", "+PONG"), ("ping hello", "$5 hello"), ("Echo hi", "$2 hi"), ("ECHO ''", "$0 "),
  ("PING a b", "-ERR wrong number of arguments for 'ping' command"),
  ("GET", "-ERR wrong number of arguments for 'get' command"),
  ("NOTHING a b", "-ERR unknown command 'NOTHING', with args beginning with: 'a' 'b' "),
  ("SET a 1", "+OK"), ("GET a", "$1 1"), ("SET a 2 NX", "$-1"), ("SET a 2 XX GET", "$1 1"),
  ("SET b 2 XX", "$-1"), ("SET a 1 EX 0", "-ERR invalid expire time in 'set' command"),
  ("SET a 1 EX x", "-ERR value is not an integer or out of range"),
  ("SET a 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command"),
  ("SET a 1 NX XX", "-ERR syntax error"), ("SET a 1 WHAT", "-ERR syntax error"),
  ("SETNX a 3", ":0"), ("SETNX c 3", ":1"), ("MSET x 1 y 2", "+OK"),
  ("MGET x none y", "*3 $1 1 $-1 $1 2"),
  ("MSET x 1 y", "-ERR wrong number of arguments for 'mset' command"),
  ("INCR a", ":3"), ("INCRBY a 10", ":13"), ("DECR a", ":12"), ("DECRBY a 20", ":-8"),
  ("INCRBY a 9223372036854775807", ":9223372036854775799"),
  ("INCRBY a 100", "-ERR increment or decrement would overflow"), ("INCR new", ":1"),
  ("DECRBY a -9223372036854775808", "-ERR decrement would overflow"),
  ("INCRBYFLOAT f 1.5", "$3 1.5"), ("INCRBYFLOAT f 1.5", "$1 3"),
  ("INCRBYFLOAT f nan", "-ERR value is not a valid float"),
  ("APPEND t ab", ":2"), ("APPEND t cd", ":4"), ("GET t", "$4 abcd"), ("STRLEN t", ":4"),
  ("INCR t", "-ERR value is not an integer or out of range"), ("GETSET t x", "$4 abcd"),
  ("TYPE t", "+string"), ("TYPE none", "+none"), ("EXISTS t t none", ":2"), ("DEL t c none", ":2"),
  ("TTL none", ":-2"), ("EXPIRE a 100", ":1"), ("EXPIRE a 50 GT", ":0"), ("EXPIRE a 50 LT", ":1"),
  ("TTL a", ":50"), ("EXPIRE a 50 NO", "-ERR Unsupported option NO"),
  ("RPUSH l b c", ":2"), ("LPUSH l a", ":3"), ("LRANGE l 0 -1", "*3 $1 a $1 b $1 c"),
  ("LRANGE l -2 100", "*2 $1 b $1 c"), ("LRANGE l 5 9", "*0"), ("LRANGE none 0 -1", "*0"),
  ("LLEN l", ":3"), ("LPOP l", "$1 a"), ("RPOP l 5", "*2 $1 c $1 b"), ("EXISTS l", ":0"),
  ("LPOP l", "$-1"),
  ("LPOP l 2", "*-1"),
  ("LPUSH a x", "-WRONGTYPE Operation against a key holding the wrong kind of value"),
  ("SADD s m", ":1"), ("SADD s m n", ":1"), ("SCARD s", ":2"), ("SISMEMBER s n", ":1"),
  ("SREM s n x", ":1"),
  ("SMEMBERS s", "*1 $1 m"), ("SRANDMEMBER s", "$1 m"), ("SRANDMEMBER s -2", "*2 $1 m $1 m"),
  ("SRANDMEMBER none", "$-1"), ("SPOP s", "$1 m"), ("SPOP s", "$-1"), ("TYPE s", "+none"),
  ("HSET h f 1 g 2", ":2"), ("HSET h f 3", ":0"), ("HGET h f", "$1 3"), ("HGET h x", "$-1"),
  ("HLEN h", ":2"),
  ("HDEL h f x", ":1"), ("HGETALL h", "*2 $1 g $1 2"), ("HEXISTS h g", ":1"), ("HDEL h g", ":1"),
  ("HGETALL h", "*0"), ("HSET h f", "-ERR wrong number of arguments for 'hset' command"),
  ("ZADD z 2 b 1 a 2 a2", ":3"), ("ZRANGE z 0 -1", "*3 $1 a $2 a2 $1 b"), ("ZADD z CH 5 a", ":1"),
  ("ZRANGE z 0 0 REV WITHSCORES", "*2 $1 a $1 5"), ("ZSCORE z a2", "$1 2"), ("ZCARD z", ":3"),
  ("ZADD z XX 1 none", ":0"), ("ZADD z NX 9 a", ":0"), ("ZADD z INCR 0.5 a", "$3 5.5"),
  ("ZADD z x y", "-ERR value is not a valid float"), ("ZPOPMIN z", "*2 $2 a2 $1 2"),
  ("ZPOPMAX z 9", "*4 $1 a $3 5.5 $1 b $1 2"), ("ZPOPMIN z", "*0"), ("ZADD z XX 1 a", ":0"),
  ("TYPE z", "+none"),
  ("SELECT 1", "+OK"), ("GET a", "$-1"), ("SELECT 16", "-ERR DB index is out of range"),
  ("SELECT 0", "+OK"),
  ("MULTI", "+OK"), ("INCR m", "+QUEUED"), ("GET m", "+QUEUED"), ("EXEC", "*2 :1 $1 1"),
  ("MULTI", "+OK"), ("NOTHING", "-ERR unknown command 'NOTHING', with args beginning with: "),
  ("EXEC", "-EXECABORT Transaction discarded because of previous errors."),
  ("EXEC", "-ERR EXEC without MULTI"), ("MULTI", "+OK"), ("DISCARD", "+OK"),
  ("CONFIG GET maxmemory", "*2 $9 maxmemory $10 1073741824"), ("CLIENT GETNAME", "$-1"),
  ("CLIENT SETNAME x", "+OK"), ("CLIENT GETNAME", "$1 x"), ("CLIENT SETINFO LIB-NAME y", "+OK"),
  (
    "AUTH x",
    "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
  ),
  ("KEYS [xz]", "*1 $1 x"), ("FLUSHALL", "+OK"), ("DBSIZE", ":0"),
]
