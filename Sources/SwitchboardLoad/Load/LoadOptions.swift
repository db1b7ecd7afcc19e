import Switchboard
import SwitchboardBase

/// What load to put on a server.
public struct LoadOptions: Sendable {
  /// The servers; connections are dealt out to them in turn. At least one.
  public var targets: [SocketAddress]
  /// What to speak.
  public var speaking = LoadProtocol.frames
  /// What is asked, and how replies are told apart: for the protocols that want it, and for no other.
  public var exchange: LoadExchange?
  /// What stands between the wire and what is spoken; nil for nothing.
  package var filter: (any FilterSource)?
  /// Connections that make requests, all threads together.
  public var connections = 1
  /// Requests in flight at once on each connection, at most 4,096.
  public var pipeline = 1
  /// Connections that are held open and do nothing.
  public var idle = 0
  /// Threads, each with its share of the connections.
  public var threads = 1
  /// How each thread waits: any backend with loops.
  public var backend = Server.BackendName.epoll
  /// Bytes of payload of a request.
  public var size = PayloadSize.fixed(16)
  /// Open loop: requests a second, whatever the server does; several are steps of equal length.
  /// Empty, it is a closed loop: each reply is followed by the next request.
  public var rates: [Double] = []
  /// Open loop: so many requests are due at the same moment.
  public var burst = 1
  /// The time before the warm-up in which the rate rises from 0, or, in a closed loop, one
  /// connection after the other joins in.
  public var ramp: Duration = .zero
  /// Closed loop: the time between a reply and the next request on its connection.
  public var thinkTime: Duration = .zero
  /// Close a connection after so many requests and make a new one. Nil keeps them.
  public var churn: Int?
  /// Begins each connection with a header of the PROXY protocol, which tells its own two ends, as if this were a proxy
  /// without clients. The servers have to expect one. Nil: does not.
  public var sendsHeader: ProxyHeader.Version?
  /// Where connections come from. Empty: the system's choice, and on IPv4 loopback as many addresses
  /// of 127.0.0.0/8 as there must be for the ports to suffice.
  public var sources: [SocketAddress] = []
  /// Which of the loopback addresses is the first: for several processes side by side.
  public var sourceOffset = 0
  /// Whether a sample of the requests is kept one by one, to be found again in a server's recording.
  package var keepsTraces = false
  /// Which of several processes that share a load this is.
  var process = LoadPart(number: 0, count: 1)
  /// The time before the measured window, under full load.
  public var warmUp: Duration = .seconds(1)
  /// The measured window.
  public var duration: Duration = .seconds(10)
  /// Ends after so many requests, if that is sooner than ``duration``; with 0 none are made. Only in
  /// a closed loop. When nothing has come from any server for twice the ``timeout`` the rest is given
  /// up.
  public var requests: Int?
  /// How long a reply, or a connection, may take. Those that are under way at the end are awaited as
  /// long; for two seconds at most when the run is ended early.
  public var timeout: Duration = .seconds(10)
  /// Makes the payloads.
  public var seed: UInt64 = 1

  /// Load on these servers.
  public init(on targets: [SocketAddress]) { self.targets = targets }

  /// Whether requests are made at a rate and not as replies allow.
  public var isOpenLoop: Bool { !rates.isEmpty }

  /// When requests are due in an open loop, from its first moment to the end of the window.
  var pace: LoadPace? {
    guard let first = rates.first else { return nil }
    let (warmUp, window) = (warmUp.inSeconds, duration.inSeconds / Double(rates.count))
    var steps = rates.map { (rate: $0, seconds: window) }
    if warmUp > 0 { steps.insert((rate: first, seconds: warmUp), at: 0) }
    return LoadPace(
      steps: steps, ramp: ramp.inSeconds, burst: burst,
      phase: Double(process.number) / Double(process.count))
  }

