import ArgumentParser
import ChatRoom
import Logging
import Switchboard
import SwitchboardArticle
import SwitchboardBase

/// `switchboard serve`
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a protocol over TCP, all connections in one thread, or in a few.",
    usage: "switchboard serve [<host:port>] [<options>]",
    discussion: """
      Prints the address it listens on, and a line for each peer that connects and closes. The \
      first SIGTERM or SIGINT (Ctrl-C) stops accepting and lets what is under way finish; the \
      second ends the server at once.

      Examples: for IPv4 and IPv6 peers alike, on a free port; and a chat on two processors, to \
      join with 'nc localhost 9090':

        switchboard serve [::]:0 --dual-stack --idle-timeout 30s
        switchboard serve --protocol chat --loops 2 --pin
      """)

  @Option(name: .customLong("protocol"), help: "What to speak.")
  var servedProtocol = ServedProtocol.frames

  @Option(
    help: """
      How to serve: a loop that waits for all connections (auto, io_uring, epoll, poll, select), \
      one connection after the other (sequential), a thread for each (threads), or a fixed number \
      of threads (pool). (default: auto)
      """)
  var model: Model?

  @Option(
    help: ArgumentHelp("Threads of '--model pool'. (default: 8)", valueName: "n"),
    transform: Read.count(1...4096))
  var threads: Int?

  @Option(
    help: """
      What the loop waits with; auto takes io_uring where it can be had, and epoll elsewhere. \
      (default: auto)
      """)
  var backend: Backend?

  @Option(
    help: ArgumentHelp(
      "Loops, each in a thread of its own. (default: 1)", valueName: "n"),
    transform: Read.count(1...256))
  var loops = 1

  @Flag(help: "Keep each loop on a processor of its own.")
  var pin = false

  @Argument(
    help: ArgumentHelp(
      """
      Where to listen, in place of '--host' and '--port': 127.0.0.1:9090, [::1]:9090, or a port.
      """, valueName: "host:port"))
  var address: String?

  @Option(
    help: """
      Where to listen: a name or an address. Other machines reach the server only if this is an \
      address that they can reach. (default: 127.0.0.1)
      """)
  var host: String?

  @Option(help: "The port, 0 for a free one. (default: 9090)", transform: Read.listeningPort)
  var port: UInt16?

  /// Where to listen, whichever way it was said.
  private var place: (host: String, port: UInt16) {
    let said = address.flatMap { HostPort($0) }
    return (said?.host ?? host ?? "127.0.0.1", said?.port ?? port ?? 9090)
  }

  @Flag(help: "Take IPv4 peers too, with '--host ::'.")
  var dualStack = false

  @Flag(
    help: """
      Share the port with other servers of this user that are started with this flag: the system \
      spreads connections over them. Otherwise a port in use is in use.
      """)
  var sharePort = false

  @Option(
    help: ArgumentHelp(
      """
      Line protocol: close a peer whose line is not complete so long after its first byte. \
      (default: never)
      """, valueName: "time"),
    transform: Read.timeOrNever)
  var lineTimeout = Timeout.never

  @OptionGroup(title: "Limits") var limits: ServeLimits

  @OptionGroup(title: "Behind a proxy") var proxy: ProxyArguments

  @OptionGroup(title: "TLS") var tls: TLSArguments

  @OptionGroup(title: "Looking on") var observing: ServeObserving

  @Option(help: "The least important messages to print.")
  var logLevel = LogLevel.info

  /// The library's name for what was asked for.
  private var chosen: Server.BackendName { model?.name ?? backend?.name ?? .auto }

  private func validateModel() throws {
    if let model, let backend, model.name != backend.name {
      throw ValidationError(
        "'--model \(model.rawValue)' and '--backend \(backend.rawValue)' contradict each other: "
          + "leave '--backend' out.")
    }
    if threads != nil, model != .pool {
      throw ValidationError("'--threads' is for '--model pool'; loops are counted by '--loops'.")
    }
    guard chosen.isBlocking else { return }
    if loops > 1 || pin {
      throw ValidationError("'--loops' and '--pin' do not go with '--model \(chosen.rawValue)'.")
    }
    if observing.record != nil || observing.slowCallback != nil {
      throw ValidationError(
        "'--record' and '--slow-callback' show what a loop does, and '--model \(chosen.rawValue)' "
          + "has none: choose a loop, such as '--model epoll'.")
    }
    if chosen == .threads, let most = limits.maxConnections, most > Server.mostThreads {
      throw ValidationError(
        "'--max-connections \(most)' would be as many threads, and at most "
          + "\(Server.mostThreads) are started: lower it, or choose a loop.")
    }
  }

  private func validatePlace() throws {
    guard let address, let said = HostPort(address) else { return }
    if port != nil || host != nil && said.host != nil {
      throw ValidationError(
        "'\(address)' says where to listen, and '\(port != nil ? "--port" : "--host")' says so too: "
          + "leave one of them out.")
    }
  }

  func validate() throws {
    try validatePlace()
    if lineTimeout.duration != nil, servedProtocol != .line {
      throw ValidationError(
        "The option '--line-timeout' does not go with '--protocol \(servedProtocol.rawValue)': it "
          + "takes '--protocol line'.")
    }
    try validateModel()
    guard dualStack else { return }
    let addresses = try? SocketAddress.resolve(place.host, port: 0)
    guard addresses == [.any(.v6, port: 0)] else {
      throw ValidationError(
        "The flag '--dual-stack' does not go with '--host \(place.host)': it takes '--host ::', "
          + "all addresses of this machine.")
    }
  }

  func run() throws {
    // Not before: the word may be the value of an option that there is not, which is then what is wrong.
    if let address { _ = try Read.listeningAddress(address) }
    try reportingFailure(of: "serve") {
      // A log whose reader has gone is no reason to end.
      EndSignals.ignoreBrokenPipes()
      try Linux().raiseDescriptorLimit()
      do {
        var server = try server()
        let logger = logger
        try server.speak(tls) { logger.warning("\($0)") }
        try serve(server)
      } catch let error as SystemError where error.tellsThatIPv6IsMissing {
        throw NoIPv6(host: place.host, cause: error)
      }
    }
  }

  private func server() throws -> Server {
    var server = Server(on: try SocketAddress.toListenOn(place.host, port: place.port))
    server.options = limits.options
    server.proxyProtocol = try proxy.required()
    server.options.slowCallback = observing.slowCallback?.duration
    server.listening.isDualStack = dualStack
    server.listening.sharesPort = sharePort
    server.backend = chosen
    server.loops = chosen == .pool ? threads ?? 8 : loops
    server.pinsLoops = pin
    server.drainsOnSignals = true
    return server
  }

  private var logger: Logger {
    var logger = Logger(label: "switchboard") { _ in LineHandler() }
    logger.logLevel = logLevel.level
    return logger
  }

  /// The one place where a protocol's name becomes its session.
  private func serve(_ server: Server) throws {
    switch servedProtocol {
    case .frames: try run(server) { FramesSession() }
    case .echo: try run(server) { EchoSession() }
    case .line:
      let services = LineServices()
      defer { services.close() }
      let timeout = lineTimeout.duration
      try run(server) { LineSession(services, lineTimeout: timeout) }
    case .chat:
      let room = Room()
      try run(server) { ChatSession(room) }
    }
  }

  private func run<S: Session & ~Copyable>(
    _ server: Server, session: @escaping @Sendable () -> S
  ) throws {
    let logger = logger
    let service = Service(server: server, logger: logger, observing: observing)
    // Who does not read the lines about peers does not pay for them either.
    if logger.logLevel <= .info {
      try service.run { [logger] in Announced(session()) { logger.info("\($0)") } }
    } else {
      try service.run(session: session)
    }
  }
}

