import Foundation
import Switchboard
import Synchronization

/// The backends that this machine offers, for a test to be run on each.
public let backends: [Server.BackendName] = {
  let hasRing = Server.BackendName.auto.choice().backend == .ioUring
  return [.select, .poll, .epoll] + (hasRing ? [.ioUring] : [])
}()

/// A server did not start or did not end within a minute.
public struct Late: Error {
  /// The error.
  public init() {}
}

// snippet serving
/// Serves sessions on a free port for as long as `body` takes.
public func serving<S: Session & ~Copyable>(
  _ session: @escaping @Sendable @autoclosure () -> S, on backend: Server.BackendName = .auto,
  configure: (inout Server) -> Void = { _ in },
  _ body: (UInt16, ServerHandle) throws -> Void
) throws {
  var server = Server(on: [.loopback(port: 0)])
  server.backend = backend
  configure(&server)
  let (started, ended) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
  let outcome = Mutex<Result<ServerHandle, SystemError>?>(nil)
  Thread.detachNewThread { [server] in
    do throws(SystemError) {
      try server.run(
        ready: { handle in
          outcome.withLock { $0 = .success(handle) }
          started.signal()
        }, session: session)
    } catch {
      outcome.withLock { $0 = .failure(error) }
      started.signal()
    }
    ended.signal()
  }
  guard started.wait(timeout: .now() + 60) == .success else { throw Late() }
  let handle = try outcome.withLock { $0! }.get()
  defer { handle.stop() }
  try body(handle.addresses[0].port, handle)
  handle.stop()
  guard ended.wait(timeout: .now() + 60) == .success else { throw Late() }
}
// end
