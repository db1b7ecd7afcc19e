import SwitchboardBase

/// Where slow requests spent their time, and for comparison those in the middle: what a load saw of them, and what its
/// server wrote down of the same requests.
public struct LoadSpans: Sendable, Codable, Hashable {
  /// A part of a request's time. All of them in their order are the whole, from when it was due until it was answered.
  public enum Kind: String, CaseIterable, Sendable, Codable {
    /// From when it was due until the generator sent it; nothing in a closed loop.
    case late
    /// The generator's own call, the kernel's work, and the wait that brought the request: until the loop could know
    /// of it.
    case there
    /// The loop was busy with others, before it asked the kernel and after, its calls to receive among it.
    case loop
    /// Callbacks.
    case handler
    /// From one of its callbacks to the next: the rest of the request was still to come, or the answer was made
    /// elsewhere.
    case between
    /// From the end of the callback until the kernel had taken the answer.
    case writing
    /// The kernel's work, and the generator's until it read the answer.
    case back
  }

  /// Some requests, on average.
  public struct Group: Sendable, Codable, Hashable {
    /// How many.
    public var count: Int
    /// Each kind's part, in nanoseconds, in the order of the kinds.
    public var nanoseconds: [Double]

    /// What one kind took, in seconds.
    public func seconds(_ kind: Kind) -> Double {
      let place = Kind.allCases.firstIndex(of: kind) ?? 0
      return nanoseconds.indices.contains(place) ? nanoseconds[place] / 1e9 : 0
    }
    /// What all of it took, in seconds.
    public var seconds: Double { nanoseconds.reduce(0, +) / 1e9 }
    /// What took most.
    public var largest: Kind { Kind.allCases.max { seconds($0) < seconds($1) } ?? .there }
  }

  /// Requests that were looked for in the recording, and those that were found.
  public var sought = 0
  public var found = 0
  /// A tenth of the requests around the median.
  public var middle: Group?
  /// The slowest hundredth, since they were sent.
  public var tail: Group?
  /// Why nothing can be said, with what to do; nil where something is.
  public var reason: String?

  /// Nothing can be said.
  package init(reason: String) { self.reason = reason }

  init(sought: Int, found: Int, middle: Group?, tail: Group?) {
    (self.sought, self.found, self.middle, self.tail) = (sought, found, middle, tail)
  }

  var isPlausible: Bool {
    let groups = [middle, tail].compactMap(\.self)
    return [sought, found].allSatisfy(LoadResult.isCount)
      && LoadResult.isWord(("", reason ?? ""))
      && groups.allSatisfy { group in
        LoadResult.isCount(group.count) && group.nanoseconds.count == Kind.allCases.count
          && group.nanoseconds.allSatisfy { (0...1e16).contains($0) }
      }
  }
}

extension LoadSpans {
  /// The finding in a sentence, or why there is none.
  package var sentence: String {
    guard let tail else { return reason ?? "Nothing is known." }
    let times = [tail.seconds, tail.seconds(tail.largest)].map(LoadSpans.time)
    return
      "Of \(times[0]), the average of the slowest hundredth, \(times[1]) were spent \(tail.largest.phrase)."
  }

  /// On how much it rests.
  package var basis: String {
    let missing = sought - found
    let head =
      "\(Figures.counted(found, "request")) of the load, found one by one in the server's recording"
    return missing > 0 ? head + "; \(Figures.grouped(missing)) more are not in it" : head
  }

  /// The groups that there are, with what they are called.
  package var groups: [(name: String, group: Group)] {
    [("around the median", middle), ("slowest hundredth", tail)].compactMap { name, group in
      group.map { (name, $0) }
    }
  }

  /// The kinds of which there is anything to be seen.
  package var kinds: [Kind] {
    Kind.allCases.filter { kind in
      groups.contains { $0.group.seconds(kind) >= LoadSpans.leastShown }
    }
  }

  /// What is written as no time at all is below it, in seconds.
  private static let leastShown = 5e-8

  package static func time(_ seconds: Double) -> String {
    Figures.brief(.nanoseconds(Int64(max(0, min(9e18, seconds * 1e9)))))
  }
}

extension LoadSpans.Kind {
  /// What a column, or a colour, is called.
  package var name: String {
    switch self {
    case .late: "client late"
    case .there: "client and kernel, there"
    case .loop: "waiting for the loop"
    case .handler: "handler"
    case .between: "between callbacks"
    case .writing: "waiting to write"
    case .back: "kernel and client, back"
    }
  }

  /// Where the time was spent.
  var phrase: String {
    switch self {
    case .late: "before the client sent them"
    case .there: "on the way there, in client and kernel"
    case .loop: "waiting for the loop"
    case .handler: "in the handler"
    case .between: "between callbacks, for more input or an answer made elsewhere"
    case .writing: "waiting to write"
    case .back: "on the way back, in kernel and client"
    }
  }
}
