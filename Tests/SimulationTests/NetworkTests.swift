import Testing

@testable import Switchboard

/// What the simulated network does is what Linux does.
@Suite struct NetworkTests {
  private let network: SimulatedNetwork
  private let listener: Descriptor

  init() {
    network = SimulatedNetwork(seed: 1, faults: FaultInjector(.none, seed: 1))
    listener = network.openSocket(.v4).descriptor
    _ = network.bind(listener, to: .loopback(port: 80))
    _ = network.listen(listener, backlog: 2)
  }

  /// A client's socket, and the server's descriptor of the same connection.
  private func connect(
    window: Int = 1000, buffer: Int = 5000
  ) -> (client: SimulatedSocket, server: Descriptor) {
    let client = network.makeSocket(.v4)
    let link = network.makeLink(
      number: 1, random: SimulatedRandom(seed: 1), sizes: (window, buffer))
    network.beginConnecting(client, to: .loopback(port: 80), over: link)
    settle()
    var peer = SocketAddress.any(port: 0)
    return (client, network.accept(listener, peer: &peer).descriptor)
  }

  /// Lets everything arrive.
  private func settle() { _ = network.sleep(until: nil) { false } }

  private func send(_ count: Int, on descriptor: Descriptor) -> Outcome {
    let bytes = [UInt8](repeating: 7, count: count)
    return bytes.withUnsafeBytes { network.send(descriptor, from: $0) }
  }

  private func send(_ count: Int, from socket: SimulatedSocket) -> Outcome {
    let bytes = [UInt8](repeating: 7, count: count)
    return bytes.withUnsafeBytes { network.send(socket, from: $0) }
  }

  private func receive(_ count: Int, on descriptor: Descriptor) -> Outcome {
    var bytes = [UInt8](repeating: 0, count: count)
    return bytes.withUnsafeMutableBytes { network.receive(descriptor, into: $0) }
  }

  @Test func `the lowest free descriptor comes back first`() {
    let first = network.openSocket(.v4).value
    let second = network.openSocket(.v4).value
    #expect(second == first + 1)
    _ = network.close(Descriptor(rawValue: Int32(first)))
    #expect(network.openSocket(.v4).value == first)
    #expect(network.openSocket(.v4).value == second + 1)
  }

  @Test func `as many descriptors as may be, and no more`() {
    network.descriptorLimit = 6
    #expect(network.openSocket(.v4).isSuccess)
    #expect(network.openSocket(.v4).isSuccess)
    #expect(network.openSocket(.v4).errno == .descriptorLimit)
  }

  @Test func `bytes arrive in order and later than they were sent`() {
    let (client, server) = connect()
    #expect(send(5, from: client).value == 5)
    #expect(receive(9, on: server).errno == .wouldBlock)
    settle()
    #expect(receive(3, on: server).value == 3)
    #expect(receive(9, on: server).value == 2)
  }

  @Test func `a full window takes a part, then nothing, then tells of room`() {
    let (client, server) = connect()
    // What the sender's kernel holds; the client's window takes some of it.
    #expect(send(5010, on: server).value == 5000)
    #expect(send(1, on: server).errno == .wouldBlock)
    settle()
    #expect(client.incoming?.unread == 1000)
    #expect(network.pollState(server)! & PollBits.write == 0)
    for _ in 0..<4 {
      client.incoming?.skip(1000)
      network.hasRead(client)
      settle()
    }
    #expect(network.pollState(server)! & PollBits.write != 0)
  }

  @Test func `bytes wait with the sender for room in the window, also when it has closed`() {
    let (client, server) = connect()
    #expect(send(6000, on: server).value == 5000)
    _ = network.close(server)
    settle()
    var got = 0
    while let incoming = client.incoming, incoming.unread > 0 {
      #expect(incoming.unread <= 1000)
      #expect(!incoming.hasEnded || incoming.read + incoming.unread == 5000)
      got += incoming.unread
      incoming.skip(incoming.unread)
      network.hasRead(client)
      settle()
    }
    #expect(got == 5000)
    #expect(client.incoming?.isAtEnd == true)
  }

