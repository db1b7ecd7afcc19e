import Switchboard
import SwitchboardProtocols

/// What each of a group of clients does.
struct VisitPlan: Sendable {
  /// Requests, one after another; each is checked.
  var rounds = 1
  /// Between a reply and the next request.
  var pause = Duration.zero
  /// Stays connected when it is done, and silent.
  var stays = false
  /// Bytes of each request that are answered.
  var payload = 16
  /// Visits that may wait for their greeting at once.
  var crowding = 512
}

/// One client's time.
struct Visit: Sendable {
  var begun: Instant
  /// The server's greeting came.
  var greeted: Instant?
  /// The last reply came.
  var done: Instant?
  var hasFailed = false
}

/// Clients of the frames protocol on one reactor: each is greeted, asks, pauses, asks again.
struct Visitors: ReactorHandler, ~Copyable {
  typealias System = Linux

  struct State: ~Copyable {
    let number: Int
    var isGreeted = false
    var round = 0
    /// Reply bytes still to come.
    var owed = 0
    var sent = Instant(nanoseconds: 0)
    var isOver = false
  }

  let plan: VisitPlan
  private let message: [UInt8]
  private var states = PeerTable<State>()
  private var scratch = [UInt8](repeating: 0, count: 65536)
  var visits: [Visit] = []
  /// Nanoseconds from each request to its last reply byte.
  var latencies: [UInt64] = []
  private(set) var greeted = 0
  private(set) var done = 0
  private(set) var failed = 0

  init(_ plan: VisitPlan) {
    self.plan = plan
    message = [0x5E] + [UInt8](repeating: 0x61, count: plan.payload) + [0x24]
  }

  mutating func began(_ key: Key) {
    states.insert(State(number: visits.count), for: key)
    visits.append(Visit(begun: Linux().now()))
  }

  mutating func failedToBegin() {
    visits.append(Visit(begun: Linux().now(), hasFailed: true))
    failed += 1
  }

  /// Visits that neither have their greeting nor have failed.
  var waiting: Int { visits.count - greeted - failed }

  mutating func peerConnected(_ peer: inout Peer<Linux>) -> Interest { .read }
  mutating func readyToSend(_ peer: inout Peer<Linux>) -> Interest { .read }

  mutating func readyToReceive(_ peer: inout Peer<Linux>) -> Interest {
    do throws(SystemError) {
      var buffer = scratch.mutableSpan
      switch try peer.socket.receive(into: &buffer) {
      case .wouldBlock: return .read
      case .endOfStream: return []
      case .bytes(let count): return received(count, &peer)
      }
    } catch { return [] }
  }

  private mutating func received(_ count: Int, _ peer: inout Peer<Linux>) -> Interest {
    var bytes = scratch[..<count]
    let isGreeted = states.update(peer.key) { $0.isGreeted } ?? true
    if !isGreeted {
      guard bytes.popFirst() == Frames.greeting else { return [] }
      greeted += 1
      let number = states.update(peer.key) { state in
        state.isGreeted = true
        return state.number
      }
      if let number { visits[number].greeted = Linux().now() }
      return ask(&peer)
    }
    guard bytes.allSatisfy({ $0 == 0x62 }) else { return [] }
    let owed = states.update(peer.key) { state in
      state.owed -= count
      return state.owed
    }
    guard let owed, owed >= 0 else { return [] }
    return owed == 0 ? answered(&peer) : .read
  }

  private mutating func answered(_ peer: inout Peer<Linux>) -> Interest {
    let now = Linux().now()
    let found = states.update(peer.key) { state -> (sent: Instant, round: Int) in
      state.round += 1
      return (state.sent, state.round)
    }
    guard let (sent, round) = found else { return [] }
    latencies.append(now.nanoseconds - sent.nanoseconds)
    if plan.pause > .zero, round < plan.rounds {
      peer.wake(after: plan.pause)
      return .read
    }
    return ask(&peer)
  }

  mutating func timeElapsed(_ peer: inout Peer<Linux>) -> Interest { ask(&peer) }

