import Foundation
import Glibc
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Servers on Unix-domain sockets.
  @Suite struct UnixSockets {
    /// A directory that is removed at the end.
    private final class Place {
      let path: String
      init() {
        path = "/tmp/sb-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(path, 0o755)
      }
      deinit { try? FileManager.default.removeItem(atPath: path) }
      var socket: String { path + "/s" }

      /// Kind and rights; nil where there is nothing.
      func status(_ file: String) -> mode_t? {
        var found = stat()
        return lstat(file, &found) == 0 ? found.st_mode : nil
      }
    }

    private static func server(_ backend: Server.BackendName, _ address: SocketAddress) -> Server {
      var server = Server(on: [address])
      server.backend = backend
      server.loops = backend == .pool ? 64 : 1
      return server
    }

    @Test(
      "They serve as others do, and their file goes with them", arguments: Server.BackendName.each)
    func conversation(_ backend: Server.BackendName) throws {
      let place = Place()
      let running = try Self.server(backend, .unix(place.socket)).start { FramesSession() }
      #expect(running.addresses.map(\.description) == [place.socket])
      for round in 0..<3 {
        let clients = try (0..<5).map { _ in try Client(unix: place.socket).greeted() }
        for client in clients { #expect(try client.ask("^a\(round)$").first == "b") }
        let large = "^" + String(repeating: "x", count: 300_000) + "$"
        #expect(try clients[0].ask(large).count == 300_000)
        clients[1].finishSending()
        #expect(try clients[1].receiveToEnd() == [])
        clients[2].reset()
      }
      running.drain()
      try running.wait()
      #expect(place.status(place.socket) == nil)
    }

    @Test("Abstract names have no file", arguments: Server.BackendName.each)
    func abstract(_ backend: Server.BackendName) throws {
      let name = "switchboard-\(getpid())-\(UInt32.random(in: 0 ... .max))"
      let running = try Self.server(backend, .abstract(name)).start { FramesSession() }
      #expect(running.addresses[0].description == "@" + name)
      #expect(try Client(unix: "\0" + name).greeted().ask("^ab$") == "bc")
      do {
        _ = try Self.server(backend, .abstract(name)).start { FramesSession() }
        Issue.record("two servers of one name")
      } catch { #expect(error.errno.symbol == "EADDRINUSE") }
      running.stop()
      try running.wait()
    }

    private struct Whoever: Session {
      let text: String
      mutating func opened(_ connection: inout Connection) {
        connection.write(text + " \(connection.peerAddress?.description ?? "nobody").")
        connection.close()
      }
      mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
    }

    @Test("A session is told who is there", arguments: Server.BackendName.each)
    func credentials(_ backend: Server.BackendName) throws {
      let place = Place()
      var server = Self.server(backend, .unix(place.socket))
      server.addresses = []
      server.options.maxConnectionsPerAddress = 1
      server.listen(on: .unix(place.socket), .loopback(port: 0)) { accepted in
        let who = accepted.credentials.map { "\($0.process) \($0.user) \($0.group)" } ?? "?"
        return Whoever(text: "\(who) \(accepted.local!)")
      }
      let running = try server.start()
      // No limit per address holds for those who have none.
      let clients = try (0..<3).map { _ in try Client(unix: place.socket) }
      for client in clients {
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(text == "\(getpid()) \(geteuid()) \(getegid()) \(place.socket) unix.")
      }
      let other = try Client(to: running.addresses[1].port)
      let text = String(decoding: try other.receiveToEnd(), as: UTF8.self)
      #expect(text == "? \(running.addresses[1]) \(other.address).")
      running.stop()
      try running.wait()
    }

    @Test("Loops share one of them", arguments: Server.BackendName.loops)
    func loops(_ backend: Server.BackendName) throws {
      let place = Place()
      var server = Self.server(backend, .unix(place.socket))
      server.loops = 3
      let running = try server.start { FramesSession() }
      let clients = try (0..<24).map { _ in try Client(unix: place.socket).greeted() }
      for client in clients { #expect(try client.ask("^z$") == "{") }
      running.drain()
      for client in clients { client.close() }
      try running.wait()
      #expect(place.status(place.socket) == nil)
    }

    @Test("A file that was left behind is replaced, one that is served is not")
    func stale() throws {
      let place = Place()
      let left = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      let system = Linux()
      #expect(system.bind(Descriptor(rawValue: left), to: .unix(place.socket)).isSuccess)
      close(left)
      #expect(place.status(place.socket) != nil)
      let first = try Self.server(.epoll, .unix(place.socket)).start { FramesSession() }
      do {
        _ = try Self.server(.epoll, .unix(place.socket)).start { FramesSession() }
        Issue.record("two servers on one path")
      } catch {
        #expect(error.errno.symbol == "EADDRINUSE")
        #expect("\(error)".contains("ss -lxp"))
      }
      #expect(try Client(unix: place.socket).greeted().ask("^a$") == "b")
      first.stop()
      try first.wait()
    }

    @Test("Another's file is left where it is")
    func replaced() throws {
      let place = Place()
      let first = try Self.server(.epoll, .unix(place.socket)).start { FramesSession() }
      unlink(place.socket)
      let second = try Self.server(.epoll, .unix(place.socket)).start { FramesSession() }
      first.stop()
      try first.wait()
      #expect(try Client(unix: place.socket).greeted().ask("^a$") == "b")
      second.stop()
      try second.wait()
      #expect(place.status(place.socket) == nil)
    }

    @Test("What is in its way stays, and is told of")
    func obstacles() throws {
      let place = Place()
      let file = place.path + "/file"
      let directory = place.path + "/directory"
      try Data("kept".utf8).write(to: URL(filePath: file))
      mkdir(directory, 0o755)
      symlink("nowhere", place.path + "/link")
      let long = place.path + "/" + String(repeating: "x", count: 108)
      let cases: [(SocketAddress, String)] = [
        (.unix(file), "is no socket"), (.unix(directory), "is no socket"),
        (.unix(place.path + "/link"), "is no socket"), (.unix(long), "at most 107 bytes"),
        (.unix(""), "not empty"), (.unix(place.path + "/a\0b"), "without a zero byte"),
        (.unix(place.path + "/missing/s"), "make its directory first"),
        (.abstract(String(repeating: "y", count: 108)), "at most 107 bytes"),
      ]
      for (address, remedy) in cases {
        do {
          _ = try Self.server(.epoll, address).start { FramesSession() }
          Issue.record("\(address) is listened on")
        } catch { #expect("\(error)".contains(remedy), "\(error)") }
      }
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "kept")
      #expect(place.status(directory).map { $0 & S_IFMT } == S_IFDIR)
    }

    @Test("The longest path and name are served")
    func longest() throws {
      let place = Place()
      let path = place.path + "/" + String(repeating: "x", count: 106 - place.path.utf8.count)
      #expect(path.utf8.count == 107)
      let running = try Self.server(.epoll, .unix(path)).start { FramesSession() }
      #expect(try Client(unix: path).greeted().ask("^a$") == "b")
      running.stop()
      try running.wait()
      #expect(place.status(path) == nil)
    }

    @Test("Its rights are those that were asked for", arguments: [0o600, 0o660, 0o666, 0o777])
    func mode(_ mode: UInt32) throws {
      let place = Place()
      var server = Self.server(.epoll, .unix(place.socket))
      server.listening.fileMode = mode
      let running = try server.start { FramesSession() }
      #expect(place.status(place.socket).map { $0 & 0o7777 } == mode)
      running.stop()
      try running.wait()
    }
  }
}
