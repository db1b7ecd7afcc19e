import Glibc
import Testing

@testable import Switchboard

@Suite("Sockets and listeners")
struct SocketTests {
  private static let system = Linux()

  /// Two connected TCP sockets.
  private struct Connection: ~Copyable {
    let ours: Socket<Linux>
    let theirs: Socket<Linux>

    init(_ address: SocketAddress = .loopback(port: 0)) throws {
      let listener = try Listener(on: address, system: SocketTests.system)
      let socket = try Socket.connecting(to: listener.address, system: SocketTests.system)
      // On loopback the handshake is over when connect returns.
      guard let accepted = try listener.accept() else { throw Errno.wouldBlock }
      ours = socket
      theirs = accepted.socket
    }
  }

  @Test("A descriptor is closed at the end of its owner's life, and once")
  func closesOnce() throws {
    let counting = CountingKernel()
    do {
      let listener = try Listener(on: .loopback(port: 0), system: counting)
      let socket = try Socket.connecting(to: listener.address, system: counting)
      #expect(try isSome(listener.accept()))
      // The accepted one, dropped at once.
      #expect(counting.closes.count == 1)
      _ = socket.takeError()
    }
    let closes = counting.closes
    #expect(closes.count == 3)
    #expect(Set(closes).count == 3)
    // A listener that fails half-way leaves nothing open either.
    let taken = try Listener(on: .loopback(port: 0), system: counting)
    let before = counting.closes.count
    #expect(throws: SystemError.self) { try listen(taken.address, counting) }
    #expect(counting.closes.count == before + 1)
  }

  private func isSome(_ accepted: consuming Listener<CountingKernel>.Incoming?) -> Bool {
    accepted != nil
  }

  private func listen(_ address: SocketAddress, _ system: CountingKernel) throws {
    _ = try Listener(on: address, system: system)
  }

  @Test("Descriptors are non-blocking and close-on-exec from birth")
  func flags() throws {
    let listener = try Listener(on: .loopback(port: 0), system: SocketTests.system)
    let connection = try Connection()
    let waker = try Waker(system: SocketTests.system)
    for descriptor in [
      listener.descriptor, connection.ours.descriptor, connection.theirs.descriptor,
      waker.descriptor,
    ] {
      #expect(fcntl(descriptor.rawValue, F_GETFL) & O_NONBLOCK != 0)
      #expect(fcntl(descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
    }
  }

  @Test("Would-block is a value, and so is the end of the stream")
  func values() throws {
    let connection = try Connection()
    var buffer = [UInt8](repeating: 0, count: 8)
    #expect(try receive(connection.ours, into: &buffer) == .wouldBlock)
    let bytes: [UInt8] = [1, 2, 3]
    #expect(try connection.theirs.send(bytes.span) == .bytes(3))
    #expect(try receive(connection.ours, into: &buffer) == .bytes(3))
    #expect(buffer.prefix(3) == [1, 2, 3])
    try connection.theirs.shutdownSending()
    #expect(try receive(connection.ours, into: &buffer) == .endOfStream)
    var none: [UInt8] = []
    #expect(try receive(connection.ours, into: &none) == .wouldBlock)
  }

  @Test("A full connection takes a part, then would block")
  func full() throws {
    let connection = try Connection()
    let junk = [UInt8](repeating: 0, count: 1 << 20)
    var last = Socket<Linux>.Sent.bytes(0)
    for _ in 0..<1000 {
      last = try connection.ours.send(junk.span)
      if last == .wouldBlock { break }
    }
    #expect(last == .wouldBlock)
  }

  @Test("Sending to a peer that has gone is an error, and no signal")
  func brokenPipe() async {
    // In a process of its own, where SIGPIPE has its default effect.
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      var ends: [Int32] = [0, 0]
      socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends)
      let socket = Socket(adopting: Descriptor(rawValue: ends[0]), system: Linux())
      close(ends[1])
      do throws(SystemError) {
        let bytes: [UInt8] = [1]
        _ = try socket.send(bytes.span)
        Issue.record("sent to nobody")
      } catch {
        #expect(error.errno == .brokenPipe)
        #expect(error.call == .send)
      }
    }
  }

  @Test("A reset is an error that names call and descriptor")
  func reset() throws {
    let connection = try Connection()
    try closeWithReset(connection.theirs.descriptor)
    var buffer = [UInt8](repeating: 0, count: 8)
    do throws(SystemError) {
      _ = try receive(connection.ours, into: &buffer)
      Issue.record("received from nobody")
    } catch {
      let expected = SystemError(
        .receive, .connectionReset, on: .descriptor(connection.ours.descriptor))
      #expect(error == expected)
    }
  }

  @Test("A listener on IPv6 leaves IPv4 alone unless it is dual-stack", arguments: [false, true])
  func dualStack(_ isDualStack: Bool) throws {
    var options = Listener<Linux>.Options()
    options.isDualStack = isDualStack
    let listener = try Listener(
      on: .any(.v6, port: 0), options: options, system: SocketTests.system)
    #expect(SocketTests.system.get(.onlyV6, on: listener.descriptor).value == (isDualStack ? 0 : 1))
    let port = listener.address.port
    let socket = try Socket.connecting(to: .loopback(port: port), system: SocketTests.system)
    guard isDualStack else {
      #expect(socket.takeError() == .connectionRefused)
      return
    }
    guard let accepted = try listener.accept() else {
      Issue.record("nobody to accept")
      return
    }
    #expect(accepted.address.description.hasPrefix("[::ffff:127.0.0.1]:"))
    #expect(accepted.address.unmapped.family == .v4)
    #expect(try socket.peerAddress() == .loopback(port: port))
  }

  @Test("Port 0 gives a free port, and a taken one an error that names it")
  func ports() throws {
    let listener = try Listener(on: .loopback(port: 0), system: SocketTests.system)
    #expect(listener.address.port != 0)
    #expect(try isNone(listener.accept()))
    do throws(SystemError) {
      _ = try Listener(on: listener.address, system: SocketTests.system)
      Issue.record("two listeners on one port")
    } catch {
      #expect(error.errno == .addressInUse)
      #expect(error.operand == .address(listener.address))
    }
    // Unless both agree to share it.
    var sharing = Listener<Linux>.Options()
    sharing.sharesPort = true
    let first = try Listener(
      on: .loopback(port: 0), options: sharing, system: SocketTests.system)
    let second = try Listener(on: first.address, options: sharing, system: SocketTests.system)
    #expect(second.address == first.address)
  }

  private func isNone(_ accepted: consuming Listener<Linux>.Incoming?) -> Bool { accepted == nil }

  private func receive(_ socket: borrowing Socket<Linux>, into buffer: inout [UInt8])
    throws(SystemError) -> Socket<Linux>.Received
  {
    var span = buffer.mutableSpan
    return try socket.receive(into: &span)
  }

  /// Resets the connection; the descriptor stays, disconnected, for its owner to close.
  private func closeWithReset(_ descriptor: Descriptor) throws {
    // connect(2) with AF_UNSPEC aborts a TCP connection at once.
    var nowhere = sockaddr()
    nowhere.sa_family = sa_family_t(AF_UNSPEC)
    let size = socklen_t(MemoryLayout<sockaddr>.size)
    guard connect(descriptor.rawValue, &nowhere, size) == 0 else {
      throw Errno(rawValue: errno)
    }
  }
}
