import ArgumentParser
import Switchboard
import SwitchboardArticle

/// `switchboard client`
struct Client: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Talk to a frames server over N connections at once, and check every reply.",
    usage: "switchboard client [<options>] <host:port>",
    discussion: """
      Each connection follows the same script of three messages and takes about 2.2 seconds; all \
      of them run in one thread. The exit code is 0 if every byte of every reply was right.

      Example:

        switchboard client -n 3 localhost:9090
      """)

  @Option(
    name: [.long, .customShort("c"), .customShort("n")],
    help: ArgumentHelp("Connections at once. (default: 1)", valueName: "n"),
    transform: Read.count(1...1_000_000))
  var connections = 1

  @Flag(help: "Print errors and the elapsed time only.")
  var quiet = false

  @Option(
    help: """
      Begin each connection with a header of the PROXY protocol, which tells its own two ends; the server \
      has to expect one. (default: none)
      """)
  var proxyProtocol: ProxyVersion?

  @OptionGroup var server: ServerArguments

  @OptionGroup(title: "TLS") var tls: ClientTLSArguments

  func validate() throws {
    _ = try server.one()
    // It would go within the TLS, where nobody looks for it.
    guard proxyProtocol == nil || !tls.isOn else {
      throw ValidationError("'--proxy-protocol' does not go with '--tls': leave one of them out.")
    }
  }

  func run() throws {
    let server = try server.one()
    guard let filter = try connector(to: server.name) else {
      throw ExitCode(talk(to: server.name, server.port))
    }
    let target = ConnectTarget.host(server.name, port: server.port)
    let tunnel = try reportingFailure(of: "client") { try TLSTunnel(to: target, behind: filter) }
    defer { tunnel.stop() }
    throw ExitCode(talk(to: "127.0.0.1", tunnel.port))
  }

  private func connector(to name: String) throws -> (any FilterSource)? {
    try reportingFailure(of: "client") { try tls.connector(to: name) }
  }

  private func talk(to host: String, _ port: UInt16) -> Int32 {
    runClient(
      connections: connections, host: host, port: port, header: proxyProtocol?.version,
      program: "switchboard client", isQuiet: quiet)
  }
}
