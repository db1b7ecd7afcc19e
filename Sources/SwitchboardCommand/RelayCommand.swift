import ArgumentParser
import Logging
import Switchboard
import SwitchboardBase

/// `switchboard relay`
struct RelayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "relay",
    abstract: "Pass TCP connections on to servers behind this one.",
    usage: "switchboard relay <listen> <upstream>[,<upstream>...] [<options>]",
    discussion: """
      Each client is connected to one of the upstreams, and whatever either sends is passed on to \
      the other: bytes, ends, resets. An upstream that cannot be connected to is left alone for a \
      while, and the next one is tried. A sender is slowed down to the pace of its receiver.

      A place is host:port, [::1]:port, a port of this machine, unix:PATH, or unix:@NAME for an \
      abstract socket. The first SIGTERM or SIGINT (Ctrl-C) stops accepting and lets clients finish; \
      the second ends the relay at once.

      Examples: two servers by turns; and a port for a socket of this machine:

        switchboard relay :8080 10.0.0.1:80,10.0.0.2:80
        switchboard relay 5432 unix:/run/db.sock --max-connections 100
      """)

  @Argument(help: ArgumentHelp("Where to listen.", valueName: "listen"))
  var listen: String

  @Argument(
    help: ArgumentHelp("Where to connect to, with commas between.", valueName: "upstream"))
  var upstreams: String

  @Option(help: "Whose turn it is. (default: round-robin)")
  var balance: UpstreamChoice?

  @Option(
    help: ArgumentHelp(
      "How long connecting to an upstream may take before the next is tried. (default: 10s)",
      valueName: "time"), transform: Read.timeAboveZero)
  var connectTimeout = Timeout.seconds(10)

  @Option(
    help: ArgumentHelp(
      """
      How long the other side may be silent when one has finished sending. (default: 60s)
      """, valueName: "time"), transform: Read.timeOrNever)
  var halfCloseTimeout = Timeout.seconds(60)

  @Option(
    help: """
      Tell upstreams whose each connection is, by a header of the PROXY protocol; they have to \
      expect one. (default: no header)
      """)
  var sendProxy: ProxyVersion?

  @Option(help: "What the loops wait with. (default: auto)")
  var backend: Backend?

  @Option(
    help: ArgumentHelp("Loops, each in a thread of its own. (default: 1)", valueName: "n"),
    transform: Read.count(1...256))
  var loops = 1

  @Flag(help: "Keep each loop on a processor of its own.")
  var pin = false

  @OptionGroup(title: "Limits") var limits: ServeLimits

  @OptionGroup(title: "Behind a proxy") var proxy: ProxyArguments

  @OptionGroup(title: "TLS with clients") var tls: TLSArguments

  @OptionGroup(title: "TLS with upstreams") var upstreamTLS: ClientTLSArguments

  @OptionGroup(title: "Looking on") var observing: ServeObserving

  @Option(help: "The least important messages to print.")
  var logLevel = LogLevel.info

  func validate() throws {
    _ = try Place.listening(listen)
    _ = try Place.upstreams(upstreams)
    // It would go within the TLS, where nobody looks for it.
    guard sendProxy == nil || !upstreamTLS.isOn else {
      throw ValidationError("'--send-proxy' does not go with '--tls': leave one of them out.")
    }
  }

  func run() throws {
    try reportingFailure(of: "relay") {
      EndSignals.ignoreBrokenPipes()
      try Linux().raiseDescriptorLimit()
      var server = Server(on: try Place.listening(listen).addresses())
      server.options = limits.options
      server.proxyProtocol = try proxy.required()
      server.options.slowCallback = observing.slowCallback?.duration
      server.backend = backend?.name ?? .auto
      server.loops = loops
      server.pinsLoops = pin
      server.drainsOnSignals = true
      try server.speak(tls, logger)
      try relay(server)
    }
  }

  private func relay(_ server: Server) throws {
    let logger = logger
    let targets = try Place.upstreams(upstreams)
    let filter = try upstreamTLS.connector(to: targets[0].name)
    let behind = Upstreams(targets, choice: balance ?? .roundRobin, behind: filter)
    let totals = Lock(RelayTotals())
    let options = relayOptions
    let service = Service(server: server, logger: logger, observing: observing)
    try service.run { [logger] in
      Relay(to: behind, options: options) { report in
        totals.withLock { $0.add(report) }
        logger.info("\(line(about: report, targets))")
      }
    }
    logger.notice("\(totals.withLock { $0 })")
  }

  private var logger: Logger {
    var logger = Logger(label: "switchboard") { _ in LineHandler() }
    logger.logLevel = logLevel.level
    return logger
  }

  private var relayOptions: RelayOptions {
    var options = RelayOptions()
    options.connectTimes.timeout = connectTimeout.duration ?? .seconds(10)
    options.halfCloseTimeout = halfCloseTimeout.duration
    options.sendsHeader = sendProxy?.version
    return options
  }
}

extension ConnectTarget {
  /// What a certificate is expected to be for.
  fileprivate var name: String {
    switch self {
    case .address(let address): address.host
    case .host(let name, _): name
    }
  }
}

/// As it is written on the command line.
extension UpstreamChoice: ExpressibleByArgument {}

/// What became of one client.
private func line(about report: RelayReport, _ targets: [ConnectTarget]) -> String {
  let peer = report.peer.map { "\($0)" } ?? "?"
  guard let upstream = report.upstream else {
    let reason = report.server.reason.map { "\($0)" } ?? "no server was tried"
    return "client \(peer) was not connected: \(reason)"
  }
  let bytes = "\(report.client.received) bytes there, \(report.server.received) back"
  // The side that ended by itself tells why.
  let reason = report.client.reason.map { "\($0)" } ?? "?"
  let other = report.server.reason.map { "\($0)" } ?? "?"
  return "client \(peer) to \(targets[upstream]): \(bytes); client: \(reason), server: \(other)"
}

/// What a relay has done, at its end.
struct RelayTotals: CustomStringConvertible {
  private var clients = 0
  private var refused = 0
  private var failures = 0
  private var there: UInt64 = 0
  private var back: UInt64 = 0

  mutating func add(_ report: RelayReport) {
    clients += 1
    if report.upstream == nil { refused += 1 }
    failures += report.failures
    there &+= report.client.received
    back &+= report.server.received
  }

  var description: String {
    let all = clients == 1 ? "1 client" : "\(clients) clients"
    return "relayed \(all): \(there) bytes there, \(back) back; "
      + "\(refused) not connected, \(failures) failed attempts"
  }
}
