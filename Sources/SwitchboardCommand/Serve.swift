import ArgumentParser
import Logging
import Switchboard
import SwitchboardLab

/// `switchboard serve`
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a protocol over TCP, all connections in one thread.",
    usage: "switchboard serve [<options>]",
    discussion: """
      Prints the address it listens on, and a line for each peer that connects and closes. The \
      first SIGTERM or SIGINT (Ctrl-C) stops accepting and lets what is under way finish; the \
      second ends the server at once.

      Example, for IPv4 and IPv6 peers alike, on a free port:

        switchboard serve --host :: --dual-stack --port 0 --idle-timeout 30s
      """)

  @Option(name: .customLong("protocol"), help: "What to speak.")
  var servedProtocol = ServedProtocol.frames

  @Option(help: "What to wait with.")
  var backend = Backend.epoll

  @Option(
    help: """
      Where to listen: a name or an address. Other machines reach the server only if this is an \
      address that they can reach.
      """)
  var host = "127.0.0.1"

  @Option(help: "The port, 0 for a free one. (default: 9090)", transform: Read.listeningPort)
  var port: UInt16 = 9090

  @Flag(help: "Take IPv4 peers too, with '--host ::'.")
  var dualStack = false

  @Option(
    help: ArgumentHelp(
      "Connections served at once; further ones wait. (default: what the descriptor limit allows)",
      valueName: "n"),
    transform: Read.count(1...10_000_000))
  var maxConnections: Int?

  @Option(
    help: ArgumentHelp(
      "Close a peer that was silent for so long, such as 30s. (default: never)", valueName: "time"),
    transform: Read.timeoutOrNever)
  var idleTimeout = Timeout.never

  @Option(
    help: ArgumentHelp(
      "How long peers may take to finish at the end. (default: 10s)", valueName: "time"),
    transform: Read.timeout)
  var drainTimeout = Timeout.seconds(10)

  @Option(help: "The least important messages to print.")
  var logLevel = LogLevel.info

  func validate() throws {
    guard dualStack else { return }
    let addresses = try? SocketAddress.resolve(host, port: 0)
    guard addresses == [.any(.v6, port: 0)] else {
      throw ValidationError(
        "The flag '--dual-stack' does not go with '--host \(host)': it takes '--host ::', "
          + "all addresses of this machine.")
    }
  }

  func run() throws {
    try reportingFailure(of: "serve") {
      try Linux().raiseDescriptorLimit()
      let service = try service()
      do {
        switch backend {
        case .epoll: try serve(service, waitingWith: Epoll.self)
        case .poll: try serve(service, waitingWith: Poll.self)
        case .select: try serve(service, waitingWith: Select.self)
        }
      } catch let error as SystemError where error.tellsThatIPv6IsMissing {
        throw NoIPv6(host: host, cause: error)
      }
    }
  }

  private func service() throws -> FramesService {
    var service = FramesService(on: try addresses())
    service.options.maxConnections = maxConnections
    service.options.idleTimeout = idleTimeout.duration
    if let timeout = drainTimeout.duration { service.options.drainTimeout = timeout }
    service.listening.isDualStack = dualStack
    return service
  }

  /// The host's addresses. A name may have one in a family that this machine lacks (`localhost` as
  /// ::1, often): such a one is left out as long as another can be listened on.
  private func addresses() throws -> [SocketAddress] {
    var found: [SocketAddress] = []
    for address in try SocketAddress.resolve(host, port: port) where !found.contains(address) {
      found.append(address)
    }
    let usable = found.filter { address in
      var probe = address
      probe.port = 0
      return (try? Listener(on: probe, system: Linux()).address) != nil
    }
    return usable.isEmpty ? found : usable
  }

  private func serve<P: Poller & ~Copyable>(_ service: FramesService, waitingWith poller: P.Type)
    throws where P.System == Linux
  {
    var logger = Logger(label: "switchboard") { _ in LineHandler() }
    logger.logLevel = logLevel.level
    let log = { (level: FramesServer<Linux>.Level, text: String) in
      logger.log(level: level == .info ? .info : .warning, "\(text)")
    }
    try service.run(waitingWith: poller, log: log) { bound in
      for address in bound {
        logger.info("listening on \(address) (\(P.name))")
        if !address.isLoopback {
          logger.warning("other machines can reach \(address); it is open to whoever connects")
        }
      }
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
