#if TestBench

/// What a simulation found to be wrong.
public enum Violation: Hashable, Sendable, CustomStringConvertible {
  /// A client received a byte that the model does not have there.
  case wrongByte(client: Int, offset: Int, wanted: UInt8?, got: UInt8)
  /// A connection ended although nothing had happened to it, so many bytes too early.
  case missingBytes(client: Int, got: Int, wanted: Int)
  /// A connection broke although nothing had happened to it.
  case broke(client: Int, how: String)
  /// Work was not done within the limit of virtual time.
  case notFinished(clients: [Int])
  /// The loop waits, and nothing is left that could wake it.
  case sleepsForEver
  /// The loop goes round without doing anything.
  case spins(turns: Int)
  /// A descriptor was closed that was not open.
  case closedTwice(Descriptor)
  /// So many descriptors were open at the end.
  case leakedDescriptors(Int)
  /// Something of the loop was left at the end.
  case leftOver(String)
  /// A session was called in a way that the contract does not allow.
  case sessionContract(String)
  /// A backend asked the kernel for something that it must not.
  case backendContract(String)
  /// A timer went off before its time.
  case earlyTimer(nanoseconds: UInt64)
  /// A timer went off much after its time, and nothing had held it up.
  case lateTimer(nanoseconds: UInt64)
  /// More was done in one turn than may be.
  case budget(String)
  /// What the loop counts and remembers does not agree with what is so, after a turn.
  case disagreement(String)
  /// More is held than an option allows.
  case limit(String)
  /// A client was turned away although there was room for it.
  case refused(client: Int)
  /// Somebody was passed over for so many turns, while others were served.
  case passedOver(String, turns: Int)
  /// The loop told its operator what is not so.
  case told(String)
  /// The loop ended with an error.
  case loopFailed(SystemError)
  /// More calls were made than any scenario needs.
  case tooManyCalls(Int)

  /// One line.
  public var description: String {
    switch self {
    case .wrongByte(let client, let offset, let wanted, let got):
      "client \(client) received \(got) at offset \(offset), where "
        + (wanted.map { "\($0) belongs" } ?? "nothing more belongs")
    case .missingBytes(let client, let got, let wanted):
      "client \(client)'s connection ended after \(got) of \(wanted) bytes"
    case .broke(let client, let how):
      "client \(client)'s connection broke without a cause: \(how)"
    case .notFinished(let clients):
      "not finished in time: client \(clients.prefix(8).map(String.init).joined(separator: ", "))"
    case .sleepsForEver: "the loop sleeps and nothing will wake it"
    case .spins(let turns): "the loop went round \(turns) times without doing anything"
    case .closedTwice(let descriptor): "descriptor \(descriptor) was closed, and was not open"
    case .leakedDescriptors(let count): "\(count) descriptors are open at the end"
    case .leftOver(let what): "left at the end: \(what)"
    case .sessionContract(let what): "a session was \(what)"
    case .backendContract(let what): "the backend has \(what)"
    case .earlyTimer(let early): "a timer went off \(early) ns early"
    case .lateTimer(let late): "a timer went off \(late) ns late, and nothing held it up"
    case .budget(let what): "the budget of a turn was exceeded: \(what)"
    case .disagreement(let what): "after a turn: \(what)"
    case .limit(let what): "a limit was not kept: \(what)"
    case .refused(let client): "client \(client) was turned away although there was room"
    case .passedOver(let who, let turns):
      "\(who) was passed over for \(turns) turns in which others were served"
    case .told(let what): "the operator was told \(what)"
    case .loopFailed(let error): "the loop ended: \(error)"
    case .tooManyCalls(let count):
      "\(count) calls, more than any scenario needs: it goes in circles"
    }
  }
}

/// A seed that failed.
public struct SimulationFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong.
  public let violation: Violation
  /// The seed.
  public let seed: UInt64
  /// What the loop waited with.
  public let backend: SimulatedWorld.Backend
  /// When it was seen, in nanoseconds of virtual time from the start.
  public let time: UInt64
  /// The faults that had struck, in order.
  public let faults: [Fault]

  /// What was wrong, and how to see it again.
  public var description: String {
    "seed \(seed) (\(backend.rawValue)) failed after \(time / 1_000_000) ms: \(violation); \(faults.count)"
      + " faults had struck. To replay: simulate(seed: \(seed), ...) with the same faults and body"
  }
}

#endif
