import Foundation
import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  /// Files, sent from where they are.
  @Suite struct Files {
    private static let bytes = pattern(700_000)
    private static let file = TemporaryFile(bytes)

    /// Answers each byte with a header, a part of a file, and what came.
    private static func answering(_ file: SharedFile) -> Scripted.Script {
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        for index in bytes.indices {
          connection.write("<")
          switch bytes[index] {
          case UInt8(ascii: "a"): connection.write(file)
          case UInt8(ascii: "b"): connection.write(file, from: 100_000)
          case UInt8(ascii: "c"): connection.write(file, from: 5, count: 10)
          case UInt8(ascii: "d"): connection.write(file, from: 699_999, count: 10)
          case UInt8(ascii: "e"): connection.write(file, from: 700_000)
          case UInt8(ascii: "f"): connection.write(file, from: -7, count: 3)
          case UInt8(ascii: "g"): connection.write(file, from: .max, count: .max)
          case UInt8(ascii: "h"): connection.write(file, from: 0, count: -1)
          default: break
          }
          connection.write(bytes[index])
        }
      }
      return script
    }

    private static func reply(to text: String) -> [UInt8] {
      text.utf8.flatMap { byte -> [UInt8] in
        let part: ArraySlice<UInt8> =
          switch byte {
          case UInt8(ascii: "a"): bytes[...]
          case UInt8(ascii: "b"): bytes[100_000...]
          case UInt8(ascii: "c"): bytes[5..<15]
          case UInt8(ascii: "d"): bytes[699_999...]
          case UInt8(ascii: "f"): bytes[..<3]
          default: []
          }
        return Array("<".utf8) + part + [byte]
      }
    }

    @Test(
      "Files and parts of them go in the order in which they were written, and what is outside is left out",
      arguments: Server.BackendName.alone)
    func order(_ backend: Server.BackendName) throws {
      let file = try SharedFile(Self.file.path)
      #expect(file.count == Self.bytes.count)
      try serve(backend, script: Self.answering(file)) { server in
        let client = try server.client()
        for text in ["a", "c", "h", "e", "abcdefgh", "cccc", "bab", "xdx"] {
          try client.send(text)
          let wanted = Self.reply(to: text)
          #expect(try client.receive(exactly: wanted.count) == wanted)
        }
        client.finishSending()
        #expect(try client.receiveToEnd() == [])
      }
    }

    @Test(
      "Peers that read slowly are sent a file that nobody holds, and nothing stays open",
      arguments: Server.BackendName.loops)
    func many(_ backend: Server.BackendName) throws {
      // More than a socket's buffers hold.
      let bytes = pattern(6 << 20)
      let own = TemporaryFile(bytes)
      let file = try SharedFile(own.path)
      let tight = options { $0.totalOutboxLimit = 64 << 10 }
      var script = Scripted.Script()
      script.received = { _, bytes, connection in
        connection.write(file, from: 10, count: 20)
        connection.write(file)
        connection.write(bytes)
      }
      let wanted = bytes[10..<30] + bytes + [0x21]
      try serve(backend, tight, script: script) { server in
        let clients = try (0..<8).map { _ in try server.client(receiveBuffer: 4096) }
        for client in clients { try client.send("!") }
        for client in clients {
          #expect(try client.receive(exactly: wanted.count) == Array(wanted))
        }
      }
      #expect(own.descriptors == 1)
      withExtendedLifetime(file) {}
    }

    @Test(
      "A peer that takes a file as fast as it is sent holds up nobody",
      arguments: Server.BackendName.loops)
    func endless(_ backend: Server.BackendName) throws {
      // Would take a quarter of an hour.
      let endless = TemporaryFile(sparse: 1 << 40)
      let file = try SharedFile(endless.path)
      try serve(backend, script: Self.answering(file)) { server in
        let (fast, other) = (try server.client(), try server.client())
        let isOver = Lock(false)
        let reader = try LoopThread {
          try? fast.send("a")
          while !isOver.withLock({ $0 }), (try? fast.receive())?.isEmpty == false {}
          fast.close()
        }
        for _ in 0..<50 { #expect(try other.receive(afterSending: "x", count: 2) == "<x") }
        isOver.withLock { $0 = true }
        reader.join()
        #expect(server.journal.wait { $0.closed == 1 })
        #expect(try other.receive(afterSending: "x", count: 2) == "<x")
      }
    }

    @Test(
      "A file that becomes shorter costs its connection, and is told",
      arguments: Server.BackendName.alone)
    func shorter(_ backend: Server.BackendName) throws {
      for left in [0, 300_000] {
        let own = TemporaryFile(Self.bytes)
        let file = try SharedFile(own.path)
        own.resize(to: left)
        try serve(backend, script: Self.answering(file)) { server in
          let client = try server.client()
          try client.send("a")
          #expect(try client.receiveToEnd() == Array("<".utf8) + Self.bytes[..<left])
          #expect(server.journal.wait { $0.closed == 1 })
          guard case .failed(let error)? = server.journal.now.reasons.first else {
            Issue.record("\(server.journal.now.reasons)")
            return
          }
          #expect(error.errno == .noData)
          #expect("\(error)".contains("the file has become shorter"))
        }
      }
    }

    @Test(
      "A peer that goes in the middle ends its connection and no process",
      arguments: Server.BackendName.alone)
    func gone(_ backend: Server.BackendName) throws {
      let file = try SharedFile(Self.file.path)
      try serve(backend, script: Self.answering(file)) { server in
        for isReset in [false, true] {
          let client = try server.client(receiveBuffer: 4096)
          try client.send("aaaa")
          _ = try client.receive(exactly: 1000)
          if isReset { client.reset() } else { client.close() }
        }
        #expect(server.journal.wait { $0.closed == 2 })
        #expect(try server.client().receive(afterSending: "x", count: 2) == "<x")
      }
    }

    @Test("What closes behind a file closes when that is sent", arguments: Server.BackendName.alone)
    func close(_ backend: Server.BackendName) throws {
      let file = try SharedFile(Self.file.path)
      for isFinishing in [false, true] {
        var script = Scripted.Script()
        script.received = { _, _, connection in
          connection.write(file)
          if isFinishing { connection.finishSending() } else { connection.close() }
        }
        try serve(backend, script: script) { server in
          let client = try server.client(receiveBuffer: 4096)
          try client.send("!")
          #expect(try client.receiveToEnd() == Self.bytes)
        }
      }
    }

    @Test(
      "A session is told when a file is sent, and how much of it is not",
      arguments: Server.BackendName.loops)
    func drained(_ backend: Server.BackendName) throws {
      let file = try SharedFile(Self.file.path)
      let unsent = Lock<[Int]>([])
      var script = Scripted.Script()
      script.received = { _, _, connection in
        let wasMuch = connection.hasWrittenMuch
        connection.write(file)
        let isMuch = connection.hasWrittenMuch
        #expect(!wasMuch && isMuch)
        connection.notifyWhenDrained()
      }
      script.drained = { _, connection in
        let count = connection.unsent
        unsent.withLock { $0.append(count) }
        connection.write("!")
      }
      try serve(backend, script: script) { server in
        let client = try server.client(receiveBuffer: 4096)
        try client.send("?")
        #expect(try client.receive(exactly: Self.bytes.count + 1) == Self.bytes + [0x21])
        #expect(unsent.withLock { $0 } == [0])
      }
    }

    @Test("What is no ordinary file is refused, at once and in words")
    func refused() throws {
      let folder = FileManager.default.temporaryDirectory.path + "/files-\(UUID())"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      let wrong: [(String, Errno, String)] = [
        (folder, .isDirectory, "only ordinary files can be sent"),
        (folder + "/pipe", .invalid, "only ordinary files can be sent"),
        ("/dev/zero", .invalid, "only ordinary files can be sent"),
        (folder + "/none", .noEntry, "check the path"), ("", .noEntry, "check the path"),
        (Self.file.path + "\0", .noEntry, "check the path"),
        (folder + String(repeating: "/x", count: 3000), .nameTooLong, "see open(2)"),
      ]
      for (path, errno, advice) in wrong {
        let error = #expect(throws: SystemError.self) { try SharedFile(path) }
        #expect(error?.errno == errno, "\(path)")
        #expect("\(error.map { "\($0)" } ?? "")".contains(advice), "\(path)")
      }
      #expect(throws: SystemError.self) { try SharedFile(Descriptor(rawValue: -1)) }
      #expect(throws: SystemError.self) { try SharedFile(Descriptor(rawValue: 1_000_000)) }
    }

    @Test("An open file is sent from a descriptor of its own")
    func descriptor() throws {
      let given = open(Self.file.path, O_RDONLY)
      let file = try SharedFile(Descriptor(rawValue: given))
      Glibc.close(given)
      #expect(file.count == Self.bytes.count)
      try serve(.epoll, script: Self.answering(file)) { server in
        let wanted = Self.reply(to: "b")
        let client = try server.client()
        try client.send("b")
        #expect(try client.receive(exactly: wanted.count) == wanted)
      }
    }
  }
}
