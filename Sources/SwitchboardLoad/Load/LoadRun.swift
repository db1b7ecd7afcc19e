import Glibc
import Switchboard

/// Puts load on servers and measures what comes of it.
///
/// ```swift
/// var options = LoadOptions(on: [.loopback(port: 9090)])
/// options.connections = 64
/// options.duration = .seconds(5)
/// let result = try LoadRun(options).run()
/// print(result.rate, result.latency.percentile(99))
/// ```
///
/// The connections belong to threads that ``run(whenConnected:progress:)`` starts; the thread that
/// calls it waits. Call `Linux().raiseDescriptorLimit()` before for more than a thousand.
public final class LoadRun: Sendable {
  /// What was asked for.
  public let options: LoadOptions
  private let control = LoadControl()

  /// A run to come; nothing happens yet.
  public init(_ options: LoadOptions) { self.options = options }

  /// Ends the run early: what was measured until then is the result. Any thread, and a signal
  /// handler.
  public func stop() { control.isStopped.store(true, ordering: .relaxed) }

  /// The requests that were kept, when the run is over.
  package var traces: RequestTraces { RequestTraces(merging: control.finished.map(\.traces)) }

  /// Connects, loads, measures, and answers when everything is over.
  ///
  /// - Parameters:
  ///   - whenConnected: Called in this thread when the connections stand, before the first request;
  ///     the load begins when it returns.
  ///   - whenMeasured: Called in this thread when everything is measured, while the connections
  ///     still stand; they are closed when it returns.
  ///   - progress: Called in this thread every second, and while connections are made.
  /// - Throws: ``LoadError`` when the options contradict each other or nobody answers there, and
  ///   `SystemError` when threads or descriptors are lacking at the start.
  public func run(
    whenConnected: () -> Void = {}, whenMeasured: () -> Void = {},
    progress: (LoadProgress) -> Void = { _ in }
  ) throws -> LoadResult {
    if let mistake = options.mistake { throw LoadError.mistake(mistake) }
    try checkSources()
    let loops = try LoadLoops(options, control)
    let stands = connect(progress)
    let connected = control.connected.load(ordering: .relaxed)
    if stands {
      whenConnected()
      control.begin.store(Linux().now().nanoseconds + 1_000_000, ordering: .releasing)
    } else {
      stop()
    }
    var series = LoadSeries(threads: options.threads)
    while !control.areSettled(options.threads) {
      control.waitForNews()
      series.take(control.takeIntervals(), progress)
    }
    if stands { whenMeasured() }
    control.isReleased.store(true, ordering: .releasing)
    while !control.areFinished(options.threads) { control.waitForNews() }
    let error = loops.end()
    series.take(control.takeIntervals(), progress)
    let shares = control.finished
    var result = LoadResult(options, shares, series.finish(), connected: connected)
    result.isEndedEarly = control.isStopped.load(ordering: .relaxed)
    if let error { throw error }
    let isHindered = connected == 0 || !stands && result.failures.own > 0
    if isHindered, !result.failures.kinds.isEmpty { throw LoadError.nobody(result.failures) }
    if !stands { throw LoadError.stopped }
    return result
  }

  /// An address that is not this machine's would look like ports that have run out.
  private func checkSources() throws {
    let system = Linux()
    for source in options.sources {
      let made = system.socket(source.family)
      guard made.isSuccess else { continue }
      let socket = Socket(adopting: Descriptor(rawValue: Int32(made.value)), system: system)
      guard system.bind(socket.descriptor, to: source).errno?.symbol == "EADDRNOTAVAIL" else {
        continue
      }
      let host = "\(source)".dropLast(2)
      throw LoadError.mistake(
        "'\(host)' is no address of this machine: give one that 'ip address' shows")
    }
  }

  /// Waits until every connection stands or has failed once; false when none stands.
  private func connect(_ progress: (LoadProgress) -> Void) -> Bool {
    let all = options.connections + options.idle
    var told = 0
    while control.attempted.load(ordering: .acquiring) < all {
      if control.isStopped.load(ordering: .relaxed) { return false }
      if control.areSettled(options.threads) { return false }
      usleep(1000)
      told += 1
      guard told % 250 == 0 else { continue }
      progress(
        .connecting(
          done: control.connected.load(ordering: .relaxed), of: all,
          failures: control.earlyFailures.server + control.earlyFailures.own))
    }
    return control.connected.load(ordering: .relaxed) > 0
  }
}

/// Why a run did not come about.
public enum LoadError: Error, Sendable, CustomStringConvertible {
  /// The options contradict each other.
  case mistake(String)
  /// Not one connection could be made.
  case nobody(LoadFailures)
  /// It was ended while connections were being made.
  case stopped

  /// One line with the next action.
  public var description: String {
    switch self {
    case .mistake(let text): return text
    case .stopped:
      return "ended before the load began, and nothing was measured: let it connect first"
    case .nobody(let failures):
      guard let kind = failures.kinds.first else { return "no connection could be made" }
      return "no connection could be made: \(failures.told(kind)); \(kind.advice)"
    }
  }
}

/// The loops with the load on them: those of a server that listens nowhere.
private final class LoadLoops {
  private var thread: LoopThread?
  private let outcome = Outcome()

  private final class Outcome: Sendable {
    private let state = Lock<(handle: ServerHandle?, error: SystemError?)>((nil, nil))
    var handle: ServerHandle? { state.withLock { $0.handle } }
    var error: SystemError? { state.withLock { $0.error } }
    func began(_ handle: ServerHandle) { state.withLock { $0.handle = handle } }
    func failed(_ error: SystemError) { state.withLock { $0.error = error } }
  }

  init(_ options: LoadOptions, _ control: LoadControl) throws(SystemError) {
    let (tape, sources) = (LoadTape(options), options.allSources)
    var server = Server()
    (server.backend, server.loops) = (options.backend, options.threads)
    // Servers are measured that send replies while they are sent requests, however many.
    server.options.highWatermark = .max
    server.options.outboxLimit = .max
    server.options.totalOutboxLimit = .max
    server.connects(as: LoadSession.self)
    server.pace { loop in
      let number = control.takeNumber()
      return LoadClient(
        LoadLoop(options, tape: tape, sources: sources, number: number, control: control), on: loop,
        behind: options.filter)
    }
    let (loops, outcome) = (server, outcome)
    thread = try LoopThread {
      do throws(SystemError) {
        try loops.run(ready: { outcome.began($0) })
      } catch {
        outcome.failed(error)
        control.breakOff()
      }
    }
  }

  /// Ends them, and tells what had ended them before.
  func end() -> SystemError? {
    outcome.handle?.stop()
    thread.take()?.join()
    return outcome.error
  }
}
