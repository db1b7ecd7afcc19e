import Switchboard
import SwitchboardBase

/// A relay within this program that speaks TLS to a server, for a client that does not.
struct TLSTunnel {
  private let running: RunningServer

  /// - Parameters:
  ///   - target: Where the server is.
  ///   - filter: Speaks TLS to it.
  init(to target: ConnectTarget, behind filter: any FilterSource) throws {
    let upstreams = Upstreams([target], choice: .roundRobin, behind: filter)
    let server = Server(on: [SocketAddress.loopback(port: 0)])
    running = try server.start {
      Relay(to: upstreams) { report in
        guard report.upstream == nil, let reason = report.server.reason else { return }
        Output.error("\(target): \(reason)")
      }
    }
  }

  /// Where the client is to connect to.
  var port: UInt16 { running.addresses.first?.port ?? 0 }

  func stop() { running.stop() }
}
