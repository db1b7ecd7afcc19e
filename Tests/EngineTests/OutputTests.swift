import Glibc
import Switchboard
import SwitchboardArticle
import Testing

extension Engine {
  /// Output: all of it, once, in order.
  @Suite struct Output {
    /// Answers each number that comes, a decimal ended by a line feed, with so many bytes.
    static var generator: Scripted.Script { generator(asking: false) }

    /// Where it is to be told of the end of a large answer. A loop tells it of itself, since the answer
    /// had to wait. A blocking worker cannot be seen to have begun to wait: on a busy machine its client
    /// may read as fast as it sends, and then nothing had to. So there the session asks.
    private static func toldOfTheEnd(by backend: Server.BackendName) -> Scripted.Script {
      generator(asking: !Server.BackendName.loops.contains(backend))
    }

    private static func generator(asking: Bool) -> Scripted.Script {
      var script = Scripted.Script()
      script.received = { state, bytes, connection in
        for index in bytes.indices {
          if bytes[index] == 0x0A {
            connection.write(longPattern.span.extracting(0..<min(state, longPattern.count)))
            if asking, state > 1 << 20 { connection.notifyWhenDrained() }
            state = 0
          } else {
            state = state &* 10 &+ Int(bytes[index] &- 0x30)
          }
        }
      }
      return script
    }

    @Test("Nothing, a byte, and more than any buffer holds", arguments: Server.BackendName.alone)
    func sizes(_ backend: Server.BackendName) throws {
      try serve(backend, script: Self.generator) { server in
        let client = try server.client()
        for size in [0, 1, 200 << 10, 0, 65535, 65536, 65537, 1 << 20, 2 << 20, 1] {
          try client.send("\(size)\n")
          #expect(try client.receive(exactly: size) == pattern(size))
        }
        #expect(!client.hasInput)
      }
    }

