import Switchboard

/// What the clients of an explained run do. Times are such that a system call is to be seen beside them.
package struct ExplainedScenario: Hashable, Sendable {
  /// Clients that ask.
  package var clients: Int
  /// Connections that stand beside them and say nothing.
  package var idle: Int
  /// Whether what the first client asks for in its second message takes long.
  package var isSlow: Bool
  /// Whether there is one more who asks for much and reads nothing of it.
  package var isDeaf = false

  /// Those that a page has.
  package static let all = [3, 8].flatMap { clients in
    [0, 30].flatMap { idle in
      [(false, false), (true, false), (false, true), (true, true)].map {
        ExplainedScenario(clients: clients, idle: idle, isSlow: $0, isDeaf: $1)
      }
    }
  }

  /// What decides what is left to chance: the year of the article.
  package static let seed: UInt64 = 2017
  /// Messages of each client.
  static let messages = 3
  /// Bytes of an ordinary message, and of the one that takes long.
  static let (size, slowSize) = (16, 24)
  /// How long that takes.
  static let slowTime = Duration.microseconds(400)
  /// What each callback takes, and each system call beside some tenths.
  static let (callbackTime, callTime) = (Duration.microseconds(2), Duration.microseconds(1))
  /// A client's pause between a reply and its next message.
  static let pause = Duration.microseconds(60)

  /// What the one asks for that reads nothing, and how much that is: more than both kernels hold.
  static let (greed, muchOfIt) = (UInt8(ascii: "d"), 3 << 20)
  /// The number of that one; nil where there is none.
  package var deaf: Int? { isDeaf ? clients + idle + 1 : nil }
  /// All that connect.
  var guests: Int { clients + idle + (isDeaf ? 1 : 0) }

  /// When a client connects. Those that say nothing come first.
  func start(of client: Int) -> Duration {
    if client > clients { return .microseconds(20 + 4 * (client - clients)) }
    return .microseconds((idle > 0 ? 400 : 20) + 6 * client)
  }

  /// When those that say nothing leave: when everybody else has gone, on any loop.
  var idleUntil: Duration { .milliseconds(4) }

  /// The bytes of a client's message.
  func size(of message: Int, from client: Int) -> Int {
    isSlow && client == 1 && message == 1
      ? ExplainedScenario.slowSize : ExplainedScenario.size
  }

  /// How long a session takes for so many bytes of a client, beside what each callback takes.
  func time(for bytes: Int, of client: Int) -> Duration {
    isSlow && client == 1 && bytes == ExplainedScenario.slowSize
      ? ExplainedScenario.slowTime : .zero
  }

  /// Describes the world in which the library's own loop serves them.
  func describe(_ world: SimulatedWorld, waitingWith backend: SimulatedWorld.Backend) {
    world.backend = backend
    world.costs.call = ExplainedScenario.callTime
    world.costs.callback = ExplainedScenario.callbackTime
    world.serve { EchoOfTheArticle() }
    world.replies { $0.first == ExplainedScenario.greed ? EchoOfTheArticle.much : $0 }
    world.callbackTime = { client, bytes in time(for: bytes, of: client) }
    world.clients(guests) { client in
      client.comeNear()
      client.connect(after: start(of: client.number))
      if client.number == deaf { return ignore(&client) }
      client.number > clients ? client.wait(idleUntil) : talk(&client)
      client.finish()
    }
  }

  private func ignore(_ client: inout SimulatedClient) {
    client.stopReading()
    client.send([ExplainedScenario.greed])
    client.wait(idleUntil)
    client.reset()
  }

  private func talk(_ client: inout SimulatedClient) {
    for message in 0..<ExplainedScenario.messages {
      if message > 0 { client.wait(ExplainedScenario.pause) }
      client.send([UInt8](repeating: 0x61, count: size(of: message, from: client.number)))
      client.awaitReplies()
    }
  }
}

/// Every byte comes back, and for one a great many.
private struct EchoOfTheArticle: Session {
  static let much = [UInt8](repeating: 0x2E, count: ExplainedScenario.muchOfIt)

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    if bytes.count > 0, bytes[0] == ExplainedScenario.greed {
      connection.write(Self.much.span)
    } else {
      connection.write(bytes)
    }
  }
}