  @Test func `a peer that takes nothing is silent, and one that reads is not`() {
    let (client, server) = connect()
    func silence() -> Int { network.get(.sendSilence, on: server).value }
    _ = send(4000, on: server)
    settle()
    network.lose(500_000_000)
    #expect(silence() >= 490)
    client.incoming?.skip(1000)
    network.hasRead(client)
    settle()
    #expect(silence() < 10)
    network.lose(300_000_000)
    #expect(silence() >= 290 && silence() < 490)
  }

  @Test func `a receive stops before an urgent byte, and the next one passes over it`() {
    let (client, server) = connect()
    func urgent() {
      client.outgoing?.append(urgent: 33)
      client.link.map { network.transmit(from: client, over: $0) }
    }
    _ = send(10, from: client)
    urgent()
    _ = send(7, from: client)
    settle()
    #expect(network.pollState(server)! & PollBits.urgent != 0)
    #expect(receive(100, on: server).value == 10)
    #expect(network.pollState(server)! & (PollBits.urgent | PollBits.read) != 0)
    #expect(receive(100, on: server).value == 7)
    #expect(network.pollState(server)! & (PollBits.urgent | PollBits.read) == 0)
    // Alone it makes nothing readable. Not reached when another comes, it is a byte as any other.
    urgent()
    settle()
    #expect(network.pollState(server)! & (PollBits.urgent | PollBits.read) == PollBits.urgent)
    _ = send(3, from: client)
    settle()
    urgent()
    settle()
    #expect(receive(100, on: server).value == 3)
    _ = send(2, from: client)
    urgent()
    urgent()
    settle()
    #expect(receive(100, on: server).value == 3)
    #expect(receive(100, on: server).errno == .wouldBlock)
  }

  @Test func `half of a connection can end`() {
    let (client, server) = connect()
    _ = send(1, from: client)
    network.finish(client)
    settle()
    #expect(network.pollState(server)! & PollBits.ended != 0)
    #expect(receive(9, on: server).value == 1)
    #expect(receive(9, on: server) == .value(0))
    #expect(send(3, on: server).value == 3)
    settle()
    #expect(client.incoming?.unread == 3)
  }

  @Test func `closing with unread bytes resets the connection`() {
    let (client, server) = connect()
    _ = send(1, from: client)
    settle()
    _ = network.close(server)
    settle()
    #expect(client.error == .connectionReset)
    #expect(send(1, from: client).errno == .connectionReset)
    #expect(send(1, from: client).errno == .brokenPipe)
  }

  @Test func `bytes for a closed socket are answered by a reset`() {
    let (client, server) = connect()
    _ = network.close(server)
    settle()
    #expect(client.incoming?.isAtEnd == true)
    #expect(send(1, from: client).value == 1)
    settle()
    #expect(client.wasReset)
  }

  @Test func `where nobody listens a connection is refused, and a full queue makes it wait`() {
    let link = network.makeLink(number: 1, random: SimulatedRandom(seed: 1))
    let lost = network.makeSocket(.v4)
    network.beginConnecting(lost, to: .loopback(port: 81), over: link)
    settle()
    #expect(lost.error == .connectionRefused)
    let waiting = (0..<3).map { _ in network.makeSocket(.v4) }
    for socket in waiting { network.beginConnecting(socket, to: .loopback(port: 80), over: link) }
    _ = network.sleep(until: network.now + 500_000_000) { false }
    #expect(waiting.filter { $0.state == .connected }.count == 2)
    var peer = SocketAddress.any(port: 0)
    #expect(network.accept(listener, peer: &peer).isSuccess)
    _ = network.sleep(until: network.now + 3_000_000_000) { false }
    #expect(waiting.allSatisfy { $0.state == .connected })
  }

  @Test func `a level is told again and an edge once`() {
    let (client, server) = connect()
    let epoll = network.makeEpoll()
    network.watch(Int(server.rawValue), with: epoll, events: PollBits.read, key: 1)
    _ = send(1, from: client)
    settle()
    var events = [EpollEvent](repeating: EpollEvent(), count: 4)
    func collect() -> Int { events.withUnsafeMutableBufferPointer { epoll.collect(into: $0) } }
    #expect(collect() == 1)
    #expect(collect() == 1)
    epoll.modify(network.watch(server)!, events: PollBits.read | PollBits.edge, key: 1)
    #expect(collect() == 1)
    #expect(collect() == 0)
    _ = send(1, from: client)
    settle()
    #expect(collect() == 1)
    #expect(collect() == 0)
  }
}