    @Test("Output behind unsent output keeps its order", arguments: Server.BackendName.alone)
    func order(_ backend: Server.BackendName) throws {
      try serve(backend, script: Self.toldOfTheEnd(by: backend)) { server in
        let slow = try server.client(receiveBuffer: 4096)
        let sizes = [3 << 20, 1, 100_000, 7, 300_000, 65536, 2, 1 << 20]
        try slow.send(sizes.map { "\($0)\n" }.joined())
        #expect(server.journal.wait { $0.received > 0 })
        #expect(server.isPastCallbacks())
        for size in sizes { #expect(try slow.receive(exactly: size) == pattern(size)) }
        #expect(server.journal.wait { $0.drained > 0 })
      }
    }

    @Test("A large pipeline is answered byte for byte", arguments: Server.BackendName.alone)
    func pipeline(_ backend: Server.BackendName) throws {
      try serve(backend, session: FramesSession()) { server in
        let client = try server.client(receiveBuffer: 8192).greeted()
        let bytes = pattern(6 << 20)
        let sender = try LoopThread {
          try? client.send([0x5E])
          try? client.send(bytes)
          client.finishSending()
        }
        let answers = try client.receiveToEnd()
        sender.join()
        #expect(answers == replies(to: [0x5E] + bytes))
      }
    }

    @Test("drained comes once when the outbox is empty", arguments: Server.BackendName.alone)
    func drained(_ backend: Server.BackendName) throws {
      try serve(backend, script: Self.toldOfTheEnd(by: backend)) { server in
        let client = try server.client(receiveBuffer: 4096)
        // More than the kernel's buffers hold.
        let size = 7 << 20
        try client.send("\(size)\n")
        #expect(server.journal.wait { $0.received == 8 })
        #expect(server.isPastCallbacks())
        #expect(server.journal.now.drained == 0)
        #expect(try client.receive(exactly: size) == pattern(size))
        #expect(server.journal.wait { $0.drained == 1 })
        client.finishSending()
        #expect(try client.receiveToEnd().isEmpty)
        // What goes at once is not told of. (On the connection above the kernel may still hold bytes
        // that its peer has not acknowledged, and then it has to wait.)
        let other = try server.client()
        try other.send("3\n")
        #expect(try other.receive(exactly: 3) == pattern(3))
        #expect(server.isPastCallbacks())
        #expect(server.journal.now.drained == 1)
      }
    }

    /// Sends the pattern in portions, the next one when the last one has gone, then closes.
    static func streamer(portion: Int, portions: Int) -> Scripted.Script {
      var script = Scripted.Script()
      script.received = { _, _, connection in connection.notifyWhenDrained() }
      script.drained = { sent, connection in
        guard sent < portions else { return connection.close() }
        connection.send(pattern(portion, from: sent * portion))
        sent += 1
        connection.notifyWhenDrained()
      }
      return script
    }

    @Test(
      "A session that sends a portion whenever the last has gone sends everything in order",
      arguments: Server.BackendName.each, [(portion: 100, portions: 2000), (300_000, 40)])
    func streaming(_ backend: Server.BackendName, _ size: (portion: Int, portions: Int)) throws {
      let script = Self.streamer(portion: size.portion, portions: size.portions)
      try serve(backend, script: script) { server in
        let slow = try server.client(receiveBuffer: 4096)
        try slow.send("?")
        // Others are served meanwhile, however long this one is at it.
        let other = try server.client()
        try other.send("?")
        #expect(try other.receive(exactly: size.portion) == pattern(size.portion))
        #expect(try slow.receiveToEnd() == pattern(size.portion * size.portions))
        #expect(server.journal.wait { $0.reasons.contains(.finished) })
      }
    }

    @Test(
      "Who asks to be told when nothing is to be sent is told", arguments: Server.BackendName.alone)
    func drainedWithoutOutput(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.opened = { _, connection in
        connection.notifyWhenDrained()
        connection.notifyWhenDrained()
      }
      script.received = { _, _, connection in
        connection.notifyWhenDrained()
        connection.close()
      }
      try serve(backend, script: script) { server in
        let client = try server.client()
        #expect(server.journal.wait { $0.drained == 1 })
        try client.send("bye")
        #expect(try client.receiveToEnd().isEmpty)
        #expect(server.journal.wait { $0.closed == 1 })
        #expect(server.journal.now.drained == 1)
      }
    }

    @Test("What is asked for beside much output is done", arguments: Server.BackendName.alone)
    func requestsBesideSpill(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { state, _, connection in
        connection.send(pattern(200 << 10))
        state += 1
        if state == 1 { connection.setTimer(after: .milliseconds(5)) } else { connection.close() }
      }
      script.drained = { _, connection in connection.cancelTimer(unless: true) }
      try serve(backend, script: script) { server in
        let client = try server.client()
        try client.send("a")
        #expect(try client.receive(exactly: 200 << 10) == pattern(200 << 10))
        #expect(server.journal.wait { $0.elapsed == 1 })
        try client.send("b")
        #expect(try client.receiveToEnd() == pattern(200 << 10))
      }
    }

    @Test("More than a connection may hold closes it", arguments: Server.BackendName.each)
    func limit(_ backend: Server.BackendName) throws {
      try serve(backend, options { $0.outboxLimit = 100_000 }, script: Self.generator) { server in
        let client = try server.client()
        try client.send("100000\n")
        #expect(try client.receive(exactly: 100_000) == pattern(100_000))
        try client.send("100001\n")
        #expect(server.journal.wait { $0.reasons == [.outboxFull] })
        // Who waits for each send has nothing unsent beside it, and never comes to the limit.
        if backend.isBlocking { return }
        let small = try server.client(receiveBuffer: 4096)
        for _ in 0..<2000 where small.sendWhatFits(Array("50000\n".utf8)) == 6 {}
        #expect(server.journal.wait { $0.reasons == [.outboxFull, .outboxFull] })
      }
    }

    @Test(
      "Room that is asked for and not used counts for nothing", arguments: Server.BackendName.alone)
    func unusedRoom(_ backend: Server.BackendName) throws {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.write(atMost: 200_000) { output in output.append(0x2E) }
        connection.write(atMost: 0) { _ in }
        connection.write(
          atMost: 200_000,
          filling: { span in
            span[0] = 0x2F
            return 1
          })
      }
      try serve(backend, options { $0.outboxLimit = 1000 }, script: script) { server in
        let client = try server.client()
        for _ in 0..<10 {
          try client.send("a")
          #expect(try client.receive(exactly: 2) == [0x2E, 0x2F])
        }
      }
    }
  }
}

/// Made once, since it takes long in a debug build.
let longPattern = pattern(7 << 20)

extension Connection {
  /// Sets no timer and forgets none.
  fileprivate mutating func cancelTimer(unless keeps: Bool) { if !keeps { cancelTimer() } }
}
