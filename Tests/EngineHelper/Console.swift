import Foundation
import Switchboard
import Synchronization

/// A line on standard output, at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// For people: since a moment, in milliseconds.
func milliseconds(since begin: Instant) -> String {
  let (seconds, attoseconds) = Linux().now().since(begin).components
  return String(format: "%.1f ms", Double(seconds) * 1e3 + Double(attoseconds) / 1e15)
}

extension CloseReason {
  /// Why there is no connection, as a program sees it: the last error that an attempt came to, by its symbol,
  /// or what ended all of it.
  var symbol: String {
    switch self {
    case .notConnected(let failure):
      failure.attempts.compactMap(\.error).last?.errno.symbol ?? "\(failure.reason)"
    case .connectFailed(let error): error.errno.symbol
    default: "\(self)"
    }
  }
}

/// How often things have happened, and whoever waits for that.
final class Tally<Count: Hashable & Sendable>: Sendable {
  private struct State {
    var counts: [Count: Int] = [:]
    var waits: [(holds: @Sendable ([Count: Int]) -> Bool, met: @Sendable () -> Void)] = []
  }
  private let state = Mutex(State())

  subscript(count: Count) -> Int { state.withLock { $0.counts[count] ?? 0 } }

  func add(_ count: Count, _ number: Int = 1) {
    let met = state.withLock { state in
      state.counts[count, default: 0] += number
      let counts = state.counts
      let met = state.waits.filter { $0.holds(counts) }.map(\.met)
      state.waits.removeAll { $0.holds(counts) }
      return met
    }
    for each in met { each() }
  }

  /// Calls back once, when a condition comes to hold.
  func when(
    _ holds: @escaping @Sendable ([Count: Int]) -> Bool, then met: @escaping @Sendable () -> Void
  ) {
    let isMet = state.withLock { state in
      let isMet = holds(state.counts)
      if !isMet { state.waits.append((holds, met)) }
      return isMet
    }
    if isMet { met() }
  }
}

/// What drills drive, by its arguments.
func drill(_ arguments: [String], _ backend: Server.BackendName) throws {
  _ = try Linux().raiseDescriptorLimit()
  func number(_ place: Int) -> Int { place < arguments.count ? Int(arguments[place]) ?? 0 : 0 }
  func here(_ place: Int) -> SocketAddress {
    .loopback(port: UInt16(truncatingIfNeeded: number(place)))
  }
  switch arguments[1] {
  case "names":
    let port = UInt16(truncatingIfNeeded: number(2))
    try connectToNames(port, within: number(3), backend)
  case "dead": try askDeadServer(number(2), within: number(3), backend)
  case "often":
    let local = arguments[4] == "-" ? nil : try SocketAddress.resolve(arguments[4], port: 0).first
    try connectOften(number(2), to: here(3), from: local, backend)
  case "broadcast": try broadcast(number(2), backend)
  default: try readBroadcasts(number(2), number(3), from: here(4), backend)
  }
}
