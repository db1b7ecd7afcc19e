#if TestBench

import Synchronization

/// One loop of a server, in a thread of its own, on a kernel that counts its calls. For experiments.
package final class CountedServer {
  /// Where it listens.
  package let address: SocketAddress
  /// What it has called.
  package let counts: CallCounts
  private let waker: Waker<CountedKernel>
  private var thread: LoopThread?

  /// Listens on a free port of the loopback address and serves, until it is given up.
  ///
  /// - Throws: when the backend cannot be had, or is neither epoll nor io_uring.
  package init<S: Session & ~Copyable>(
    on backend: Server.BackendName, connections: Int, session: @escaping @Sendable () -> S
  ) throws(SystemError) {
    let counts = CallCounts()
    let control = try LoopControl(system: CountedKernel(counts))
    let run = CountedRun(
      backend: backend.resolved(), capacity: connections, control: control, counts: counts
    ) { (capacity, mail) throws(SystemError) in
      try Sessions.boxed(capacity, mail, session)
    }
    let thread = try LoopThread { run.run() }
    do throws(SystemError) {
      address = try run.begun()
    } catch {
      thread.join()
      throw error
    }
    (self.counts, waker) = (counts, control.waker)
    self.thread = consume thread
  }

  deinit {
    waker.stop()
    thread.take()?.join()
  }
}

/// What the thread of a ``CountedServer`` does.
private final class CountedRun: Sendable {
  private let backend: Server.BackendName
  private let capacity: Int
  private let control: LoopControl<CountedKernel>
  private let counts: CallCounts
  private let makeTables: @Sendable (Int, MailFlag) throws(SystemError) -> SessionTable.Boxed
  private let hasBegun = Semaphore()
  private let outcome = Mutex<Result<SocketAddress, SystemError>?>(nil)

  init(
    backend: Server.BackendName, capacity: Int, control: LoopControl<CountedKernel>,
    counts: CallCounts,
    makeTables: @escaping @Sendable (Int, MailFlag) throws(SystemError) -> SessionTable.Boxed
  ) {
    (self.backend, self.capacity, self.control) = (backend, capacity, control)
    (self.counts, self.makeTables) = (counts, makeTables)
  }

  /// The address, as soon as it listens.
  func begun() throws(SystemError) -> SocketAddress {
    hasBegun.wait()
    switch outcome.withLock({ $0 }) {
    case .success(let address)?: return address
    case .failure(let error)?: throw error
    case nil: throw SystemError(.listen, .invalid)
    }
  }

  func run() {
    do throws(SystemError) { try serve() } catch { tell(.failure(error)) }
  }

  private func tell(_ result: Result<SocketAddress, SystemError>) {
    outcome.withLock { $0 = $0 ?? result }
    hasBegun.signal()
  }

  private func serve() throws(SystemError) {
    let (system, budget) = (CountedKernel(counts), ServerOptions().acceptBudget)
    switch backend {
    case .epoll, .auto:
      let poller = try EdgeEpoll(system: system)
      try serve(Proactor(poller: poller, acceptBudget: budget, system: system))
    case .ioUring:
      let sizes = URing<CountedKernel>.Sizes()
      try serve(URing(sizes: sizes, connections: capacity + 64, system: system))
    case .select, .poll, .sequential, .threads, .pool:
      // Nothing counts their calls. Each backend more is the whole loop once more in the product.
      throw SystemError(.listen, .notSupported)
    }
  }

  private func serve<B: Backend & ~Copyable>(_ backend: consuming B) throws(SystemError)
  where B.System == CountedKernel {
    let (sessions, box) = try makeTables(capacity + 64, control.mail)
    var loop = try EventLoop(
      backend: backend, sessions: sessions, box: box, capacity: capacity, control: control,
      options: ServerOptions(), notice: { _ in })
    let listener = try Listener(on: .loopback(port: 0), system: control.system)
    let address = listener.address
    try loop.listen(listener)
    tell(.success(address))
    try loop.run()
  }
}

#endif
