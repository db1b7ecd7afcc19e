#if TestBench

/// The world outside a simulated process: whom it may connect to, and how its attempts go.
///
/// Those outside have no descriptors. Their ends of connections are sockets of the network whose `client` is
/// negative, and what happens to these is told here.
final class SimulatedOutside {
  /// Somebody outside, and how the process stands with him.
  struct Remote {
    let plan: SimulatedRemote
    /// How often he was called.
    var attempts = 0
    /// Ports of the process's own that are used towards him, and until when others rest (TIME_WAIT).
    var ports = 0
    var resting: [UInt64] = []
  }

  /// An attempt to connect.
  struct Attempt {
    let socket: SimulatedSocket
    let remote: Int
    let answer: SimulatedRemote.Answer
  }

  unowned let network: SimulatedNetwork
  private let seed: UInt64
  let remotes = StableTable<Remote>()
  private let attempts = StableTable<Attempt>()
  let peers = StableTable<SimulatedPeer>()
  var isAdvancing = false
  /// The number of the first connection that is begun here: those of clients are below.
  let firstNumber: Int
  /// Ports that the process may use towards one address: Linux's 32,768 to 60,999.
  var ports = 28_232

  /// Tells what is wrong; whose connection may end early, and whether one may; and what somebody does.
  var fail: (Violation) -> Void = { _ in }
  var excuse: (Int) -> Void = { _ in }
  var isExcused: (Int) -> Bool = { _ in false }
  var say: (() -> String) -> Void = { _ in }
  /// Makes the filter of the other end of a connection, by its number; nil where they have none.
  var makeWire: ((Int) -> WireEnd)?

  /// How long the process's kernel tries: it sends the first segment again after 1, 2, 4, ... and 32 seconds, and
  /// waits for 64 more (`net.ipv4.tcp_syn_retries`).
  static let patience: UInt64 = 127_000_000_000
  /// How long a port rests that was closed first on this side.
  static let rest: UInt64 = 60_000_000_000

  init(_ network: SimulatedNetwork, seed: UInt64, firstNumber: Int = 1) {
    self.network = network
    self.seed = seed
    self.firstNumber = max(1, firstNumber)
  }

  func add(_ plan: SimulatedRemote) { unsafe remotes.append(Remote(plan: plan)) }

  /// `connect(2)` to somebody outside; nil where there is nobody of that address.
  func connect(_ socket: SimulatedSocket, to address: SocketAddress) -> Outcome? {
    guard let place = remotes.indices.first(where: { remotes[$0].plan.address == address }) else {
      return nil
    }
    remotes[place].resting.removeAll { $0 <= network.now }
    guard remotes[place].ports + remotes[place].resting.count < ports else {
      return .failure(.addressNotAvailable)
    }
    let answer = remotes[place].plan.answer(to: remotes[place].attempts)
    remotes[place].attempts += 1
    if answer.isAtOnce, let errno = answer.failure { return .failure(errno) }
    remotes[place].ports += 1
    let number = firstNumber + attempts.count
    let random = SimulatedRandom(seed: seed, stream: 8, part: UInt64(number))
    let link = network.makeLink(number: number, random: random)
    network.prepare(socket, for: address, over: link)
    socket.remote = place + 1
    say { "connection \(number) is begun, to \(address)" }
    unsafe attempts.append(Attempt(socket: socket, remote: place, answer: answer))
    return begin(attempts.count - 1, over: link)
  }

  private func begin(_ place: Int, over link: SimulatedLink) -> Outcome {
    let (socket, answer) = (attempts[place].socket, attempts[place].answer)
    if answer.isAtOnce {
      stand(attempts[place], at: network.now, over: link)
      network.connectionStands(socket)
      return .value(0)
    }
    if answer == .isSilent {
      let errno = UInt64(Errno.timedOut.rawValue)
      network.heap.push(.refused, socket.id, at: network.now + Self.patience, detail: errno)
    } else {
      let time = network.now + network.delay(over: link) + answer.delay
      network.heap.push(.attempt, place, at: time)
    }
    return .failure(.inProgress)
  }

  /// The first segment of an attempt is there.
  func arrives(_ place: Int) {
    let attempt = attempts[place]
    let (socket, now) = (attempt.socket, network.now)
    guard socket.state == .connecting, let link = socket.link, !link.isGone else { return }
    if now < link.cutUntil {
      return network.heap.push(.attempt, place, at: link.cutUntil + link.latency)
    }
    let time = now + network.delay(over: link)
    if let errno = attempt.answer.failure {
      let detail = UInt64(errno.rawValue)
      return network.heap.push(.refused, socket.id, at: time, detail: detail)
    }
    network.heap.push(.connected, socket.id, at: time)
    stand(attempt, at: time, over: link)
  }

  /// His end of the connection: he begins when the other one knows that it stands.
  private func stand(_ attempt: Attempt, at time: UInt64, over link: SimulatedLink) {
    let plan = remotes[attempt.remote].plan
    let end = network.makeSocket(attempt.socket.address.family)
    end.state = .connected
    end.address = plan.address
    end.peer = attempt.socket.address
    end.link = link
    end.other = attempt.socket.id
    end.incoming = network.makeStream(over: link)
    end.outgoing = network.makeStream(over: link)
    end.lastActive = network.now
    end.client = -1 - peers.count
    attempt.socket.other = end.id
    network.heap.push(.remote, peers.count, at: time)
    let steps = plan.steps(behind: attempt.answer)
    unsafe peers.append(SimulatedPeer(end, link.number, steps, wire: makeWire?(link.number)))
  }

  /// The process lets go of a connection that it has begun, or was to have. Its port is free, unless this side was
  /// the first to close.
  func closes(_ socket: SimulatedSocket) {
    let place = socket.remote - 1
    guard remotes.indices.contains(place) else { return }
    socket.remote = 0
    remotes[place].ports -= 1
    let isFirst = socket.state == .connected && !socket.wasReset && !socket.resetsOnClose
    if isFirst, let incoming = socket.incoming, !incoming.hasEnded, incoming.unread == 0 {
      remotes[place].resting.append(network.now + Self.rest)
    }
  }
}

#endif
