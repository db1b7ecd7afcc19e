import Switchboard

/// How long an address may take to answer before the next one is tried.
private let patience = Duration.seconds(2)

/// The first address that accepts a connection, or the last one if none does: what is wrong with it
/// is told by whoever connects to it then. One address alone is not tried.
///
/// `localhost` is often both ::1 and 127.0.0.1, and a server may listen on one of them only; another
/// name may have an address that does not answer at all.
public func firstReachable(_ addresses: [SocketAddress]) -> SocketAddress {
  guard let last = addresses.last else { return .loopback(port: 0) }
  return addresses.dropLast().first(where: answers) ?? last
}

private func answers(_ address: SocketAddress) -> Bool {
  let system = Linux()
  do throws(SystemError) {
    let socket = try Socket.connecting(to: address, system: system)
    var poller = try Poll(system: system)
    var events = EventBuffer(capacity: 1)
    let key = Key(index: 0, generation: 1)
    guard (try? poller.set(socket.descriptor, .write, was: nil, key: key)) != nil else {
      return false
    }
    let limit = system.now() + patience
    while events.count == 0, system.now() < limit {
      try poller.wait(until: limit, into: &events)
    }
    return events.count > 0 && socket.takeError() == nil
      && !system.isConnectedToItself(socket.descriptor, to: address)
  } catch { return false }
}
