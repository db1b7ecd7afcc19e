#if TestBench

/// A server, its clients and the network between them, inside one thread and virtual time.
///
/// It is described first, in the closure given to ``simulate(seed:faults:trace:_:)``, and then run: the
/// library's own loop serves the sessions, over a simulated kernel.
public final class SimulatedWorld {
  /// What the loop waits with.
  public enum Backend: String, Hashable, Sendable, CaseIterable {
    /// The loop over `select(2)`.
    case select
    /// The loop over `poll(2)`.
    case poll
    /// The loop over `epoll(7)`, edge-triggered, as servers use it.
    case epoll
    /// The loop over `io_uring(7)`.
    case ioUring = "io_uring"
  }

  /// The seed; ``random`` and all scripts come from it.
  public let seed: UInt64
  /// Numbers for making up the world.
  public var random: SimulatedRandom
  /// What the loop waits with.
  public var backend = Backend.epoll
  /// How the server behaves.
  public var options = ServerOptions()
  /// Where the server listens: on all of them. Clients come to the first unless told otherwise.
  public var addresses = [SocketAddress.loopback(port: 9090)]
  /// What connections have to begin with, on all of the addresses. Nil: nothing.
  public var proxyProtocol: ProxyProtocol?
  /// Connections that each listener's queue holds.
  public var backlog = 128
  /// Descriptors that the server's process may hold.
  public var descriptorLimit = 1024
  /// What the server's work costs.
  public var costs = Costs()
  /// What the machine is like.
  public var machine = Machine()
  /// How long faults strike, from the start; after that, everything has to come to its end.
  public var faultPhase: Duration = .seconds(5)
  /// How long everything may take, in virtual time, from the end of the faults. Two dozen clients
  /// that find a queue of one full each time, and try again every 16 s, need more than six minutes.
  public var limit: Duration = .seconds(600)
  /// When the server is asked to drain, from the start. Nil: when all clients are done.
  public var drain: Duration?
  /// How long the server's loop has run when the simulation begins. Nil: by chance, so that many
  /// runs cross the moments at which the 32 bits of its clock begin anew.
  public var age: Duration?
  /// Whether the server's clock stands still for a millisecond at a time. Several turns then have the
  /// same time, so what is counted for each turn is counted for all of them together.
  public var hasCoarseClock = false
  /// Other loops of the same server: they share the limit of connections, and have some now and then.
  public var otherLoops = 0
  /// When the server is asked to stop at once, from the start. Nil: not at all.
  public var stop: Duration?
  /// Whether a session may leave bytes unread that had arrived when it was asked to finish.
  public var readsLate = false

  /// What work costs in virtual time, beside up to 1.2 microseconds for each system call. With these
  /// a server can be made slower than those who call it.
  public struct Costs: Hashable, Sendable {
    /// Each system call, and each entry that a ring takes.
    public var call: Duration = .zero
    /// Each call of a session.
    public var callback: Duration = .zero
    /// Each KiB that is received, sent, or given to a session.
    public var kibibyte: Duration = .zero
  }

  /// What kernels and machines differ in.
  public struct Machine: Hashable, Sendable {
    /// A client is connected before the server's kernel has its last word, and takes its place in the
    /// queue then; the queue holds one more than the backlog. As Linux has it.
    public var handshakes = false
    /// Other threads of the process open and close descriptors, wake the loop and give it jobs, between
    /// any two of its calls.
    public var hasOtherThreads = false
  }

  /// Local ports that the server may use towards one address: Linux's 32,768 to 60,999.
  public var ephemeralPorts = 28_232

  /// Told what a client has received, by its number, before that is checked.
  package var heard: ((Int, [UInt8]) -> Void)?

  /// How long a session takes for what it is given, beside what that costs all: by its client's number
  /// and the bytes.
  package var callbackTime: ((Int, Int) -> Duration)?

  var clients: [SimulatedClient] = []
  var remotes: [SimulatedRemote] = []
  var names: [(name: String, family: SocketAddress.Family, entry: SimulatedNames.Entry)] = []
  var model: (([UInt8]) -> [UInt8])?
  var makeTable: ((Int, MailFlag) throws(SystemError) -> SessionTable.Boxed)?
  /// What stands before the sessions that are served.
  package var filter = UsualFilter.source
  /// What clients have at their end of the wire where that is so, each one of these; none: what they send goes as it is.
  package var clientFilters: [any FilterSource] = []
  /// What stands before the sessions of connections to those outside, as workloads make them.
  package var connectorFilter: (any FilterSource)?
  /// What those outside have at their end of the wire.
  package var remoteFilter: (any FilterSource)?
  /// How many of those do not say their end, of one.
  package var cutOffRemotes = 0.0
  /// What an opening exchange costs the server in virtual time, each time that something comes of it.
  package var openingCost = Duration.zero
  /// What its filters have in common.
  let filterBook = FilterBook()

  init(seed: UInt64) {
    self.seed = seed
    random = SimulatedRandom(seed: seed, stream: 3)
  }

