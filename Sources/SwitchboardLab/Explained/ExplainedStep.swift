import SwitchboardBase

/// One thing that happened in a run that is explained.
package struct ExplainedStep: Hashable, Sendable {
  /// What it was. The page's script knows them by their places.
  package enum Kind: Hashable, Sendable {
    /// A client begins to connect.
    case connects(client: Int)
    /// A client sends.
    case sends(client: Int, bytes: Int)
    /// A client receives.
    case receives(client: Int, bytes: Int)
    /// A client has all that it wanted, and leaves.
    case leaves(client: Int)
    /// A call of the server's has answered.
    case call(thread: Int, name: String, descriptor: Int?, answer: String)
    /// What a wait found, of how many descriptors that it watches.
    case ready(watched: Int, descriptors: [Int])
    /// An operation that a ring was given.
    case entry(name: String, on: Int)
    /// An operation of a ring has ended.
    case completion(result: Int)
    /// A session has begun.
    case opened(session: Int, client: Int)
    /// A session is given what its client has sent.
    case given(session: Int, bytes: Int)
    /// Its callback has returned.
    case returned(session: Int)
    /// A session is over.
    case closed(session: Int)
    /// Of a recording: the loop begins to wait.
    case waits
    /// Of a recording: a wait has found that a client has something.
    case isReady(client: Int, bytes: Int)
    /// Of a recording: that client has its turn.
    case turn(client: Int, bytes: Int)
    /// Of a recording: any callback, by its name.
    case callback(session: Int, name: String, bytes: Int)
  }

  /// Nanoseconds from the run's beginning.
  package var time: UInt64
  package var kind: Kind

  /// As the page has it: time, kind, and what belongs to the kind.
  var json: String {
    let fields: [String] =
      switch kind {
      case .connects(let client): ["0", "\(client)"]
      case .sends(let client, let bytes): ["1", "\(client)", "\(bytes)"]
      case .receives(let client, let bytes): ["2", "\(client)", "\(bytes)"]
      case .leaves(let client): ["3", "\(client)"]
      case .call(let thread, let name, let descriptor, let answer):
        ["4", "\(thread)", "\"\(name)\"", "\(descriptor ?? -1)", "\"\(answer)\""]
      case .ready(let watched, let descriptors): ["5", "\(watched)", "\(descriptors)"]
      case .entry(let name, let place): ["6", "\"\(name)\"", "\(place)"]
      case .completion(let result): ["7", "\(result)"]
      case .opened(let session, let client): ["8", "\(session)", "\(client)"]
      case .given(let session, let bytes): ["9", "\(session)", "\(bytes)"]
      case .returned(let session): ["10", "\(session)"]
      case .closed(let session): ["11", "\(session)"]
      case .waits: ["12"]
      case .isReady(let client, let bytes): ["1", "\(client)", "\(bytes)"]
      case .turn(let client, let bytes): ["2", "\(client)", "\(bytes)"]
      case .callback(let session, let name, let bytes):
        ["9", "\(session)", "\(bytes)", "\"\(name)\""]
      }
    return "[\(time),\(fields.joined(separator: ","))]"
  }
}

/// A run that is explained: how it was served, and what happened.
package struct ExplainedRun: Hashable, Sendable {
  /// A way to serve, in the article's order.
  package enum Model: String, CaseIterable, Sendable {
    case sequential, threads, select, poll, epoll
    case ioUring = "io_uring"
  }

  package var model: Model
  package var steps: [ExplainedStep]
  /// Of the simulation: a number made of every call, its answer and its time. Nil of a model's.
  package var digest: UInt64?

  var json: String {
    let digest = digest.map { "\"\(String($0, radix: 16))\"" } ?? "null"
    return "{\"model\":\"\(model.rawValue)\",\"digest\":\(digest),"
      + "\"steps\":[\(steps.map(\.json).joined(separator: ","))]}"
  }
}
