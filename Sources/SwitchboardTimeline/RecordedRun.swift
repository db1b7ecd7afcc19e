import Dispatch
import Switchboard
import SwitchboardArticle

/// A run of the scripted client against a server in the same process, and what the server's thread
/// did meanwhile.
public struct RecordedRun: Sendable {
  /// What the client found.
  public let client: ScriptedRun
  /// What the server did.
  public let server: Recording
}

/// Starts the frames server on a free loopback port in a thread of its own, waiting with epoll,
/// runs the scripted client against it in the calling thread, and ends the server.
///
/// - Parameters:
///   - connections: How many clients, at least one.
///   - ready: Gets the server's address before the clients start.
///   - log: Gets every line of the clients.
public func runRecorded(
  connections: Int, ready: (SocketAddress) -> Void, log: @escaping (String) -> Void
) throws(SystemError) -> RecordedRun {
  let server = ServerThread()
  let thread = try LoopThread { server.run(expecting: connections) }
  let started = server.waitUntilReady()
  guard let started else {
    thread.join()
    throw server.failure ?? SystemError(.startThread, Errno(rawValue: 11))
  }
  ready(started.address)
  let client: Result<ScriptedRun, SystemError>
  do throws(SystemError) {
    client = .success(
      try runScriptedClient(connections: connections, to: [started.address], log: log))
  } catch { client = .failure(error) }
  // The clients have gone, so the drain finds nobody: it only ends the loop.
  started.waker.drain()
  thread.join()
  if let failure = server.failure { throw failure }
  return RecordedRun(client: try client.get(), server: server.recording)
}

/// A server in a thread, and what it tells the thread that started it.
private final class ServerThread: Sendable {
  struct Started: Sendable {
    let address: SocketAddress
    let waker: Waker<Linux>
  }
  private struct State {
    var started: Started?
    var failure: SystemError?
    var recording = Recording()
  }

  private let state = Lock(State())
  private let isReady = DispatchSemaphore(value: 0)

  var failure: SystemError? { state.withLock { $0.failure } }
  var recording: Recording { state.withLock { $0.recording } }

  func run(expecting connections: Int) {
    // A connection makes a dozen callbacks; room for replies that come in pieces.
    let recorder = Recorder(
      FramesServer<Linux>(), capacity: 64 * (connections + 1), system: Linux())
    var service = FramesService(on: [.loopback(port: 0)])
    service.drainsOnSignals = false
    do throws(SystemError) {
      let ended = try service.run(recorder, waitingWith: Epoll.self) { addresses, waker in
        state.withLock { $0.started = Started(address: addresses[0], waker: waker) }
        isReady.signal()
      }
      let recording = ended.finish()
      state.withLock { $0.recording = recording }
    } catch {
      state.withLock { $0.failure = error }
      isReady.signal()
    }
  }

  /// Where the server listens, or nil when it could not start.
  func waitUntilReady() -> Started? {
    isReady.wait()
    return state.withLock { $0.started }
  }
}