  /// What would not work, in a line with the next action; nil if all is well.
  public var mistake: String? {
    if targets.isEmpty { return "there is no server to put load on: name one as HOST:PORT" }
    if connections < 1, idle < 1 { return "there are no connections: give --connections" }
    if !(0...10_000_000).contains(connections + idle) { return "use at most 10000000 connections" }
    if !(1...4096).contains(pipeline) { return "use a pipeline from 1 to 4096" }
    if connections * pipeline > 1 << 24 {
      return "connections times pipeline is more than 16777216: lower one of them"
    }
    if !(1...1024).contains(threads) { return "use 1 to 1024 threads" }
    if backend.isBlocking {
      return "a load needs a backend with loops: use epoll"
    }
    if rates.contains(where: { !($0 > 0 && $0 <= 1e9) }) { return "use rates above 0, up to 1e9" }
    if isOpenLoop, connections < 1 { return "a rate needs connections: give --connections" }
    if isOpenLoop, requests != nil {
      return "a rate ends by time: leave out --requests, and give --duration"
    }
    if isOpenLoop, thinkTime > .zero { return "a rate leaves no think time: leave one of them out" }
    if let requests, requests < 0 { return "use at least 1 request" }
    if duration <= .zero { return "the duration must be above 0" }
    if let churn, churn < 1 { return "use at least 1 request per connection" }
    if speaking.wantsExchange, exchange == nil {
      return "the \(speaking.rawValue) protocol has no requests of its own: say what is asked"
    }
    if !speaking.wantsExchange, exchange != nil {
      return "the \(speaking.rawValue) protocol has requests of its own: leave the others out"
    }
    if sendsHeader != nil, filter != nil {
      return "a PROXY header comes before TLS, and none is sent there: leave --proxy-protocol out"
    }
    return exchange?.mistake ?? sizeMistake ?? burstMistake ?? sourceMistake
  }

  /// A payload that would have to be cut. Of exponential ones only those that would often be.
  private var sizeMistake: String? {
    let largest =
      if case .exponential(let mean) = size { mean * 10 } else { size.most }
    guard exchange == nil, largest > speaking.longest,
      largest > PayloadSize.largest || speaking == .line
    else { return nil }
    return "the \(speaking.rawValue) protocol takes at most \(speaking.longest) bytes, "
      + "and '\(size)' is often more: lower the size"
  }

  /// Bursts so rare that a window, or a step of it, may see none.
  private var burstMistake: String? {
    guard burst > 1, let slowest = rates.min() else { return nil }
    let period = Double(burst) / slowest / Double(process.count)
    guard period > duration.inSeconds / Double(rates.count) else { return nil }
    return
      "a burst of \(burst) comes every \(Figures.brief(.seconds(period))) at this rate, and the "
      + "window has no time for it: lower --burst, or raise --rate or --duration"
  }

  private var sourceMistake: String? {
    if !sources.isEmpty, targets.contains(where: { $0.family == .unix }) {
      return "who connects to a Unix-domain socket has no address there: leave out --source"
    }
    let families = Set(targets.map(\.family)).union(sources.map(\.family))
    guard families.count > 1, !sources.isEmpty else { return nil }
    return "sources and targets must be of one family: use IPv4 for all, or IPv6"
  }

  /// Some 28,000, of which connections that were closed hold theirs for a while.
  private static let portsOfAddress = 20_000

  /// Where connections come from, with port 0; empty leaves it to the system.
  public var allSources: [SocketAddress] {
    if !sources.isEmpty { return sources }
    guard targets.allSatisfy({ $0.family == .v4 && $0.isLoopback }) else { return [] }
    let ports = LoadOptions.portsOfAddress * targets.count
    // Servers of others often let 127.0.0.1 in and no other address.
    if exchange != nil, (connections + idle) * process.count <= ports { return [] }
    let needed = (connections + idle) / ports + 1
    let count = churn == nil ? needed : max(16, needed)
    if count == 1, sourceOffset == 0 { return [] }
    return (0..<count).compactMap { index in
      let number = 1 + sourceOffset + index
      guard number < 1 << 16 else { return nil }
      let host = "127.0.\(number >> 8).\(number & 255)"
      return try? SocketAddress.resolve(host, port: 0).first
    }
  }
}