  /// Says what is served: how to make the session of a new connection.
  public func serve<S: Session & ~Copyable>(_ session: @escaping () -> S) {
    makeTable = { (capacity, mail) throws(SystemError) in
      try Sessions.boxed(capacity, mail, session)
    }
  }

  /// Sessions take connections from this pool: what was said to be served before is served beside it.
  public func connects(through pool: UpstreamPool) {
    guard let served = makeTable else { return }
    makeTable = { (capacity, mail) throws(SystemError) in
      let pooled = try Service(connecting: PooledConnection.self).makeTable(capacity, mail)
      return try SessionsByService.joined([try served(capacity, mail), pooled], capacity: capacity)
    }
  }

  /// Says what a connection replies to everything it has been sent, from its first byte on. What
  /// it replies to a part must be the beginning of what it replies to the whole.
  public func replies(_ model: @escaping ([UInt8]) -> [UInt8]) { self.model = model }

  /// Adds clients, each with a script of its own.
  public func clients(_ count: Int, _ script: (inout SimulatedClient) -> Void) {
    for _ in 0..<max(0, count) { client(clients.count + 1, script) }
  }

  /// Adds somebody outside whom the server may connect to, with a script of his own for each connection.
  public func remote(at address: SocketAddress, _ script: (inout SimulatedRemote) -> Void) {
    var remote = SimulatedRemote(at: address, number: remotes.count + 1, seed: seed)
    script(&remote)
    remotes.append(remote)
  }

  /// Says what a name's addresses are in one family; what nothing is said of is no name.
  ///
  /// - Parameters:
  ///   - name: A name, and no address.
  ///   - family: IPv4 or IPv6.
  ///   - addresses: None: it has no address of that family. Ports are passed over.
  ///   - delay: How long it takes to find them; nil for ever.
  public func name(
    _ name: String, _ family: SocketAddress.Family, _ addresses: [SocketAddress],
    after delay: Duration?
  ) {
    let answer: Result<[SocketAddress], LookUpFailure.Reason> =
      addresses.isEmpty ? .failure(.noAddress) : .success(addresses)
    names.append((name, family, SimulatedNames.Entry(answer: answer, delay: delay)))
  }

  /// What connections to those outside are to be made with; nil where they are plain.
  package var observedConnectorFilter: (any FilterSource)? {
    connectorFilter.map { ObservedFilters($0, filterBook, isOfListener: false) }
  }

  /// Changes what was said of each client so far.
  public func changeClients(_ change: (inout SimulatedClient) -> Void) {
    for place in clients.indices { change(&clients[place]) }
  }

  /// Adds one client by its number, which also decides about its connection's latency and size.
  public func client(_ number: Int, _ script: (inout SimulatedClient) -> Void) {
    var client = SimulatedClient(number: number, seed: seed)
    script(&client)
    clients.append(client)
  }
}

/// How a seed went.
public struct SimulationReport: Hashable, Sendable {
  /// The seed.
  public let seed: UInt64
  /// A number made of every call, its answer and its time. Equal for equal seeds.
  public let digest: UInt64
  /// System calls made. For a ring that is one for all operations that are submitted with it.
  public let calls: Int
  /// Operations that were submitted to a ring; 0 on other backends, whose calls do one thing each.
  public let operations: Int
  /// Things that happened by themselves: segments that arrived, and their like.
  public let events: Int
  /// Virtual time that passed.
  public let nanoseconds: UInt64
  /// The faults that struck, in order.
  public let faults: [Fault]
  /// Bytes that clients received and that were checked.
  public let bytes: Int
  /// What the loop and its clients did that they do not always do.
  public let branches: BranchCounts
}

/// Runs a server and its clients in a simulated world, and checks everything that can be checked:
/// every byte against the model, one `opened` and one `closed` for each session and nothing after,
/// no timer early, no turn without work, no descriptor and no byte left over, every promise of draining
/// kept, and all work done in the end.
///
/// ```swift
/// try simulate(seed: seed, faults: .harsh) { world in
///   world.serve { Shout() }
///   world.replies { sent in Array("Say something.\n".utf8) + shouted(sent) }
///   world.clients(20) { client in
///     client.send("hello, ")
///     client.wait(.milliseconds(3))
///     client.send("world")
///     client.awaitReplies()
///   }
/// }
/// ```
///
/// The same seed, faults and body give the same run, call for call. Sessions must keep to that: no
/// clock but ``Connection/now``, no random numbers of their own, no other threads, and no iteration
/// over a `Set` or `Dictionary` that shows in what they do.
///
/// - Parameters:
///   - seed: What decides everything that is left to chance.
///   - faults: What goes wrong.
///   - trace: Gets one line for every call and everything that sessions and clients do.
///   - body: Describes the world.
/// - Throws: what was found to be wrong, with what is needed to see it again.
@discardableResult
public func simulate(
  seed: UInt64, faults: Faults = .none, trace: ((String) -> Void)? = nil,
  _ body: (SimulatedWorld) -> Void
) throws(SimulationFailure) -> SimulationReport {
  let world = SimulatedWorld(seed: seed)
  body(world)
  return try Course(world, faults: faults, trace: trace).run()
}

#endif
