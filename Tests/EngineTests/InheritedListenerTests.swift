import Foundation
import Glibc
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Servers on sockets that listened before them.
  @Suite struct InheritedListeners {
    /// A socket that was made by somebody else, with calls that wait.
    private final class Given {
      let descriptor: Int32

      init(_ family: Int32 = AF_INET, _ kind: __socket_type = SOCK_STREAM, listens: Bool = true)
        throws
      {
        descriptor = aboveThoseOfSelect(Glibc.socket(family, Int32(kind.rawValue), 0))
        guard descriptor >= 0 else { throw Client.Failure.call("socket", errno) }
        guard listens else { return }
        if family == AF_INET {
          _ = withLoopback(.v4, 0) { bind(descriptor, $0, $1) }
        }
        // A Unix-domain socket without a name cannot listen: the kernel gives it one when it is bound to none.
        if family == AF_UNIX {
          var address = sockaddr_un()
          address.sun_family = sa_family_t(AF_UNIX)
          let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, 2) }
          }
          guard bound == 0 else { throw Client.Failure.call("bind", errno) }
        }
        guard Glibc.listen(descriptor, 64) == 0 else { throw Client.Failure.call("listen", errno) }
      }
      deinit { Glibc.close(descriptor) }
    }

    private static func server(_ backend: Server.BackendName, _ given: [Int32]) -> Server {
      var server = Server()
      server.backend = backend
      server.loops = backend == .pool ? 64 : 1
      server.listen(inheriting: Descriptor(rawValue: given[0])) { _ in FramesSession() }
      for other in given.dropFirst() {
        server.listen(inheriting: Descriptor(rawValue: other)) { _ in FramesSession() }
      }
      return server
    }

    @Test(
      "Who comes between two servers waits for the second", arguments: Server.BackendName.each)
    func handOver(_ backend: Server.BackendName) throws {
      let (given, unix) = (try Given(), try Given(AF_UNIX))
      let server = Self.server(backend, [given.descriptor, unix.descriptor])
      let first = try server.start()
      let (port, name) = (first.addresses[0].port, first.addresses[1].host)
      #expect(port > 0 && name.hasPrefix("@"))
      let client = try Client(to: port).greeted()
      #expect(try client.ask("^ab$") == "bc")
      #expect(try Client(unix: "\0" + name.dropFirst()).greeted().ask("^ab$") == "bc")
      first.drain()
      client.close()
      try first.wait()
      let between = try Client(to: port)
      let second = try server.start()
      #expect(second.addresses == first.addresses)
      #expect(try between.greeted().ask("^yz$") == "z{")
      between.close()
      second.stop()
      try second.wait()
      #expect(fcntl(given.descriptor, F_GETFD) >= 0)
    }

    @Test("Loops share one of them", arguments: Server.BackendName.loops)
    func loops(_ backend: Server.BackendName) throws {
      let given = try Given()
      var server = Self.server(backend, [given.descriptor])
      server.loops = 3
      let running = try server.start()
      let clients = try (0..<24).map { _ in try Client(to: running.addresses[0].port).greeted() }
      for client in clients { #expect(try client.ask("^z$") == "{") }
      running.drain()
      for client in clients { client.close() }
      try running.wait()
    }

    @Test("What is no stream socket that listens is refused", arguments: Server.BackendName.each)
    func refused(_ backend: Server.BackendName) throws {
      var ends: [Int32] = [-1, -1]
      #expect(pipe(&ends) == 0)
      defer { for end in ends { Glibc.close(end) } }
      let datagrams = try Given(AF_INET, SOCK_DGRAM, listens: false)
      let packets = try Given(AF_UNIX, SOCK_SEQPACKET)
      let idle = try Given(listens: false)
      let wrong: [(Int32, String)] = [
        (ends[0], "ENOTSOCK"), (-1, "EBADF"), (datagrams.descriptor, "EINVAL"),
        (packets.descriptor, "EINVAL"), (idle.descriptor, "EINVAL"),
      ]
      for (descriptor, errno) in wrong {
        do {
          _ = try Self.server(backend, [descriptor]).start()
          Issue.record("\(descriptor) was taken")
        } catch {
          #expect(error.errno.symbol == errno)
          #expect(
            error.description.hasSuffix(
              "give a descriptor of a stream socket that listens (systemd passes them from 3 on)"))
        }
      }
    }
  }
}
