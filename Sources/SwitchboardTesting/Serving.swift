import Dispatch
import Foundation
import Switchboard
import Synchronization

/// The backends that this machine offers, for a test to be run on each.
public let backends: [Server.BackendName] = {
  let hasRing = Server.BackendName.auto.choice().backend == .ioUring
  return [.select, .poll, .epoll] + (hasRing ? [.ioUring] : [])
}()

/// Serves sessions on a free port for as long as `body` takes. When it is back, the server has ended.
///
/// ```swift
/// try serving(Shout(), on: .epoll) { port, _ in
///   let caller = try Caller(to: port)
///   try caller.send("hello\n")
///   try caller.expect("HELLO\n")
/// }
/// ```
///
/// The server runs in a thread of its own, and the test waits in the one that called this.
///
/// - Parameters:
///   - session: Makes the session of a new connection, on its loop's thread.
///   - backend: What the loops wait with; see ``backends``.
///   - patience: How long the server may take to begin, and to end when it is stopped.
///   - configure: Changes the server before it begins: its options, its loops, where it listens.
///   - body: The test. It gets the port of the first listener (0 for a Unix-domain socket) and the server's
///     handle, whose `addresses` are all that it listens on.
/// - Throws: what `body` throws; ``Late`` if the server does not begin or end in time; and its
///   `SystemError` if it fails.
public func serving<S: Session & ~Copyable>(
  _ session: @escaping @Sendable @autoclosure () -> S, on backend: Server.BackendName = .auto,
  patience: Duration = longestPatience, configure: (inout Server) -> Void = { _ in },
  _ body: (UInt16, ServerHandle) throws -> Void
) throws {
  let served = ServedThread(patience)
  served.start(ServedThread.server(backend, configure), session)
  let handle = try served.handle()
  do {
    try body(handle.addresses.first?.port ?? 0, handle)
  } catch {
    // What the test found is what matters.
    try? served.end(handle)
    throw error
  }
  try served.end(handle)
}

/// Serves sessions on a free port for as long as an `async` body takes; else as
/// ``serving(_:on:patience:configure:_:)``. No thread of the caller's executor waits for the server.
///
/// - Parameters:
///   - session: Makes the session of a new connection, on its loop's thread.
///   - backend: What the loops wait with; see ``backends``.
///   - patience: How long the server may take to begin, and to end when it is stopped.
///   - configure: Changes the server before it begins.
///   - isolation: Where `body` runs: where this was called.
///   - body: The test. It gets the port of the first listener and the server's handle.
/// - Throws: what `body` throws; ``Late`` if the server does not begin or end in time; and its
///   `SystemError` if it fails.
public func serving<S: Session & ~Copyable>(
  _ session: @escaping @Sendable @autoclosure () -> S, on backend: Server.BackendName = .auto,
  patience: Duration = longestPatience, configure: (inout Server) -> Void = { _ in },
  isolation: isolated (any Actor)? = #isolation,
  _ body: (UInt16, ServerHandle) async throws -> Void
) async throws {
  let served = ServedThread(patience)
  served.start(ServedThread.server(backend, configure), session)
  let handle = try await apart { try served.handle() }
  do {
    try await body(handle.addresses.first?.port ?? 0, handle)
  } catch {
    try? await apart { try served.end(handle) }
    throw error
  }
  try await apart { try served.end(handle) }
}

/// Does what waits in a thread of its own.
private func apart<Answer: Sendable>(
  isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable () throws -> Answer
) async throws -> Answer {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}

/// A server's thread, and how it goes.
private final class ServedThread: Sendable {
  private let begun = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private let outcome = Mutex<(handle: ServerHandle?, error: SystemError?)>((nil, nil))
  private let patience: Duration

  init(_ patience: Duration) { self.patience = patience }

  static func server(
    _ backend: Server.BackendName, _ configure: (inout Server) -> Void
  ) -> Server {
    var server = Server(on: [.loopback(port: 0)])
    server.backend = backend
    configure(&server)
    return server
  }

  func start<S: Session & ~Copyable>(_ server: Server, _ session: @escaping @Sendable () -> S) {
    Thread.detachNewThread { [self] in
      do throws(SystemError) {
        try server.run(
          ready: { [self] handle in
            outcome.withLock { $0.handle = handle }
            begun.signal()
          }, session: session)
      } catch {
        outcome.withLock { $0.error = error }
        begun.signal()
      }
      ended.signal()
    }
  }

  /// Waits until it serves.
  func handle() throws -> ServerHandle {
    try wait(for: begun, "the server did not begin")
    let (handle, error) = outcome.withLock { $0 }
    guard let handle else { throw error ?? SystemError(.listen, Errno(rawValue: ECANCELED)) }
    return handle
  }

  /// Stops it, and waits until it has ended.
  func end(_ handle: ServerHandle) throws {
    handle.stop()
    try wait(for: ended, "the server did not end")
    if let error = outcome.withLock({ $0.error }) { throw error }
  }

  private func wait(for semaphore: DispatchSemaphore, _ what: String) throws(Late) {
    let (seconds, attoseconds) = patience.components
    let limit = DispatchTime.now() + (Double(seconds) + Double(attoseconds) / 1e18)
    guard semaphore.wait(timeout: limit) == .success else { throw Late(what, after: patience) }
  }
}