/// This machine has IPv6 switched off, or never had it.
private struct NoIPv6: Error, CustomStringConvertible {
  let host: String
  let cause: SystemError
  var description: String {
    "cannot listen on '\(host)', this machine has no IPv6 (\(cause.call): \(cause.errno.meaning)); "
      + "use '--host 127.0.0.1', or '--host 0.0.0.0' for all addresses"
  }
}

extension SystemError {
  /// Every machine with IPv6 has ::1 and ::, and the address family.
  fileprivate var tellsThatIPv6IsMissing: Bool {
    guard case .address(let address) = operand, address.family == .v6 else { return false }
    let isEverywhere = address.isLoopback || address == .any(.v6, port: address.port)
    return errno.symbol == "EAFNOSUPPORT" || errno.symbol == "EADDRNOTAVAIL" && isEverywhere
  }
}

extension SocketAddress {
  /// A host's addresses. A name may have one in a family that this machine lacks (`localhost` as
  /// ::1, often): such a one is left out as long as another can be listened on.
  static func toListenOn(_ host: String, port: UInt16) throws -> [SocketAddress] {
    var found: [SocketAddress] = []
    for address in try SocketAddress.resolve(host, port: port) where !found.contains(address) {
      found.append(address)
    }
    let usable = found.filter { $0.isOfThisMachine(Linux()) }
    return usable.isEmpty ? found : usable
  }

  /// Whether a socket can be bound to the address, on whichever port. Tried without listening: who looks
  /// which port a process listens on must not find one that is gone again.
  func isOfThisMachine(_ system: some Kernel) -> Bool {
    let made = system.socket(family)
    guard made.isSuccess else { return false }
    let descriptor = Descriptor(rawValue: Int32(clamping: made.value))
    let socket = Socket(adopting: descriptor, system: system)
    var anyPort = self
    anyPort.port = 0
    return system.bind(socket.descriptor, to: anyPort).isSuccess
  }
}
