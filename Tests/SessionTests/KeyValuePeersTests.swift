import Switchboard
import TestSupport
import Testing

@testable import KeyValueStore

extension SessionTests {
  /// Peers that have to do with each other.
  @Suite struct KeyValuePeers {
    @Test("What is published reaches those who have subscribed", arguments: backends)
    func publishing(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let (listener, other, speaker) = (
          try KeyValuePeer(port), try KeyValuePeer(port), try KeyValuePeer(port)
        )
        #expect(try listener.ask("SUBSCRIBE", "news") == "*3 $9 subscribe $4 news :1")
        #expect(try listener.ask("PSUBSCRIBE", "n*") == "*3 $10 psubscribe $2 n* :2")
        #expect(try listener.ask("GET", "a").hasPrefix("-ERR Can't execute 'get'"))
        #expect(try listener.ask("PING") == "*2 $4 pong $0 ")
        _ = try other.ask("HELLO", "3")
        #expect(try other.ask("SUBSCRIBE", "news") == ">3 $9 subscribe $4 news :1")
        #expect(try other.ask("PING") == "+PONG")

        #expect(try speaker.ask("PUBLISH", "news", "hello") == ":3")
        #expect(try listener.reply() == "*3 $7 message $4 news $5 hello")
        #expect(try listener.reply() == "*4 $8 pmessage $2 n* $4 news $5 hello")
        #expect(try other.reply() == ">3 $7 message $4 news $5 hello")

        #expect(try listener.ask("UNSUBSCRIBE") == "*3 $11 unsubscribe $4 news :1")
        #expect(try listener.ask("PUNSUBSCRIBE", "n*") == "*3 $12 punsubscribe $2 n* :0")
        #expect(try listener.ask("UNSUBSCRIBE") == "*3 $11 unsubscribe $-1 :0")
        other.caller.end()
        #expect(eventually { (try? speaker.ask("PUBLISH", "news", "x")) == ":0" })
      }
    }

    @Test("Who waits for a list gets what comes, in the order of waiting", arguments: backends)
    func waiting(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let (first, second, giver) = (
          try KeyValuePeer(port), try KeyValuePeer(port), try KeyValuePeer(port)
        )
        func areWaiting(_ count: Int) -> Bool {
          eventually {
            (try? giver.ask("INFO", "clients"))?.contains("blocked_clients:\(count)\r") == true
          }
        }
        try first.send("BLPOP", "none", "list", "0")
        try first.send("PING")
        try first.send("BRPOP", "list", "0")
        #expect(areWaiting(1))
        try second.send("BLPOP", "list", "0")
        #expect(areWaiting(2))
        #expect(try giver.ask("RPUSH", "list", "a") == ":1")
        #expect(try first.reply() == "*2 $4 list $1 a")
        #expect(try first.reply() == "+PONG")
        #expect(areWaiting(2))
        #expect(try giver.ask("RPUSH", "list", "b", "c", "d") == ":3")
        #expect(try second.reply() == "*2 $4 list $1 b")
        #expect(try first.reply() == "*2 $4 list $1 d")
        #expect(try second.ask("BRPOP", "list", "0") == "*2 $4 list $1 c")
        #expect(try second.ask("BLPOP", "list", "0.01") == "*-1")
        #expect(try second.ask("PING") == "+PONG")
      }
    }

    @Test("A peer that has gone waits for nothing any more", arguments: backends)
    func gone(_ backend: Server.BackendName) throws {
      try servingKeys(backend) { port in
        let (gone, giver) = (try KeyValuePeer(port), try KeyValuePeer(port))
        try gone.send("BLPOP", "list", "0")
        gone.caller.finishSending()
        #expect(try gone.caller.toEnd() == "")
        #expect(try giver.ask("RPUSH", "list", "a") == ":1")
        #expect(try giver.ask("LPOP", "list") == "$1 a")
      }
    }

    @Test("The same conversation in a simulated world, with bad luck")
    func simulated() throws {
      for seed in 0..<30 as Range<UInt64> {
        try simulate(seed: seed, faults: .harsh) { world in
          world.serve { KeyValueSession(KeyValueOptions(seed: seed)) }
          world.replies(Self.model)
          world.clients(6) { client in
            for round in 0..<4 {
              let size = client.random.below(3000)
              let words = [
                ["ECHO", String(repeating: "x", count: size)], ["PING"], ["ECHO", "\(round)"],
                ["NOTHING"],
              ]
              client.send(words.flatMap(KeyValuePeer.command))
              client.wait(.milliseconds(client.random.below(10)))
            }
            client.awaitReplies()
          }
        }
      }
    }

    /// What is answered to such commands, as a function of all that was sent.
    private static func model(_ sent: [UInt8]) -> [UInt8] {
      var (rest, replies) = (sent[...], [UInt8]())
      func line() -> Int? {
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        let number = Int(String(decoding: rest[..<end].dropFirst().dropLast(), as: UTF8.self))
        rest = rest[(end + 1)...]
        return number
      }
      while let count = line() {
        var words: [ArraySlice<UInt8>] = []
        for _ in 0..<count {
          guard let length = line(), rest.count >= length + 2 else { return replies }
          words.append(rest.prefix(length))
          rest = rest.dropFirst(length + 2)
        }
        replies += answer(words)
      }
      return replies
    }

    private static func answer(_ words: [ArraySlice<UInt8>]) -> [UInt8] {
      switch String(decoding: words[0], as: UTF8.self) {
      case "PING": Array("+PONG\r\n".utf8)
      case "ECHO": Array("$\(words[1].count)\r\n".utf8) + words[1] + [0x0D, 0x0A]
      default: Array("-ERR unknown command 'NOTHING', with args beginning with: \r\n".utf8)
      }
    }
  }
}
