import Logging
import Switchboard

/// A server with what it tells its operator.
struct Service {
  let server: Server
  let logger: Logger

  /// io_uring was asked for and is not to be had.
  private struct NoRing: Error, CustomStringConvertible {
    let reason: String
    var description: String { "\(reason); use '--backend auto' or '--backend epoll'" }
  }

  /// Serves until it is drained.
  func run<S: Session & ~Copyable>(session: @escaping @Sendable () -> S) throws {
    var server = server
    let choice = Server.BackendName.auto.choice()
    let isChosen = server.backend == .auto
    if isChosen { server.backend = choice.backend }
    if server.backend == .ioUring, let reason = choice.reason { throw NoRing(reason: reason) }
    try server.run(
      notice: tell,
      ready: { handle in
        if isChosen { present(choice) }
        present(handle.addresses, server.backend)
      }, session: session)
  }

  private func present(_ choice: (backend: Server.BackendName, reason: String?)) {
    let reason = choice.reason.map { " (\($0))" } ?? ""
    logger.info("backend: \(choice.backend.rawValue)\(reason)")
  }

  private func present(_ addresses: [SocketAddress], _ backend: Server.BackendName) {
    for address in addresses {
      logger.notice("listening on \(address) (\(backend.rawValue))")
      if !address.isLoopback {
        logger.warning("other machines can reach \(address); it is open to whoever connects")
      }
    }
  }

  private func tell(_ notice: ReactorNotice) {
    if case .acceptingPaused = notice {
      logger.warning("\(notice)")
    } else {
      logger.info("\(notice)")
    }
  }
}
