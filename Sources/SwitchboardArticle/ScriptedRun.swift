import Switchboard
import SwitchboardBase

/// What a run of the scripted client came to.
public struct ScriptedRun: Hashable, Sendable {
  /// Connections that followed the script to its end with every byte right.
  public var succeeded: Int
  /// Connections that did not.
  public var failed: Int
  /// From the first connection attempt to the last close.
  public var elapsed: Duration

  /// The last line of a client's transcript, in the article's form.
  public var elapsedLine: String { "Elapsed: \(Figures.fixed(elapsed.inSeconds, places: 3))" }
}

/// Runs the article's client against a server, to its end.
///
/// - Parameters:
///   - connections: How many at once, at least one.
///   - addresses: Where the server may be; the first that answers is used for all.
///   - header: Which header of the PROXY protocol each connection begins with, if any.
///   - pace: How long its pauses are.
///   - log: Gets every line.
///   - tell: Gets each connection's steps, by its number from 0 on.
/// - Throws: when no poller or descriptor can be had, or no connection can be made at all.
public func runScriptedClient(
  connections: Int, to addresses: [SocketAddress], header: ProxyHeader.Version? = nil,
  pace: ScriptedPace = .article,
  log: @escaping (String) -> Void, tell: @escaping (Int, ScriptedStep) -> Void = { _, _ in }
) throws(SystemError) -> ScriptedRun {
  let system = Linux()
  let address = firstReachable(addresses)
  var reactor = try Reactor(
    poller: Epoll(system: system),
    handler: ScriptedClient(pace: pace, header: header, log: log, tell: tell), system: system)
  let start = system.now()
  var begun = 0
  while begun < connections || !reactor.isFinished {
    while begun < connections, reactor.handler.greetingsAwaited < 512 {
      begun += 1
      do throws(SystemError) {
        let key = try reactor.connect(to: address)
        reactor.handler.began(key)
      } catch { reactor.handler.failedToBegin(error) }
    }
    if reactor.isFinished { continue }
    try reactor.turn()
  }
  return ScriptedRun(
    succeeded: connections - reactor.handler.failures, failed: reactor.handler.failures,
    elapsed: system.now().since(start))
}
