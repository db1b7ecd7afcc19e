import Switchboard
import SwitchboardBase

/// The same clients, served in three ways at the same time: who waited for whom, as the clients saw it.
public struct Race: Hashable, Sendable {
  /// A way to serve.
  public enum Model: String, CaseIterable, Sendable {
    /// One client after the other, in one thread.
    case sequential
    /// A thread for each client.
    case threads
    /// All clients in one thread that never blocks.
    case loop
  }

  /// What a client saw, counted from the beginning of its race.
  public struct Runner: Hashable, Sendable {
    /// When it began to connect.
    public var begun: Duration?
    /// When the server greeted it; until then it waited in the kernel's queue.
    public var greeted: Duration?
    /// When replies, or parts of them, came.
    public var answers: [Duration] = []
    /// When it had disconnected.
    public var ended: Duration?
    /// Whether it did not get what it should.
    public var hasFailed = false

    /// A client that has not begun.
    public init() {}

    /// How long it waited for the server's attention.
    public var waited: Duration {
      guard let begun else { return .zero }
      return (greeted ?? ended ?? begun) - begun
    }
  }

  /// One of the three.
  public struct Lane: Hashable, Sendable {
    /// How its server serves.
    public let model: Model
    /// Its clients, in the order of their beginning.
    public var runners: [Runner]

    /// A lane before the race.
    public init(_ model: Model, clients: Int) {
      self.model = model
      runners = Array(repeating: Runner(), count: clients)
    }

    /// When its last client had disconnected.
    public var elapsed: Duration { runners.compactMap(\.ended).max() ?? .zero }
    /// How long its clients waited, all together.
    public var waited: Duration { runners.reduce(.zero) { $0 + $1.waited } }
    /// Clients that did not get what they should.
    public var failures: Int { runners.count { $0.hasFailed || $0.ended == nil } }

    /// What it is called.
    public var name: String {
      switch model {
      case .sequential: "One client at a time"
      case .threads: "A thread for each client"
      case .loop: "One event loop for all"
      }
    }
    /// The threads of its server, in words.
    public var threads: String {
      switch model {
      case .sequential, .loop: "1 thread"
      case .threads: Figures.counted(runners.count + 1, "thread")
      }
    }
  }

  /// Its lanes, in the order of ``Model``.
  public var lanes: [Lane]
  /// How long the article's pauses were, as a share of what they are there.
  public var pauses: Double

  /// A race before its beginning: the pauses are so much shorter than the article's that the slowest lane
  /// takes about as long as one of the article's clients does.
  public init(clients: Int) {
    lanes = Model.allCases.map { Lane($0, clients: max(1, clients)) }
    pauses = 1 / Double(max(1, clients))
  }

  /// When the last lane was done.
  public var elapsed: Duration { lanes.map(\.elapsed).max() ?? .zero }
  /// Clients in each lane.
  public var clients: Int { lanes.first?.runners.count ?? 0 }

  /// A step of a client's.
  mutating func note(_ step: ScriptedMoment) {
    guard let lane = lanes.firstIndex(where: { $0.model == step.model }),
      lanes[lane].runners.indices.contains(step.client)
    else { return }
    switch step.step {
    case .begun: lanes[lane].runners[step.client].begun = step.time
    case .greeted: lanes[lane].runners[step.client].greeted = step.time
    case .sent: break
    case .replied: lanes[lane].runners[step.client].answers.append(step.time)
    case .over: lanes[lane].runners[step.client].ended = step.time
    case .failed:
      lanes[lane].runners[step.client].ended = step.time
      lanes[lane].runners[step.client].hasFailed = true
    }
  }
}
