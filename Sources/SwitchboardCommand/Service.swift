import Logging
import Switchboard
import SwitchboardTimeline

/// A server with what it tells its operator.
struct Service {
  let server: Server
  let logger: Logger
  let observing: ServeObserving

  /// io_uring was asked for and is not to be had.
  private struct NoRing: Error, CustomStringConvertible {
    let reason: String
    var description: String { "\(reason); use '--backend auto' or '--backend epoll'" }
  }

  /// Serves until it is drained.
  func run<S: Session & ~Copyable>(session: @escaping @Sendable () -> S) throws {
    var server = server
    // Another backend needs no ring to be tried.
    let needsRing = server.backend == .auto || server.backend == .ioUring
    let isChosen = server.backend == .auto
    if needsRing { server.backend = .auto }
    let choice = needsRing ? server.choice() : nil
    if let choice { server.backend = isChosen ? choice.backend : .ioUring }
    if server.backend == .ioUring, let reason = choice?.reason { throw NoRing(reason: reason) }
    let writer = try observing.startRecording(of: server)
    defer { if let writer { observing.finish(writer, logger) } }
    server.recorder = writer?.recorder
    try server.run(
      notice: tell,
      ready: { handle in
        if let writer { begin(writer) }
        if isChosen, let choice { present(choice) }
        present(handle.addresses, server.backend)
      }, session: session)
  }

  private func begin(_ writer: RecordingWriter) {
    do throws(SystemError) {
      try writer.begin()
    } catch {
      logger.warning("nothing is recorded: \(error)")
    }
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

  private func tell(_ notice: LoopNotice) {
    switch notice {
    case .acceptingPaused, .addressLimit, .addressRefusals, .headerRefused, .openingFailed,
      .callRefused,
      .slowCallback, .slowCallbacksUntold:
      logger.warning("\(notice)")
    default: logger.info("\(notice)")
    }
  }
}
