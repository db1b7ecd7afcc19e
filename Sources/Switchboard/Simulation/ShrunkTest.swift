#if TestBench

// A scenario as Swift.
extension SimulatedWorld {
  /// What differs from the defaults, as Swift.
  var settings: [String] {
    let plain = ServerOptions()
    var lines = ["world.backend = .\(backend)"]
    if options.acceptBudget != plain.acceptBudget {
      lines.append("world.options.acceptBudget = \(options.acceptBudget)")
    }
    if let limit = options.maxConnections {
      lines.append("world.options.maxConnections = \(limit)")
    }
    if let idle = options.idleTimeout {
      lines.append("world.options.idleTimeout = .nanoseconds(\(idle.clampedNanoseconds))")
    }
    if options.highWatermark != plain.highWatermark {
      lines.append("world.options.highWatermark = \(options.highWatermark)")
      lines.append("world.options.lowWatermark = \(options.lowWatermark)")
    }
    if addresses != [.loopback(port: 9090)] {
      let all = addresses.map { ".loopback(.\($0.family), port: \($0.port))" }
      lines.append("world.addresses = [\(all.joined(separator: ", "))]")
    }
    if let proxyProtocol {
      let trusted = proxyProtocol.trusted.map { "AddressPrefix(\"\($0)\")!" }
      let from = "from: [\(trusted.joined(separator: ", "))]"
      lines.append("world.proxyProtocol = ProxyProtocol(.\(proxyProtocol.versions), \(from))")
      let timeout = proxyProtocol.timeout.clampedNanoseconds
      lines.append("world.proxyProtocol?.timeout = .nanoseconds(\(timeout))")
    }
    if let limit = options.maxConnectionsPerAddress {
      lines.append("world.options.maxConnectionsPerAddress = \(limit)")
    }
    for (name, cost) in [
      ("call", costs.call), ("callback", costs.callback), ("kibibyte", costs.kibibyte),
    ] where cost != .zero {
      lines.append("world.costs.\(name) = .nanoseconds(\(cost.clampedNanoseconds))")
    }
    let machine = self.machine
    for (name, value) in [
      ("handshakes", machine.handshakes), ("hasOtherThreads", machine.hasOtherThreads),
    ] where value { lines.append("world.machine.\(name) = true") }
    if backlog != 128 { lines.append("world.backlog = \(backlog)") }
    if descriptorLimit != 1024 { lines.append("world.descriptorLimit = \(descriptorLimit)") }
    if let age { lines.append("world.age = .nanoseconds(\(age.clampedNanoseconds))") }
    if let stop { lines.append("world.stop = .nanoseconds(\(stop.clampedNanoseconds))") }
    if let drain { lines.append("world.drain = .nanoseconds(\(drain.clampedNanoseconds))") }
    return lines
  }
}

extension ShrunkScenario {
  /// The scenario as a test, ready to be put into a file.
  ///
  /// - Parameter serving: The lines that say what is served and what it replies.
  public func test(serving: [String]) -> String {
    var lines = ["@Test func seed\(failure.seed)() throws {"]
    if faults.isEmpty {
      lines.append("  try simulate(seed: \(failure.seed)) { world in")
    } else {
      lines.append("  let faults: [Fault] = [")
      for fault in faults {
        lines.append(
          "    Fault(.\(fault.kind), on: \(fault.connection), occasion: \(fault.occasion)),")
      }
      lines.append("  ]")
      lines.append("  try simulate(seed: \(failure.seed), faults: .schedule(faults)) { world in")
    }
    lines += settings.map { "    " + $0 }
    lines += serving.map { "    " + $0 }
    for client in clients { lines += client.statements.map { "    " + $0 } }
    lines += ["  }", "}"]
    return lines.map { $0 + "\n" }.joined()
  }
}

extension SimulatedClient {
  /// The script as Swift.
  var statements: [String] {
    var lines = ["world.client(\(number)) { client in"]
    lines.append("  client.connect(after: .nanoseconds(\(start)))")
    if destination != 0 { lines.append("  client.connect(to: \(destination))") }
    if host != 0 { lines.append("  client.connect(from: \(host))") }
    if isNear { lines.append("  client.comeNear()") }
    if goesOn { lines.append("  client.goOnBehindEnd()") }
    for step in steps {
      switch step {
      case .send(let bytes): lines.append("  client.send(\(SimulatedClient.literal(bytes)))")
      case .expect(let bytes): lines.append("  client.expect(\(SimulatedClient.literal(bytes)))")
      case .awaitReplies: lines.append("  client.awaitReplies()")
      // Said by `SwitchboardTesting` alone, which shrinks and prints what its clients do itself.
      case .awaitOthers: break
      case .wait(let time): lines.append("  client.wait(.nanoseconds(\(time)))")
      case .pauseReading(let time):
        lines.append("  client.pauseReading(.nanoseconds(\(time)))")
      case .sendUrgent(let byte): lines.append("  client.sendUrgent(\(byte))")
      case .readSlowly(let count, let pause):
        lines.append("  client.readSlowly(\(count), every: .nanoseconds(\(pause)))")
      case .stopReading: lines.append("  client.stopReading()")
      case .vanish: lines.append("  client.vanish()")
      case .finish: lines.append("  client.finish()")
      case .reset: lines.append("  client.reset()")
      case .close: lines.append("  client.close()")
      }
    }
    return lines + ["}"]
  }

  private static func literal(_ bytes: [UInt8]) -> String {
    let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    if isPlain { return "\"\(String(decoding: bytes, as: UTF8.self))\"" }
    if let first = bytes.first, bytes.count > 16, bytes.allSatisfy({ $0 == first }) {
      return "Array(repeating: \(first), count: \(bytes.count))"
    }
    return "\(bytes)"
  }
}

#endif
