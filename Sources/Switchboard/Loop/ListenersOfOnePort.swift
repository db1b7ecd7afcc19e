extension Listener {
  /// How often a port is looked for that is free on all addresses.
  private static var mostTries: Int { 16 }

  /// Listens on several addresses. Those without a port get one port for all, as a client expects
  /// that knows a name and a port; if none can be found that is free on all of them, or if one
  /// address is given twice, ports of their own.
  ///
  /// - Parameters:
  ///   - addresses: Where, in any number.
  ///   - options: How, the same for all.
  ///   - system: The kernel.
  ///   - take: Gets the listeners in the order of the addresses, when all of them listen.
  /// - Throws: as ``init(on:options:system:)``; then none is left open.
  public static func onAll(
    _ addresses: [SocketAddress], options: Options = Options(), system: System,
    _ take: (consuming Listener) throws(SystemError) -> Void
  ) throws(SystemError) {
    for attempt in 1...mostTries {
      var opened = Slab<Listener>(capacity: 2)
      var (port, hosts) = (UInt16(0), Set<SocketAddress>())
      do throws(SystemError) {
        for var address in addresses {
          let isFree =
            address.port == 0 && address.family != .unix && hosts.insert(address).inserted
          if isFree, attempt < mostTries { address.port = port }
          let listener = try Listener(on: address, options: options, system: system)
          if isFree, port == 0 { port = listener.address.port }
          _ = opened.insert(listener)
        }
      } catch {
        // What the system found free on one address may be taken on another.
        let isOurs = port != 0 && error.errno == .addressInUse && error.operand.port == port
        guard isOurs, attempt < mostTries else { throw error }
        continue
      }
      for place in 0..<opened.end {
        if let key = opened.key(at: place) { try take(opened.remove(key)) }
      }
      return
    }
  }
}

extension SystemError.Operand {
  /// The port of an address.
  fileprivate var port: UInt16? {
    guard case .address(let address) = self else { return nil }
    return address.port
  }
}
