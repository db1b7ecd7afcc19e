import ArgumentParser
import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardLoad

/// The options of `switchboard load` that say what load to make.
struct LoadShape: ParsableArguments {
  @Option(
    name: .customLong("protocol"),
    help: "What to speak. (default: what other options are for, or frames)")
  var speaking: LoadProtocol?

  @Option(
    name: [.long, .customShort("c")],
    help: .of("n", "Connections that make requests. (default: 64)"),
    transform: Read.count(0...10_000_000))
  var connections = 64

  @Option(
    help: .of("n", "Requests in flight on each. (default: 1)"),
    transform: Read.count(1...4096))
  var pipeline = 1

  @Option(
    help: .of("n", "Connections held open that do nothing. (default: 0)"),
    transform: Read.count(0...10_000_000))
  var idle = 0

  @Option(
    help: .of(
      "bytes",
      "Payload bytes of a request: 16, any of 16..4096, or exp:512, exponential around that "
        + "mean; of frames, echo and line. (default: 16)"),
    transform: Read.payload)
  var size: PayloadSize?

  @Option(
    help: .of("rate", "Open loop: requests a second; several are steps, such as 1k,2k,5k."),
    transform: Read.rates)
  var rate: [Double] = []

  @Option(
    help: .of(
      "rate",
      "Open loop: new connections a second, each for --churn requests, or for one."),
    transform: Read.rates)
  var connectionRate: [Double] = []

  @Option(
    help: .of("n", "With --rate: so many requests are due together. (default: 1)"),
    transform: Read.count(1...1_000_000))
  var burst = 1

  @Option(
    help: .of(
      "time",
      "Before the warm-up, let the rate rise from 0, or connections join in one by one."),
    transform: Read.time)
  var ramp: Timeout?

  @Option(
    help: .of("time", "Closed loop: wait between a reply and the next request."),
    transform: Read.time)
  var think: Timeout?

  @Option(
    help: .of("n", "Close a connection after so many requests and make another."),
    transform: Read.count(1...1_000_000_000))
  var churn: Int?

  @Option(
    help: .of("time", "How long to measure. (default: 10s)"),
    transform: Read.timeAboveZero)
  var duration: Timeout?

  @Option(
    help: .of("n", "Stop after so many requests instead."),
    transform: Read.count(1...1_000_000_000_000))
  var requests: Int?

  @Option(
    help: .of(
      "host:port",
      "Measure this server too, by turns with the first, and compare; it may be the same."
    ),
    transform: Read.targets)
  var against: [LoadTarget] = []

  @Option(
    name: .customLong("repeat"),
    help: .of(
      "n",
      "Measure so often, one after the other, to know the noise. (default: 1; with --against "
        + "\(LoadTurns.usual) of each)"),
    transform: Read.count(1...64))
  var repeats: Int?

  @Option(
    help: .of("time", "Load before measuring. (default: 1s; 0s with --requests)"),
    transform: Read.time)
  var warmUp: Timeout?

  @Option(
    help: .of("time", "How long a reply, or a connection, may take. (default: 10s)"),
    transform: Read.timeAboveZero)
  var timeout = Timeout.seconds(10)

  @Option(
    help: .of("n", "Threads, each with its share. (default: 1)"),
    transform: Read.count(1...1024))
  var threads = 1

  @Option(help: "What each thread waits with.")
  var backend = Backend.epoll

  @Option(
    help: .of(
      "n",
      "Processes, each with its share, for more connections than one may hold. (default: 1)"),
    transform: Read.count(1...64))
  var processes = 1

  @Option(
    help: .of(
      "address",
      "Addresses to connect from, with commas between. (default: as the system chooses, and as "
        + "many of 127.0.0.0/8 as it takes)"),
    transform: Read.sources)
  var source: [SocketAddress] = []

  @Option(
    help: """
      Begin each connection with a header of the PROXY protocol, which tells its own two ends; the server \
      has to expect one. (default: none)
      """)
  var proxyProtocol: ProxyVersion?

  @Option(
    help: .of("n", "Makes the payloads. (default: 1)"),
    transform: Read.count(0...Int.max))
  var seed = 1

  /// The generator's own options.
  func options(
    on targets: [SocketAddress], speaking: LoadProtocol, _ exchange: LoadExchange?
  ) throws -> LoadOptions {
    var options = LoadOptions(on: targets)
    (options.speaking, options.exchange) = (speaking, exchange)
    options.connections = connections
    options.pipeline = pipeline
    options.idle = idle
    (options.threads, options.backend) = (threads, backend.name)
    options.size = size ?? options.size
    options.rates = rate + connectionRate.map { $0 * Double(churn ?? 1) }
    options.burst = burst
    options.ramp = ramp?.duration ?? .zero
    options.thinkTime = think?.duration ?? .zero
    options.churn = connectionRate.isEmpty ? churn : churn ?? 1
    (options.sources, options.sendsHeader) = (source, proxyProtocol?.version)
    options.requests = requests
    options.warmUp = warmUp?.duration ?? (requests == nil ? .seconds(1) : .zero)
    options.duration = duration?.duration ?? (requests == nil ? .seconds(10) : .seconds(86400))
    options.timeout = timeout.duration ?? .seconds(10)
    options.seed = UInt64(seed)
    if let mistake = options.mistake { throw LoadError.mistake(mistake) }
    return options
  }

  func validate() throws {
    if !rate.isEmpty, !connectionRate.isEmpty {
      throw ValidationError("'--rate' and '--connection-rate' contradict: leave one out.")
    }
    // What contradicts itself does so for any server, and whatever is asked.
    do {
      let speaking = speaking ?? .frames
      _ = try options(
        on: [.loopback(port: 1)].filter { _ in source.allSatisfy { $0.family == .v4 } }
          + (source.contains { $0.family == .v6 } ? [.loopback(.v6, port: 1)] : []),
        speaking: speaking.wantsExchange ? .echo : speaking, nil)
    } catch {
      throw ValidationError("\(error).")
    }
    if processes > 1, processes > max(connections, idle) {
      throw ValidationError("'--processes \(processes)' are more than there are connections.")
    }
    if burst > 1, rate.isEmpty, connectionRate.isEmpty {
      throw ValidationError("'--burst' needs '--rate'.")
    }
  }

  /// The address of a server or a socket.
  func resolved(_ target: LoadTarget) throws -> SocketAddress {
    switch target.place {
    case .server(let server): try resolved(server)
    case .socket(let address): address
    }
  }

  /// The address of a host and port; of several the first that answers, IPv4 ones before others,
  /// since servers on this machine listen on them, and none that the sources cannot reach.
  private func resolved(_ target: HostPort) throws -> SocketAddress {
    let found = try SocketAddress.resolve(target.name, port: target.port)
    let families = Set(source.map(\.family))
    let fitting = found.filter { families.isEmpty || families.contains($0.family) }
    let candidates = fitting.isEmpty ? found : fitting
    guard !candidates.isEmpty else { throw SocketAddress.unresolved(target.name) }
    return firstReachable(
      candidates.filter { $0.family == .v4 } + candidates.filter { $0.family == .v6 })
  }
}

extension SocketAddress {
  /// No address at all.
  fileprivate static func unresolved(_ host: String) -> LoadError {
    .mistake("'\(host)' has no address: give an IPv4 or IPv6 address")
  }
}
