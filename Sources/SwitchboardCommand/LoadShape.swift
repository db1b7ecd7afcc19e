import ArgumentParser
import Switchboard
import SwitchboardLab

/// The options of `switchboard load` that say what load to make.
struct LoadShape: ParsableArguments {
  @Option(name: .customLong("protocol"), help: "What to speak.")
  var speaking = LoadProtocol.frames

  @Option(
    help: ArgumentHelp("Connections that make requests. (default: 64)", valueName: "n"),
    transform: Read.count(0...10_000_000))
  var connections = 64

  @Option(
    help: ArgumentHelp("Requests in flight on each. (default: 1)", valueName: "n"),
    transform: Read.count(1...4096))
  var pipeline = 1

  @Option(
    help: ArgumentHelp("Connections held open that do nothing. (default: 0)", valueName: "n"),
    transform: Read.count(0...10_000_000))
  var idle = 0

  @Option(
    help: ArgumentHelp(
      "Payload bytes of a request: 16, any of 16..4096, or exp:512, exponential around that mean. "
        + "(default: 16)", valueName: "bytes"),
    transform: Read.payload)
  var size = PayloadSize.fixed(16)

  @Option(
    help: ArgumentHelp(
      "Open loop: requests a second; several are steps, such as 1k,2k,5k.", valueName: "rate"),
    transform: Read.rates)
  var rate: [Double] = []

  @Option(
    help: ArgumentHelp(
      "With --rate: so many requests are due together. (default: 1)", valueName: "n"),
    transform: Read.count(1...1_000_000))
  var burst = 1

  @Option(
    help: ArgumentHelp(
      "Before the warm-up, let the rate rise from 0, or connections join in one by one.",
      valueName: "time"),
    transform: Read.timeout)
  var ramp: Timeout?

  @Option(
    help: ArgumentHelp(
      "Closed loop: wait between a reply and the next request.", valueName: "time"),
    transform: Read.timeout)
  var think: Timeout?

  @Option(
    help: ArgumentHelp(
      "Close a connection after so many requests and make another.", valueName: "n"),
    transform: Read.count(1...1_000_000_000))
  var churn: Int?

  @Option(
    help: ArgumentHelp("How long to measure. (default: 10s)", valueName: "time"),
    transform: Read.duration)
  var duration: Timeout?

  @Option(
    help: ArgumentHelp("Stop after so many requests instead.", valueName: "n"),
    transform: Read.count(1...1_000_000_000_000))
  var requests: Int?

  @Option(
    help: ArgumentHelp(
      "Load before measuring. (default: 1s; 0s with --requests)", valueName: "time"),
    transform: Read.timeout)
  var warmUp: Timeout?

  @Option(
    help: ArgumentHelp(
      "How long a reply, or a connection, may take. (default: 10s)", valueName: "time"),
    transform: Read.duration)
  var timeout = Timeout.seconds(10)

