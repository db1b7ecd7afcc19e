#if TestBench

import Switchboard

/// Runs conversations of several clients with a server whose connections share something, in simulated worlds,
/// and checks all that ``Switchboard/simulate(seed:faults:trace:_:)`` does, each byte against a model.
///
/// ```swift
/// try simulate(BoardModel(), clients: 3, seeds: 0..<100) { random in
///   (0..<10).map { _ in .client(random.within(1...3), BoardModel.anyRequest(&random)) }
/// } serving: { world in
///   let board = Board()
///   world.serve { BoardSession(board) }
/// }
/// ```
///
/// A seed decides about the conversation, the backend, latencies, segments and faults; the same one gives the
/// same run. Clients speak one after the other, so that the model knows what each gets: a request is sent when all
/// have what they must get by then, and the server has taken all that was sent. When a fault takes a connection
/// away, the conversation ends there, for what others get is not known then.
///
/// Of a failure ever more is taken away, requests first, then faults and clients, as long as it still fails in
/// this way.
///
/// - Parameters:
///   - model: What has to come back, before anybody has connected.
///   - clients: How many clients there are, at least 1.
///   - seeds: What decides everything that is left to chance, a run each.
///   - backends: What the loop may wait with; each seed has one of them, in turn.
///   - faults: What goes wrong.
///   - conversation: Makes up what clients send, with numbers that belong to the seed.
///   - serving: Says what is served, in a world of its own for each run: `world.serve { … }`, and the server's
///     options. It must not keep anything from one run to the next.
/// - Returns: how many bytes clients received and were checked.
/// - Throws: the first seed that fails, made small.
@discardableResult
public func simulate<Model: SharedModel>(
  _ model: Model, clients: Int, seeds: some Sequence<UInt64>,
  on backends: [SimulatedWorld.Backend] = SimulatedWorld.Backend.allCases,
  faults: Faults = .harsh, conversation: (inout SimulatedRandom) -> [Request],
  serving: @escaping (SimulatedWorld) -> Void
) throws(SharedFailure) -> Int {
  precondition(clients > 0 && !backends.isEmpty, "a conversation has a client and a backend")
  var bytes = 0
  for seed in seeds {
    // Its own, so that the world's stay as they are.
    var random = SimulatedRandom(seed: ~seed)
    let run = SharedRun(
      seed: seed, backend: backends[Int(seed % UInt64(backends.count))], clients: clients,
      requests: conversation(&random))
    run.check(model)
    switch run.run(model, faults, serving) {
    case .success(let report): bytes += report.bytes
    case .failure(let found):
      let smallest = found.shrunk(model, serving)
      throw SharedFailure(smallest, model: String(describing: Model.self))
    }
  }
  return bytes
}

/// One conversation of one seed.
struct SharedRun {
  /// How it failed.
  struct Found: Error {
    let run: SharedRun
    let failure: SimulationFailure
    let message: String
    /// Those that struck.
    var faults: [Fault] { failure.faults }
  }

  let seed: UInt64
  let backend: SimulatedWorld.Backend
  var clients: Int
  var requests: [Request]

  /// Ends the process where somebody speaks or is answered who is not there.
  func check(_ model: some SharedModel) {
    for request in requests {
      precondition(
        (1...clients).contains(request.client),
        "client \(request.client) speaks, of \(clients): they have numbers from 1 on")
    }
    if let stranger = SharedScript(model, clients: clients, requests).stranger {
      preconditionFailure(
        "the model answers client \(stranger), of \(clients): they have numbers from 1 on")
    }
  }

  func run(
    _ model: some SharedModel, _ faults: Faults, _ serving: (SimulatedWorld) -> Void
  ) -> Result<SimulationReport, Found> {
    let script = SharedScript(model, clients: clients, requests)
    let ears = Ears()
    do throws(SimulationFailure) {
      let report = try simulate(seed: seed, faults: faults) { world in
        serving(world)
        world.backend = backend
        world.heard = { ears.heard[$0, default: []] += $1 }
        script.describe(world)
      }
      return .success(report)
    } catch {
      let mistake = error.violation.isOfBytes ? script.mistake(in: ears.heard) : nil
      let message = mistake ?? error.violation.description
      return .failure(Found(run: self, failure: error, message: message))
    }
  }

  /// What clients have received.
  private final class Ears {
    var heard: [Int: [UInt8]] = [:]
  }
}

extension SharedRun.Found {
  /// The first half of the message: what a test of it is called.
  var title: String {
    let first = message.prefix { $0 != ";" && $0 != "(" }.filter { $0 != "`" }
    return (first.last == " " ? String(first.dropLast()) : first).replacing("\\n", with: "")
  }

  /// A smaller one that fails in the same way.
  func shrunk(_ model: some SharedModel, _ serving: (SimulatedWorld) -> Void) -> SharedRun.Found {
    var found = self
    var runs = 0
    func fails(_ run: SharedRun, _ faults: [Fault]) -> Bool {
      let script = SharedScript(model, clients: run.clients, run.requests)
      guard runs < Self.mostRuns, script.stranger == nil else { return false }
      runs += 1
      guard case .failure(let other) = run.run(model, .schedule(faults), serving),
        other.failure.violation.isLike(failure.violation)
      else { return false }
      found = other
      return true
    }
    _ = smallest(run.requests) { requests in
      var run = found.run
      run.requests = requests
      return fails(run, found.faults)
    }
    _ = smallest(found.faults) { fails(found.run, $0) }
    let needed = found.run.requests.map(\.client).max() ?? 1
    for clients in needed..<max(needed, found.run.clients) {
      var run = found.run
      run.clients = clients
      if fails(run, found.faults) { break }
    }
    return found
  }

  /// How often a conversation is run to find a smaller one.
  private static var mostRuns: Int { 2000 }
}

extension Violation {
  /// Whether it is about what a client received.
  fileprivate var isOfBytes: Bool {
    switch self {
    case .wrongByte, .missingBytes, .notFinished, .sleepsForEver: true
    default: false
    }
  }
}

#endif
