import Dispatch
import Switchboard
import SwitchboardArticle
import SwitchboardBase

/// A step of one client in one lane.
struct ScriptedMoment {
  let model: Race.Model
  let client: Int
  let step: ScriptedStep
  let time: Duration
}

/// Runs a race: three servers on free loopback ports, and three scripted clients of so many connections
/// each, all in threads of this process.
///
/// - Parameters:
///   - clients: Connections of each client, at least one.
///   - progress: Told after each step, in the thread of the client it concerns.
/// - Throws: when a server cannot be started, or no client can connect.
public func runRace(
  clients: Int, progress: @escaping @Sendable (Race) -> Void = { _ in }
) throws(SystemError) -> Race {
  let course = RaceCourse(clients: clients, progress)
  let servers = try Race.Model.allCases.map { model throws(SystemError) in
    try RaceServer(model)
  }
  defer { for server in servers { server.end() } }
  var threads: [OwnedThread] = []
  for server in servers {
    guard let address = server.waitUntilReady() else { continue }
    threads.append(try OwnedThread { course.run(server.model, address) })
  }
  for thread in threads { thread.join() }
  if let failure = servers.compactMap(\.failure).first ?? course.failure { throw failure }
  return course.race
}

/// What is seen while it runs.
private final class RaceCourse: Sendable {
  private struct State {
    var race: Race
    var failure: SystemError?
  }

  private let state: Lock<State>
  private let progress: @Sendable (Race) -> Void
  /// Longer than any lane takes, be it with a hundred clients on a busy machine.
  private static let patience = Duration.seconds(60)

  init(clients: Int, _ progress: @escaping @Sendable (Race) -> Void) {
    state = Lock(State(race: Race(clients: clients)))
    self.progress = progress
  }

  var race: Race { state.withLock { $0.race } }
  var failure: SystemError? { state.withLock { $0.failure } }

  /// Runs a lane's clients, in the calling thread.
  func run(_ model: Race.Model, _ address: SocketAddress) {
    let system = Linux()
    let start = system.now()
    let pace = ScriptedPace(pauses: race.pauses, patience: RaceCourse.patience)
    do throws(SystemError) {
      _ = try runScriptedClient(
        connections: race.clients, to: [address], pace: pace, log: { _ in },
        tell: { [self] client, step in
          let time = system.now().since(start)
          note(ScriptedMoment(model: model, client: client, step: step, time: time))
        })
    } catch { state.withLock { $0.failure = $0.failure ?? error } }
  }

  private func note(_ moment: ScriptedMoment) {
    progress(
      state.withLock { state in
        state.race.note(moment)
        return state.race
      })
  }
}

/// A server of the race in a thread of its own.
private final class RaceServer: Sendable {
  private struct State {
    var handle: ServerHandle?
    var failure: SystemError?
  }

  let model: Race.Model
  private let state = Lock(State())
  private let isReady = DispatchSemaphore(value: 0)
  private let thread = Lock<OwnedThread?>(nil)

  init(_ model: Race.Model) throws(SystemError) {
    self.model = model
    let started = try OwnedThread { [self] in serve() }
    thread.withLock { $0 = started }
  }

  var failure: SystemError? { state.withLock { $0.failure } }

  private func serve() {
    var server = Server(on: [.loopback(port: 0)])
    server.backend =
      switch model {
      case .sequential: .sequential
      case .threads: .threads
      case .loop: .epoll
      }
    do throws(SystemError) {
      try server.run(
        ready: { handle in
          state.withLock { $0.handle = handle }
          isReady.signal()
        }, session: { FramesSession() })
    } catch {
      state.withLock { $0.failure = error }
      isReady.signal()
    }
  }

  /// Where it listens, or nil when it could not start.
  func waitUntilReady() -> SocketAddress? {
    isReady.wait()
    isReady.signal()
    return state.withLock { $0.handle?.addresses.first }
  }

  /// Ends it. Its clients have gone.
  func end() {
    _ = waitUntilReady()
    state.withLock { $0.handle }?.stop()
    thread.withLock { $0.take() }?.join()
  }
}
