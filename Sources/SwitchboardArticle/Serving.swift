import Glibc
import Switchboard
import SwitchboardBase

/// How to serve the frames protocol on a ``Reactor``.
public struct FramesService: Sendable {
  /// Where to listen; all of them.
  public var addresses: [SocketAddress]
  /// How the reactor behaves.
  public var options = ReactorOptions()
  /// How the listeners behave.
  public var listening = Listener<Linux>.Options()
  /// Drain at SIGTERM and SIGINT.
  public var drainsOnSignals = true

  /// A service on these addresses.
  public init(on addresses: [SocketAddress]) { self.addresses = addresses }

  /// Serves until it is drained or stopped, in the calling thread.
  ///
  /// - Parameters:
  ///   - poller: The mechanism to wait with: `Epoll.self`.
  ///   - log: Gets every line, in the calling thread.
  ///   - ready: Called when all addresses are listened on, with them (ports filled in).
  public func run<P: Poller & ~Copyable>(
    waitingWith poller: P.Type, log: ((FramesServer<Linux>.Level, String) -> Void)? = nil,
    ready: ([SocketAddress]) -> Void
  ) throws(SystemError) where P.System == Linux {
    try run(
      FramesServer<Linux>(log: log), waitingWith: poller,
      ready: { addresses, _ in ready(addresses) })
  }

  /// The same with a handler of the caller's; answers it when it is done.
  @discardableResult
  public func run<P: Poller & ~Copyable, Handler: ReactorHandler & ~Copyable>(
    _ handler: consuming Handler, waitingWith poller: P.Type,
    ready: ([SocketAddress], Waker<Linux>) -> Void
  ) throws(SystemError) -> Handler where P.System == Linux, Handler.System == Linux {
    let system = Linux()
    var reactor = try Reactor(
      poller: P(system: system), handler: handler, options: options, system: system)
    if drainsOnSignals { try reactor.drainOnSignals() }
    var bound: [SocketAddress] = []
    try Listener.onAll(addresses, options: listening, system: system) {
      (listener: consuming Listener<Linux>) throws(SystemError) in
      bound.append(listener.address)
      try reactor.listen(listener)
    }
    ready(bound, reactor.waker)
    try reactor.run()
    return reactor.finish()
  }
}

/// The main program of an example server: `PORT` (9090 if left out) on the loopback address.
public func runExampleServer<P: Poller & ~Copyable>(waitingWith poller: P.Type) -> Never
where P.System == Linux {
  runExample("\(P.name)-server") { port throws(SystemError) in
    try FramesService(on: [.loopback(port: port)]).run(
      waitingWith: poller, log: { _, text in Log.line(text) },
      ready: { Log.line("listening on \($0[0]), waiting with \(P.name)") })
  }
}

/// The same for a session.
///
/// - Parameters:
///   - name: The program's.
///   - configure: Changes how it is served, beside the address.
///   - session: Makes a connection's session.
public func runExampleServer<S: Session & ~Copyable>(
  _ name: String, configure: (inout Server) -> Void = { _ in },
  session: @escaping @Sendable () -> S
) -> Never {
  runExample(name) { port throws(SystemError) in
    var server = Server(on: [.loopback(port: port)])
    server.drainsOnSignals = true
    configure(&server)
    try server.run(
      notice: { Log.line($0.description) },
      ready: { Log.line("listening on \($0.addresses[0])") },
      session: session)
  }
}

/// Reads the port and serves, to the end of the process.
private func runExample(
  _ name: String, _ serve: (UInt16) throws(SystemError) -> Void
) -> Never {
  StandardStreams.prepare()
  EndSignals.endFirstProcess()
  let arguments = ProcessStart.arguments.dropFirst()
  let port = arguments.isEmpty ? 9090 : UInt16(arguments.first ?? "")
  guard let port, arguments.count <= 1 else {
    Output.error("usage: \(name) [PORT]    (PORT from 0 to 65535; 9090 if left out)")
    exit(64)
  }
  do throws(SystemError) {
    try Linux().raiseDescriptorLimit()
    try serve(port)
    Log.finish()
    exit(0)
  } catch {
    Log.error("\(name): \(error)")
    Log.finish()
    exit(1)
  }
}

/// The main program of the example client: `[-n N] HOST PORT`, or `HOST:PORT`.
public func runExampleClient() -> Never {
  StandardStreams.prepare()
  EndSignals.endFirstProcess()
  Output.setProgram("simple-client")
  var arguments = Array(ProcessStart.arguments.dropFirst())
  var connections: Int? = 1
  if let flag = arguments.firstIndex(of: "-n") {
    connections = flag + 1 < arguments.count ? Int(arguments[flag + 1]) : nil
    arguments.removeSubrange(flag..<min(flag + 2, arguments.count))
  }
  guard let connections, (1...1_000_000).contains(connections),
    let server = server(arguments), server.port > 0
  else {
    Output.error(
      "usage: simple-client [-n N] HOST PORT    (N at least 1, PORT from 1 to 65535; also HOST:PORT)"
    )
    exit(64)
  }
  exit(Output.end(runClient(connections: connections, host: server.name, port: server.port)))
}

/// Where the client is to go.
private func server(_ words: [String]) -> HostPort? {
  if words.count == 1 { return HostPort(words[0]) }
  guard words.count == 2 else { return nil }
  return UInt16(words[1]).map { HostPort(host: words[0], port: $0) }
}

/// Runs the scripted client and prints its lines: the process's exit code.
///
/// - Parameters:
///   - header: Which header of the PROXY protocol each connection begins with, if any.
///   - program: The name that its errors begin with.
///   - isQuiet: Print errors and the elapsed time only.
public func runClient(
  connections: Int, host: String, port: UInt16, header: ProxyHeader.Version? = nil,
  program: String = "simple-client", isQuiet: Bool = false
) -> Int32 {
  // The exit code says whether every reply was right: also to who has closed the output.
  if StandardStreams.wereClosed(1) { Output.whenLost(.isToldUnlessClosed) }
  do {
    // Where that is refused, connections beyond the limit say so.
    _ = try? Linux().raiseDescriptorLimit()
    let addresses = try SocketAddress.resolve(host, port: port)
    let run = try runScriptedClient(connections: connections, to: addresses, header: header) {
      line in
      if !isQuiet || line.hasPrefix("ERROR") { Output.line(line) }
    }
    Output.line(run.elapsedLine)
    if run.failed > 0 { Output.error("\(run.failed) of \(connections) connections failed") }
    return run.failed == 0 ? 0 : 1
  } catch {
    Output.error("\(program): \(error)")
    return 1
  }
}
