import Switchboard
import SwitchboardArticle
import SwitchboardProtocols

/// Worlds to simulate: what is served, who calls, and what has to come back.
public enum SimulatedWorkload: String, Hashable, Sendable, CaseIterable {
  /// The article's protocol.
  case frames
  /// Every byte comes back.
  case echo
  /// Lines, with answers that take time.
  case line
  /// Large output, timers, pauses, messages.
  case probe
  /// All that a connection offers: letters, portions, timers that are replaced.
  case care
  /// Every byte comes back, from servers behind this one.
  case relay
  /// Every byte comes back, from servers behind this one that are asked by a pool's connections.
  case pool
  /// Parts of a file.
  case files
  /// Every byte comes back, behind a header of the PROXY protocol.
  case proxied

  /// Describes the world of a seed: a few clients, with options that make the edges near.
  public func describe(_ world: SimulatedWorld, _ breadth: Breadth = .wide) {
    serve(in: world)
    chooseOptions(of: world)
    let count = world.random.within(1...24)
    let isPatient = world.random.chance(0.7)
    // Of their own, so that the scripts beneath stay as they are.
    var habits = SimulatedRandom(seed: world.seed &* 0x9E37_79B9 &+ 1)
    let (urgency, slowness) = (habits.chance(0.1) ? 0.3 : 0, habits.chance(0.1) ? 0.5 : 0)
    world.clients(count) { client in
      var habits = SimulatedRandom(seed: habits.next())
      if habits.chance(slowness) {
        client.readSlowly(
          1 << habits.within(8...15), every: .microseconds(habits.within(100...20_000)))
      }
      // One mark for each: of several unread ones the earlier become ordinary bytes, and when they
      // are read is nobody's promise.
      var hasMarked = false
      script(&client, isPatient: isPatient) { client in
        guard !hasMarked, habits.chance(urgency) else { return }
        client.sendUrgent(UInt8(habits.below(256)))
        hasMarked = true
      }
    }
    if breadth == .wide {
      widen(world)
      press(world)
      if [.relay, .pool].contains(self) { makeRoomForRelaying(in: world) }
    }
    if self == .proxied { addHeaders(to: world) }
    if passedOn(in: world) != nil { makeRoomForRelaying(in: world) }
  }

  /// What is served, and its model.
  public func serve(in world: SimulatedWorld) {
    switch self {
    case .frames:
      world.serve { FramesSession() }
      world.replies { sent in
        var frames = Frames()
        return [UInt8](capacity: sent.count + 1) { output in
          output.append(Frames.greeting)
          _ = frames.step(sent.span, into: &output)
        }
      }
    case .echo:
      world.serve { EchoSession() }
      world.replies { $0 }
    case .line:
      let services = LineServices()
      world.serve { LineSession(services) }
      world.replies(LineModel.replies)
      world.readsLate = true
    case .probe:
      world.serve { ProbeSession() }
      world.replies(Probe.replies)
      world.readsLate = true
    case .care:
      let others = Correspondents()
      world.serve { CareSession(others) }
      world.replies(Care.replies)
      world.readsLate = true
    case .relay: serveRelay(in: world)
    case .pool: servePool(in: world)
    case .files:
      guard let file = try? FileModel.file() else {
        fatalError(
          "cannot write a file of 200 kB to the folder for temporary files: make room there")
      }
      world.serve { FileSession(file: file) }
      world.replies(FileModel.replies)
      world.readsLate = true
    case .proxied: serveProxied(in: world)
    }
  }

  private func chooseOptions(of world: SimulatedWorld) {
    let backends = SimulatedWorld.Backend.allCases
    world.backend = backends[world.random.below(backends.count)]
    if world.random.chance(0.3) { world.options.acceptBudget = world.random.within(1...4) }
    if world.random.chance(0.3) { world.options.maxConnections = world.random.within(1...4) }
    if world.random.chance(0.3) { world.backlog = world.random.within(1...4) }
    if world.random.chance(0.2) { world.descriptorLimit = world.random.within(36...44) }
    if world.random.chance(0.5) {
      world.options.highWatermark = world.random.within(1...8192)
      world.options.lowWatermark = world.random.below(world.options.highWatermark)
    }
    if world.random.chance(0.2) {
      world.options.idleTimeout = .milliseconds(world.random.within(50...2000))
    }
    if world.random.chance(0.25) { world.drain = .milliseconds(world.random.within(0...60)) }
  }

  private func script(
    _ client: inout SimulatedClient, isPatient: Bool,
    betweenPieces: (inout SimulatedClient) -> Void
  ) {
    for _ in 0..<client.random.within(0...16) {
      let message = message(&client.random)
      send(message, &client, betweenPieces)
      betweenPieces(&client)
      if isPatient && client.random.chance(0.6) { client.awaitReplies() }
      if client.random.chance(0.2) { client.wait(.milliseconds(client.random.within(1...40))) }
      if client.random.chance(0.1) {
        client.pauseReading(.milliseconds(client.random.within(1...400)))
      }
    }
    if isPatient && client.random.chance(0.5) { client.awaitReplies() }
    switch client.random.below(20) {
    case 0: client.reset()
    case 1: client.close()
    case 2 where isPatient:
      // It leaves only when the server does: by the idle timeout, or at the end.
      client.awaitReplies()
      client.wait(.milliseconds(client.random.within(1...3000)))
    default: client.finish()
    }
  }

  /// Sends a message whole, or in two or three pieces with a pause between.
  func send(
    _ message: [UInt8], _ client: inout SimulatedClient,
    _ betweenPieces: (inout SimulatedClient) -> Void = { _ in }
  ) {
    guard message.count > 1, client.random.chance(0.3) else { return client.send(message) }
    let middle = client.random.within(1...message.count - 1)
    client.send(Array(message[..<middle]))
    betweenPieces(&client)
    client.wait(.microseconds(client.random.within(1...5000)))
    client.send(Array(message[middle...]))
  }

  func message(_ random: inout SimulatedRandom) -> [UInt8] {
    switch self {
    case .frames:
      let length = length(&random)
      return Array("^".utf8) + random.bytes(length) + (random.chance(0.9) ? Array("$".utf8) : [])
    case .echo, .relay, .pool, .proxied: return random.bytes(1 + length(&random))
    case .line: return LineModel.line(&random)
    case .probe: return probe(&random)
    case .care: return Care.request(&random)
    case .files: return FileModel.request(&random)
    }
  }

  private func probe(_ random: inout SimulatedRandom) -> [UInt8] {
    let count = length(&random) & 0xFFFF
    let two = [UInt8(count >> 8), UInt8(count & 0xFF)]
    switch random.below(60) {
    case 0...28: return [Probe.echo] + two + random.bytes(count)
    case 29...38:
      let count = random.below(random.chance(0.015) ? 20000 : 100)
      return [Probe.block, UInt8(count >> 8), UInt8(count & 0xFF)]
    case 39...46: return [Probe.timer, UInt8(random.chance(0.3) ? 0 : random.below(100))]
    case 47...58: return [Probe.post]
    default: return [Probe.quit]
    }
  }

  /// Mostly short, now and then more than a buffer holds.
  private func length(_ random: inout SimulatedRandom) -> Int {
    switch random.below(300) {
    case 0: random.within(30_000...150_000)
    case 1...20: random.below(4000)
    default: random.below(40)
    }
  }
}
