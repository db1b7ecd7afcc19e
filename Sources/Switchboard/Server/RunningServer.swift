/// A server that runs in threads of its own: see ``Server/start(notice:)``.
///
/// It serves as long as this is held: whoever lets go of it stops it. Safe from any thread.
public final class RunningServer: Sendable {
  /// Where it listens, its loops, and what it can be asked for.
  public let handle: ServerHandle
  private let lifetime: Lifetime

  /// How it goes, for the thread that serves and those that wait for it.
  final class Lifetime: Sendable {
    private struct State {
      var handle: ServerHandle?
      var error: SystemError?
    }
    private let state = Lock(State())
    private let begun = Semaphore()
    private let over = Semaphore()

    func begins(_ handle: ServerHandle) {
      state.withLock { $0.handle = handle }
      begun.signal()
    }

    func ends(_ error: SystemError?) {
      state.withLock { $0.error = error }
      begun.signal()
      over.signal()
    }

    /// Waits until it serves.
    func start() throws(SystemError) -> ServerHandle {
      begun.wait()
      let (handle, error) = state.withLock { ($0.handle, $0.error) }
      if let handle { return handle }
      throw error ?? SystemError(.listen, .cancelled)
    }

    func wait() throws(SystemError) {
      over.wait()
      // For whoever else waits.
      over.signal()
      if let error = state.withLock({ $0.error }) { throw error }
    }
  }

  init(_ handle: ServerHandle, _ lifetime: Lifetime) {
    (self.handle, self.lifetime) = (handle, lifetime)
  }

  deinit { handle.stop() }

  /// Where it listens, with the ports that the system chose.
  public var addresses: [SocketAddress] { handle.addresses }

  /// Stops accepting, lets what is under way finish, and ends. Does not wait for it.
  public func drain() { handle.drain() }
  /// Ends at once. Does not wait for it.
  public func stop() { handle.stop() }

  /// Waits until it has ended. Not from one of its loops, which would wait for itself.
  ///
  /// - Throws: what ended it, if it was not ``drain()``, ``stop()`` or a signal.
  public func wait() throws(SystemError) { try lifetime.wait() }
}

extension Server {
  /// Begins to serve what ``listen(on:options:session:)`` was told of, in threads of its own.
  ///
  /// ```swift
  /// let running = try server.start()
  /// print("listening on", running.addresses)
  /// running.drain()
  /// try running.wait()
  /// ```
  ///
  /// - Parameter notice: Gets what an operator should know, on the thread of the loop it concerns.
  /// - Returns: when it serves.
  /// - Throws: as ``run(notice:ready:)`` does.
  public func start(notice: @escaping @Sendable (LoopNotice) -> Void = { _ in })
    throws(SystemError) -> RunningServer
  {
    try start(services, notice)
  }

  /// Begins to serve one type of session on ``addresses``, and whatever ``listen(on:options:session:)``
  /// was told of, in threads of its own.
  ///
  /// - Parameters:
  ///   - notice: Gets what an operator should know, on the thread of the loop it concerns.
  ///   - session: Makes the session of a new connection, on its loop's thread.
  /// - Returns: when it serves.
  /// - Throws: as ``run(notice:ready:session:)`` does.
  public func start<S: Session & ~Copyable>(
    notice: @escaping @Sendable (LoopNotice) -> Void = { _ in },
    session: @escaping @Sendable () -> S
  ) throws(SystemError) -> RunningServer {
    try start([Service(addresses, proxyProtocol, filter, session)] + services, notice)
  }

  private func start(
    _ services: [Service], _ notice: @escaping @Sendable (LoopNotice) -> Void
  ) throws(SystemError) -> RunningServer {
    let (server, lifetime) = (self, RunningServer.Lifetime())
    let thread = try LoopThread {
      do throws(SystemError) {
        try server.serve(services, notice) { lifetime.begins($0) }
        lifetime.ends(nil)
      } catch {
        lifetime.ends(error)
      }
    }
    thread.detach()
    return RunningServer(try lifetime.start(), lifetime)
  }
}
