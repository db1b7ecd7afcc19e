import SwitchboardLab
import Testing

@testable import Switchboard

/// Whom a simulated process may connect to, and that what comes of it is what Linux says.
@Suite struct OutsideTests {
  private final class Complaints { var all: [Violation] = [] }

  private let network: SimulatedNetwork
  private let kernel: SimulatedKernel
  private let outside: SimulatedOutside
  private let complaints = Complaints()

  init() { self.init(faults: .none) }

  private init(faults: Faults) {
    network = SimulatedNetwork(seed: 1, faults: FaultInjector(faults, seed: 1))
    kernel = SimulatedKernel(network, CallRecord(network, seed: 1))
    kernel.record.patience = .max
    outside = SimulatedOutside(network, seed: 1)
    let complaints = complaints
    outside.fail = { complaints.all.append($0) }
    network.outside = outside
  }

  private func add(_ port: UInt16 = 7000, _ script: (inout SimulatedRemote) -> Void)
    -> SocketAddress
  {
    let address = SocketAddress.loopback(port: port)
    var remote = SimulatedRemote(at: address, number: Int(port), seed: 1)
    script(&remote)
    outside.add(remote)
    return address
  }

  private func connect(_ address: SocketAddress) -> (own: Descriptor, outcome: Outcome) {
    let own = kernel.socket(address.family).descriptor
    return (own, kernel.connect(own, to: address))
  }

  private func pass(_ time: Duration) {
    _ = network.sleep(until: network.now + time.clampedNanoseconds) { false }
  }

  private func error(_ own: Descriptor) -> Errno? {
    let value = kernel.get(.error, on: own).value
    return value == 0 ? nil : Errno(rawValue: Int32(value))
  }

  /// The other end of a connection, by its number.
  private func peer(_ number: Int) -> SimulatedPeer? {
    outside.peers.indices.first { outside.peers[$0].number == number }.map { outside.peers[$0] }
  }

  private func bits(_ own: Descriptor) -> UInt32 { network.pollState(own) ?? 0 }

  private func send(_ text: String, _ own: Descriptor) -> Outcome {
    Array(text.utf8).withUnsafeBytes { kernel.send(own, from: $0) }
  }

  private func receive(_ own: Descriptor) -> (text: String, outcome: Outcome) {
    var room = [UInt8](repeating: 0, count: 1 << 16)
    let outcome = room.withUnsafeMutableBytes { kernel.receive(own, into: $0) }
    let count = outcome.isSuccess ? outcome.value : 0
    return (String(decoding: room[..<count], as: UTF8.self), outcome)
  }

  /// Everything that comes in so much time.
  private func receive(for time: Duration, _ own: Descriptor) -> String {
    let end = network.now + time.clampedNanoseconds
    var text = ""
    while network.now < end {
      pass(.milliseconds(5))
      text += receive(own).text
    }
    return text
  }

  @Test func `an attempt takes the way there and back, and stands`() {
    let address = add { $0.answer(.accepts(after: .milliseconds(50))) }
    let (own, outcome) = connect(address)
    #expect(outcome.errno == .inProgress)
    #expect(bits(own) == 0)
    pass(.milliseconds(50))
    #expect(bits(own) == 0)
    pass(.milliseconds(20))
    #expect(bits(own) == PollBits.write)
    #expect(error(own) == nil)
    var peer = SocketAddress.any(port: 0)
    #expect(kernel.peerAddress(own, into: &peer).isSuccess && peer == address)
  }

  @Test func `one that is answered in the call stands when that comes back`() {
    let address = add { remote in
      remote.answer(.acceptsAtOnce)
      remote.echo()
    }
    let (own, outcome) = connect(address)
    #expect(outcome == .value(0) && bits(own) == PollBits.write)
    #expect(send("hello", own).value == 5)
    #expect(receive(for: .milliseconds(30), own) == "hello")
  }