  /// The next request, or the end.
  private mutating func ask(_ peer: inout Peer<Linux>) -> Interest {
    let (message, plan) = (message, plan)
    let now = Linux().now()
    let number = states.update(peer.key) { state -> Int? in
      guard state.round < plan.rounds else {
        state.isOver = true
        return state.number
      }
      (state.owed, state.sent) = (plan.payload, now)
      return nil
    }
    if let number = number ?? nil {
      visits[number].done = now
      done += 1
      return plan.stays ? .read : []
    }
    // A few bytes on a connection with nothing under way: they are taken whole, or it is broken.
    guard case .bytes(message.count)? = try? peer.socket.send(message.span) else { return [] }
    return .read
  }

  mutating func peerClosed(_ peer: inout Peer<Linux>, _ reason: CloseReason) {
    let found = states.update(peer.key) { ($0.number, $0.isOver, $0.isGreeted) }
    states.remove(peer.key)
    guard let (number, isOver, isGreeted) = found, !isOver else { return }
    visits[number].hasFailed = true
    if isGreeted { greeted -= 1 }
    failed += 1
  }
}

/// A group of visitors and the loop they are on, driven by whoever holds it.
final class VisitorGroup {
  private var reactor: Reactor<Epoll, Visitors>
  private let address: SocketAddress

  init(to address: SocketAddress, _ plan: VisitPlan) throws(SystemError) {
    self.address = address
    reactor = try Reactor(poller: Epoll(system: Linux()), handler: Visitors(plan), system: Linux())
  }

  var visits: [Visit] { reactor.handler.visits }
  var greeted: Int { reactor.handler.greeted }
  var done: Int { reactor.handler.done }
  var failed: Int { reactor.handler.failed }
  var latencies: [UInt64] { reactor.handler.latencies }
  func forgetLatencies() { reactor.handler.latencies.removeAll(keepingCapacity: true) }

  /// Begins so many visits and runs until all of them are done or have failed, or time is up.
  ///
  /// - Returns: Whether all are over.
  @discardableResult
  func visit(_ count: Int, within limit: Duration) throws(SystemError) -> Bool {
    let wanted = reactor.handler.visits.count + count
    return try run(upTo: wanted, within: limit) { $0.done + $0.failed >= wanted }
  }

  /// Begins so many visits and runs until all are greeted.
  @discardableResult
  func greet(_ count: Int, within limit: Duration) throws(SystemError) -> Bool {
    let wanted = reactor.handler.visits.count + count
    return try run(upTo: wanted, within: limit) { $0.greeted + $0.failed >= wanted }
  }

  /// Begins so many visits and runs until all are done, or nothing has happened for `patience`.
  func visit(_ count: Int, patience: Duration, within limit: Duration) throws(SystemError) {
    let wanted = reactor.handler.visits.count + count
    var (last, since) = (-1, Linux().now())
    try run(upTo: wanted, within: limit) { visitors in
      let progress = visitors.greeted + visitors.done
      if progress != last { (last, since) = (progress, Linux().now()) }
      return visitors.done + visitors.failed >= wanted
        || Linux().now().since(since) > patience
    }
  }

  @discardableResult
  private func run(
    upTo wanted: Int, within limit: Duration, until isOver: (borrowing Visitors) -> Bool
  ) throws(SystemError) -> Bool {
    let end = Linux().now() + limit
    while !isOver(reactor.handler) || reactor.handler.visits.count < wanted {
      let now = Linux().now()
      if now >= end { return false }
      begin(upTo: wanted)
      let slice = now + .milliseconds(20)
      try reactor.turn(until: slice < end ? slice : end)
    }
    return true
  }

  private func begin(upTo wanted: Int) {
    let crowding = reactor.handler.plan.crowding
    while reactor.handler.visits.count < wanted, reactor.handler.waiting < crowding {
      do throws(SystemError) {
        let key = try reactor.connect(to: address)
        reactor.handler.began(key)
      } catch { reactor.handler.failedToBegin() }
    }
  }
}

extension VisitorGroup {
  /// Runs until all visits that have begun are over.
  ///
  /// - Throws: ``TrialFailure`` when they are not within the limit.
  func finish(within limit: Duration) throws {
    guard try visit(0, within: limit) else {
      throw TrialFailure("\(visits.count - done - failed) clients still wait; run it again")
    }
  }
}