  @Option(
    help: ArgumentHelp("Threads, each with its share. (default: 1)", valueName: "n"),
    transform: Read.count(1...1024))
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "Processes, each with its share, for more connections than one may hold. (default: 1)",
      valueName: "n"),
    transform: Read.count(1...64))
  var processes = 1

  @Option(
    help: ArgumentHelp(
      "Addresses to connect from, with commas between. (default: as the system chooses, and as many "
        + "of 127.0.0.0/8 as it takes)", valueName: "address"),
    transform: Read.sources)
  var source: [SocketAddress] = []

  @Option(
    help: ArgumentHelp("Makes the payloads. (default: 1)", valueName: "n"),
    transform: Read.count(0...Int.max))
  var seed = 1

  /// The generator's own options.
  func options(on targets: [SocketAddress]) throws -> LoadOptions {
    var options = LoadOptions(on: targets)
    options.speaking = speaking
    options.connections = connections
    options.pipeline = pipeline
    options.idle = idle
    options.threads = threads
    options.size = size
    options.rates = rate
    options.burst = burst
    options.ramp = ramp?.duration ?? .zero
    options.thinkTime = think?.duration ?? .zero
    options.churn = churn
    options.sources = source
    options.requests = requests
    options.warmUp = warmUp?.duration ?? (requests == nil ? .seconds(1) : .zero)
    options.duration = duration?.duration ?? (requests == nil ? .seconds(10) : .seconds(86400))
    options.timeout = timeout.duration ?? .seconds(10)
    options.seed = UInt64(seed)
    if let mistake = options.mistake { throw LoadError.mistake(mistake) }
    return options
  }

  func validate() throws {
    // What contradicts itself does so for any server.
    do {
      _ = try options(
        on: [.loopback(port: 1)].filter { _ in source.allSatisfy { $0.family == .v4 } }
          + (source.contains { $0.family == .v6 } ? [.loopback(.v6, port: 1)] : []))
    } catch {
      throw ValidationError("\(error).")
    }
    if processes > 1, processes > max(connections, idle) {
      throw ValidationError("'--processes \(processes)' are more than there are connections.")
    }
    if burst > 1, rate.isEmpty { throw ValidationError("'--burst' needs '--rate'.") }
  }

  /// The address of a host and port; of several IPv4, which servers on this machine listen on.
  static func resolved(_ target: Read.Target) throws -> SocketAddress {
    let found = try SocketAddress.resolve(target.host, port: target.port)
    guard let address = found.first(where: { $0.family == .v4 }) ?? found.first else {
      throw SocketAddress.unresolved(target.host)
    }
    return address
  }
}

extension SocketAddress {
  /// No address at all.
  fileprivate static func unresolved(_ host: String) -> LoadError {
    .mistake("'\(host)' has no address: give an IPv4 or IPv6 address")
  }
}

extension Read {
  /// A host and a port as they were written.
  struct Target: Hashable {
    let host: String
    let port: UInt16
  }

  /// Which of the processes of a load this one is.
  struct Worker: Hashable {
    let number: Int
    let count: Int
  }

  static func worker(_ text: String) throws -> Worker {
    let parts = text.split(separator: "/").compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 0, parts[0] < parts[1] else {
      throw ValidationError("give a number and how many there are, such as 0/2")
    }
    return Worker(number: parts[0], count: parts[1])
  }

  /// `host:port`, `[::1]:port`; several with commas between.
  static func targets(_ text: String) throws -> [Target] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let colon = part.lastIndex(of: ":"), colon > part.startIndex,
        let port = UInt16(part[part.index(after: colon)...]), port > 0
      else {
        throw ValidationError("'\(part)' is no server: give host:port, such as localhost:9090.")
      }
      return Target(host: String(part[..<colon]), port: port)
    }
  }

  /// Addresses, with commas between.
  static func sources(_ text: String) throws -> [SocketAddress] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let address = try? SocketAddress.resolve(String(part), port: 0).first else {
        throw ValidationError("give addresses of this machine, such as 127.0.0.2,127.0.0.3")
      }
      return address
    }
  }

  /// A payload's size.
  static func payload(_ text: String) throws -> PayloadSize {
    guard let size = PayloadSize(text) else {
      throw ValidationError("give bytes up to 1m, such as 16, 16..4k or exp:512")
    }
    return size
  }

  /// Rates, with commas between.
  static func rates(_ text: String) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      let unit = ["k": 1e3, "m": 1e6][part.last ?? " "]
      guard let number = Double(unit == nil ? part : part.dropLast()),
        case let rate = number * (unit ?? 1), rate > 0, rate <= 1e9
      else { throw ValidationError("give requests a second, such as 500, 10k or 1k,2k,5k") }
      return rate
    }
  }

  /// A time that is not zero.
  static func duration(_ text: String) throws -> Timeout {
    guard text != "never" else {
      throw ValidationError("give a time with its unit (ms, s, m or h) up to 24h, such as 10s")
    }
    return try timeoutOrNever(text)
  }

  /// A condition on the result.
  static func assertion(_ text: String) throws -> LoadAssertion {
    guard let assertion = LoadAssertion(text) else {
      throw ValidationError("give \(LoadAssertion.grammar)")
    }
    return assertion
  }
}