  @Test(arguments: [
    (SimulatedRemote.Answer.refuses(atOnce: true), Errno.connectionRefused),
    (.hasNoHost(atOnce: true), .hostUnreachable),
    (.hasNoNetwork(atOnce: true), .networkUnreachable),
  ])
  func `what the call refuses has never begun`(_ answer: SimulatedRemote.Answer, _ errno: Errno) {
    outside.ports = 1
    let address = add { remote in
      for _ in 0..<3 { remote.answer(answer) }
      remote.answer(.acceptsAtOnce)
    }
    for _ in 0..<3 { #expect(connect(address).outcome.errno == errno) }
    #expect(connect(address).outcome.isSuccess)
    #expect(connect(address).outcome.errno == .addressNotAvailable)
  }

  @Test(arguments: [
    (SimulatedRemote.Answer.refuses(atOnce: false), Errno.connectionRefused),
    (.hasNoHost(atOnce: false), .hostUnreachable),
    (.hasNoNetwork(atOnce: false), .networkUnreachable),
  ])
  func `what is refused later is told by the pending error, once`(
    _ answer: SimulatedRemote.Answer, _ errno: Errno
  ) {
    let (own, outcome) = connect(add { $0.answer(answer) })
    #expect(outcome.errno == .inProgress)
    #expect(error(own) == nil && bits(own) == 0)
    pass(.milliseconds(20))
    let told = PollBits.error | PollBits.hangUp | PollBits.write
    #expect(bits(own) & told == told)
    #expect(error(own) == errno)
    #expect(error(own) == nil)
  }

  @Test func `nobody answers, and the kernel gives up after two minutes`() {
    let (own, outcome) = connect(add { $0.answer(.isSilent) })
    #expect(outcome.errno == .inProgress)
    pass(.seconds(126))
    #expect(bits(own) == 0 && error(own) == nil)
    pass(.seconds(2))
    #expect(error(own) == .timedOut)
  }

  @Test func `attempts are answered in order, and all behind the last as that`() {
    let address = add { remote in
      remote.answer(.refuses(atOnce: true))
      remote.answer(.hasNoHost(atOnce: true))
      remote.answer(.acceptsAtOnce)
    }
    let answers = (0..<5).map { _ in connect(address).outcome }
    #expect(answers[0].errno == .connectionRefused && answers[1].errno == .hostUnreachable)
    #expect(answers[2...].count { $0.isSuccess } == 3)
  }

  @Test func `somebody accepts and resets, another accepts and ends`() {
    let (lost, _) = connect(add(7000) { $0.answer(.acceptsAndResets) })
    let (ended, _) = connect(add(7001) { $0.answer(.acceptsAndEnds) })
    pass(.milliseconds(30))
    #expect(receive(lost).outcome.errno == .connectionReset)
    #expect(receive(ended).outcome == .value(0))
    // It takes what it is sent all the same.
    #expect(send("more", ended).value == 4)
    #expect(kernel.shutdownSending(ended).isSuccess)
    pass(.milliseconds(30))
    #expect(peer(2)?.received == 4 && peer(2)?.isOver == true)
  }

  @Test func `a script is followed on each connection, and what comes is looked at`() {
    let address = add { remote in
      remote.expect("who is there?")
      remote.wait(.milliseconds(20))
      remote.send("nobody")
      remote.echo()
    }
    let pair = [connect(address).own, connect(address).own]
    pass(.milliseconds(20))
    for own in pair { #expect(send("who is there?and more", own).isSuccess) }
    for own in pair { #expect(receive(for: .milliseconds(80), own) == "nobodyand more") }
    #expect(complaints.all.isEmpty)
    #expect(send("?", pair[0]).isSuccess)
    #expect(receive(for: .milliseconds(30), pair[0]) == "?")
    for own in pair {
      #expect(kernel.shutdownSending(own).isSuccess)
      pass(.milliseconds(30))
      #expect(receive(own).outcome == .value(0))
    }
    for number in 1...2 { #expect(peer(number)?.isOver == true) }
    #expect(complaints.all.isEmpty)
  }

  @Test func `what was not expected is told, and what never came`() {
    let address = add { $0.expect("right") }
    let (own, _) = connect(address)
    pass(.milliseconds(20))
    #expect(send("wrong", own).isSuccess)
    pass(.milliseconds(20))
    #expect(
      complaints.all.first
        == .wrongByte(
          client: 1, offset: 0, wanted: UInt8(ascii: "r"), got: UInt8(ascii: "w")))
    complaints.all = []
    let (short, _) = connect(address)
    pass(.milliseconds(20))
    #expect(send("ri", short).isSuccess)
    _ = kernel.close(short)
    pass(.milliseconds(20))
    #expect(complaints.all == [.missingBytes(client: 2, got: 2, wanted: 5)])
    complaints.all = []
    let (long, _) = connect(address)
    pass(.milliseconds(20))
    #expect(send("right!", long).isSuccess)
    pass(.milliseconds(20))
    #expect(
      complaints.all == [.wrongByte(client: 3, offset: 5, wanted: nil, got: UInt8(ascii: "!"))])
  }

  @Test func `more than the windows hold goes there and back`() {
    let (own, _) = connect(add { $0.echo() })
    pass(.milliseconds(20))
    let sent = String(repeating: "0123456789abcdef", count: 20_000)
    var (left, heard) = (Substring(sent), "")
    for _ in 0..<20_000 where heard.utf8.count < sent.utf8.count {
      if !left.isEmpty {
        let outcome = send(String(left.prefix(4096)), own)
        if outcome.isSuccess { left = left.dropFirst(outcome.value) }
      }
      pass(.milliseconds(1))
      heard += receive(own).text
    }
    #expect(heard == sent)
  }

  @Test func `ports run out, and rest for a minute where this side was the first to close`() {
    outside.ports = 3
    let address = add { _ in }
    let other = add(7001) { _ in }
    let own = (0..<3).map { _ in connect(address) }
    for each in own { #expect(each.outcome.errno == .inProgress) }
    #expect(connect(address).outcome.errno == .addressNotAvailable)
    // They are counted for each address by itself.
    #expect(connect(other).outcome.errno == .inProgress)
    pass(.milliseconds(20))
    for each in own { _ = kernel.close(each.own) }
    #expect(connect(address).outcome.errno == .addressNotAvailable)
    pass(.seconds(59))
    #expect(connect(address).outcome.errno == .addressNotAvailable)
    pass(.seconds(2))
    #expect(connect(address).outcome.errno == .inProgress)
  }

  @Test
  func `a port is free at once where the other side was the first to close, or somebody reset`() {
    outside.ports = 1
    let address = add { remote in
      remote.answer(.acceptsAndEnds)
      remote.answer(.acceptsAndResets)
      remote.answer(.accepts(after: .zero))
      remote.answer(.refuses(atOnce: false))
      remote.answer(.isSilent)
      remote.answer(.accepts(after: .zero))
    }
    for round in 0..<6 {
      let (own, outcome) = connect(address)
      #expect(outcome.errno == .inProgress)
      pass(.milliseconds(30))
      if round == 2 { _ = kernel.set(.linger, 0, on: own) }
      _ = kernel.close(own)
    }
    #expect(connect(address).outcome.errno == .addressNotAvailable)
  }

  @Test func `who is given up before it stands is reset, and no port is left`() {
    outside.ports = 1
    let address = add { $0.echo() }
    for time in [0, 100, 500, 1000, 2000, 3000, 5000] {
      let (own, outcome) = connect(address)
      #expect(outcome.errno == .inProgress)
      pass(.microseconds(time))
      guard bits(own) == 0 else { break }
      _ = kernel.close(own)
      pass(.milliseconds(30))
      for place in outside.peers.indices { #expect(outside.peers[place].isOver) }
    }
    #expect(outside.peers.count > 0)
    #expect(network.openDescriptors <= 1)
  }

  @Test func `somebody vanishes, and another pauses before he reads`() {
    let (lost, _) = connect(
      add(7000) { remote in
        remote.send("hello")
        remote.wait(.milliseconds(30))
        remote.vanish()
      })
    let (slow, _) = connect(
      add(7001) { remote in
        remote.pauseReading(.milliseconds(500))
        remote.echo()
      })
    pass(.milliseconds(20))
    #expect(receive(lost).text == "hello")
    pass(.milliseconds(40))
    _ = send("still there?", lost)
    _ = send("awake?", slow)
    #expect(receive(for: .milliseconds(200), slow) == "")
    #expect(receive(for: .milliseconds(400), slow) == "awake?")
    #expect(receive(lost).outcome.errno == .wouldBlock)
    #expect(peer(1)?.received == 0)
  }

  @Test func `faults strike those outside by their connections' numbers`() {
    let tests = OutsideTests(faults: .schedule([Fault(.resetByPeer, on: 2, occasion: 1)]))
    let address = tests.add { $0.echo() }
    let pair = [tests.connect(address).own, tests.connect(address).own]
    tests.pass(.milliseconds(30))
    #expect(tests.send("hello", pair[0]).value == 5)
    #expect(tests.send("hello", pair[1]).errno == .connectionReset)
    #expect(tests.receive(for: .milliseconds(30), pair[0]) == "hello")
  }

  @Test func `what is left to chance is the same for the same seed`() {
    func answers(_ seed: UInt64) -> [SimulatedRemote.Answer] {
      var remote = SimulatedRemote(at: .loopback(port: 1), number: 1, seed: seed)
      remote.answerByChance(200)
      return (0..<200).map { remote.answer(to: $0) }
    }
    #expect(answers(1) == answers(1))
    #expect(answers(1) != answers(2))
    #expect(Set(answers(1).map { $0.failure }).count == 5)
    #expect(Set(answers(1).map { $0.isAtOnce }).count == 2)
  }

  @Test func `who is not called changes nothing`() throws {
    for seed in 0..<20 as Range<UInt64> {
      func digest(_ count: UInt16) throws -> UInt64 {
        try simulate(seed: seed, faults: .harsh) { world in
          SimulatedWorkload.echo.describe(world)
          for port in 0..<count { world.remote(at: .loopback(port: 7000 + port)) { $0.echo() } }
        }.digest
      }
      #expect(try digest(0) == digest(3))
    }
  }
}
