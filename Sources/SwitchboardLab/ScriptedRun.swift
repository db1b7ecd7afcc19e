import Switchboard

/// What a run of the scripted client came to.
public struct ScriptedRun: Hashable, Sendable {
  /// Connections that followed the script to its end with every byte right.
  public var succeeded: Int
  /// Connections that did not.
  public var failed: Int
  /// From the first connection attempt to the last close.
  public var elapsed: Duration
}

/// Runs the article's client against a server, to its end.
///
/// - Parameters:
///   - connections: How many at once, at least one.
///   - addresses: Where the server may be; the first that answers is used for all.
///   - log: Gets every line.
/// - Throws: when no poller or descriptor can be had, or no connection can be made at all.
public func runScriptedClient(
  connections: Int, to addresses: [SocketAddress], log: @escaping (String) -> Void
) throws(SystemError) -> ScriptedRun {
  let system = Linux()
  let address = try firstReachable(addresses)
  var reactor = try Reactor(
    poller: Epoll(system: system), handler: ScriptedClient(log: log), system: system)
  let start = system.now()
  var begun = 0
  while begun < connections || !reactor.isFinished {
    while begun < connections, reactor.handler.greetingsAwaited < 512 {
      begun += 1
      do throws(SystemError) {
        let key = try reactor.connect(to: address)
        reactor.handler.began(key)
      } catch { reactor.handler.failedToBegin(error) }
    }
    if reactor.isFinished { continue }
    try reactor.turn()
  }
  return ScriptedRun(
    succeeded: connections - reactor.handler.failures, failed: reactor.handler.failures,
    elapsed: system.now().since(start))
}

/// The first address that accepts a connection. `localhost` is often both ::1 and 127.0.0.1, and a
/// server may listen on one of them only.
private func firstReachable(_ addresses: [SocketAddress]) throws(SystemError) -> SocketAddress {
  guard let last = addresses.last, addresses.count > 1 else {
    return addresses.first ?? .loopback(port: 0)
  }
  for address in addresses.dropLast() where try answers(address) { return address }
  return last
}

private func answers(_ address: SocketAddress) throws(SystemError) -> Bool {
  let system = Linux()
  guard let socket = try? Socket.connecting(to: address, system: system) else { return false }
  var poller = try Poll(system: system)
  var events = EventBuffer(capacity: 1)
  let key = Key(index: 0, generation: 1)
  guard (try? poller.set(socket.descriptor, .write, was: nil, key: key)) != nil else {
    return false
  }
  try poller.wait(until: system.now() + .seconds(2), into: &events)
  return events.count > 0 && socket.takeError() == nil
}
