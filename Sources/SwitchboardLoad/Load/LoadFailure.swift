import Switchboard

/// What can go wrong with a connection or a request: the server's doing, or the generator's own.
public enum LoadFailure: String, Hashable, Sendable, Codable, CaseIterable {
  /// Nobody listens there.
  case refused
  /// A connection attempt was not answered in time.
  case connectTimeout
  /// A connection attempt failed in another way.
  case connectFailed
  /// The server did not greet, or said something else.
  case noGreeting
  /// The server closed a connection that was in use.
  case closed
  /// The server reset a connection.
  case reset
  /// A reply was not what the protocol says.
  case wrongReply
  /// A reply said that something is wrong, where the protocol has replies for that: the request counts as
  /// wrongly answered, and the connection goes on.
  case errorReply
  /// A reply of HTTP had a status of 400 or above: the request counts as answered all the same.
  case errorStatus
  /// More came than was asked for.
  case surplus
  /// A request was on its way on a connection that was given up for another one's reply.
  case dropped
  /// A request was not answered in time.
  case replyTimeout
  /// A request was not answered by the end of the run.
  case unanswered
  /// Nothing came from any server any more, and requests were left.
  case gaveUp
  /// Any other error of a connection.
  case broken
  /// Own: no local port is left for this server and source address.
  case noPorts
  /// Own: this process may open no more descriptors.
  case noDescriptors
  /// Own: the backend cannot watch so many connections.
  case beyondBackend
  /// Own: the kernel has no memory for more sockets.
  case noMemory
  /// Own: the system does not let the generator make a call.
  case notPermitted

  /// Whether it is the generator that ran out of something, and not the server that failed.
  public var isOwn: Bool {
    switch self {
    case .noPorts, .noDescriptors, .beyondBackend, .noMemory, .notPermitted: true
    default: false
    }
  }

  /// Whether it is one reply's doing, and other requests on the connection are lost by it.
  var concernsOne: Bool { self == .wrongReply || self == .surplus }

  /// What happened, in words.
  public var meaning: String {
    switch self {
    case .refused: "connection refused"
    case .connectTimeout: "connection attempt timed out"
    case .connectFailed: "connection attempt failed"
    case .noGreeting: "no greeting, or a wrong one"
    case .closed: "closed by the server"
    case .reset: "reset by the server"
    case .wrongReply: "wrong reply"
    case .errorReply: "error for a reply"
    case .errorStatus: "status other than 2xx and 3xx"
    case .surplus: "more bytes than were asked for"
    case .dropped: "in flight behind a wrong reply"
    case .replyTimeout: "no reply in time"
    case .unanswered: "no reply by the end"
    case .gaveUp: "gave up before the last request"
    case .broken: "connection broke"
    case .noPorts: "no local port left (EADDRNOTAVAIL)"
    case .noDescriptors: "no descriptor left (EMFILE)"
    case .beyondBackend: "more than the backend can watch"
    case .noMemory: "no memory for sockets (ENOBUFS)"
    case .notPermitted: "the system refused a call"
    }
  }

  /// What to do about it.
  public var advice: String {
    switch self {
    case .refused: "check that the server listens there"
    case .connectTimeout, .connectFailed: "check the address, and the server's accept queue"
    case .noGreeting: "check that --protocol is the one that is served"
    case .closed, .reset: "see the server's log; its limits or timeouts may close connections"
    case .wrongReply, .surplus, .dropped: "check --protocol; if it is right, the server has a bug"
    case .errorReply: "see what the server objects to, and give another --command"
    case .errorStatus:
      "check --path, --method and --header; rate and latencies have these replies, too"
    case .replyTimeout: "lower the load, or raise --timeout"
    case .unanswered: "let the run end by itself, which awaits replies for all of --timeout"
    case .gaveUp: "see whether the server still runs, and whether it answers"
    case .broken: "check the network between"
    case .noPorts: "name more source addresses with --source, or several targets"
    case .noDescriptors: "raise 'ulimit -n', or use --processes"
    case .beyondBackend: "use another --backend, or --processes"
    case .noMemory: "free memory, or use fewer connections"
    case .notPermitted: "check the process's rights, seccomp filter and firewall"
    }
  }

  /// What an attempt to make or to use a connection failed with.
  init(_ errno: Errno, connecting: Bool) {
    switch errno.symbol {
    case "EADDRNOTAVAIL": self = connecting ? .noPorts : .broken
    case "EMFILE", "ENFILE": self = .noDescriptors
    case "ENOBUFS", "ENOMEM": self = .noMemory
    case "EPERM", "EACCES", "ENOSYS": self = .notPermitted
    case "ECONNREFUSED": self = .refused
    case "ETIMEDOUT": self = connecting ? .connectTimeout : .replyTimeout
    case "ECONNRESET", "EPIPE": self = connecting ? .connectFailed : .reset
    default: self = connecting ? .connectFailed : .broken
    }
  }
}

/// How often each thing went wrong, with the first case of each in words.
public struct LoadFailures: Hashable, Sendable, Codable {
  /// How often, by kind; kinds that did not happen are not in it.
  public private(set) var counts: [String: Int] = [:]
  /// The first case of each kind: what exactly happened.
  public private(set) var examples: [String: String] = [:]

  /// None.
  public init() {}

  /// How often something went wrong.
  public subscript(kind: LoadFailure) -> Int { counts[kind.rawValue] ?? 0 }
  /// Failures of the server.
  public var server: Int { total { !$0.isOwn } }
  /// Times the generator ran out of something.
  public var own: Int { total { $0.isOwn } }
  /// The kinds that happened, in the order of ``LoadFailure``.
  public var kinds: [LoadFailure] { LoadFailure.allCases.filter { self[$0] > 0 } }

  /// The first case of a kind, so that it can stand alone: what a call failed with says it all, and what came of a
  /// wait does not.
  func told(_ kind: LoadFailure) -> String {
    guard let example = examples[kind.rawValue] else { return kind.meaning }
    switch kind {
    case .noGreeting, .connectTimeout: return "\(kind.meaning) (\(example))"
    default: return example
    }
  }

  private func total(_ belongs: (LoadFailure) -> Bool) -> Int {
    LoadFailure.allCases.reduce(0) { $0 + (belongs($1) ? self[$1] : 0) }
  }

  /// Counts one, or several at once.
  mutating func add(
    _ kind: LoadFailure, count: Int = 1, _ example: @autoclosure () -> String
  ) {
    counts[kind.rawValue, default: 0] += count
    if examples[kind.rawValue] == nil { examples[kind.rawValue] = example() }
  }

  /// Adds those of another.
  public mutating func merge(_ other: LoadFailures) {
    counts.merge(other.counts) { $0 + $1 }
    examples.merge(other.examples) { first, _ in first }
  }
}
