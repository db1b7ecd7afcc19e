import Foundation
import Testing

/// The rules of the trace event format, as "Trace Event Format" of the Chromium project has them.
struct TraceCheck {
  private struct Thread: Hashable {
    let process: Int
    let number: Int
  }
  /// A complete event, in nanoseconds.
  private struct Span {
    let name: String
    let start: Int
    let end: Int
  }

  private let events: [[String: Any]]
  private var processes: Set<Int> = []
  private var named: Set<Thread> = []
  private var spans: [Thread: [Span]] = [:]

  init(_ data: Data) throws {
    let trace = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    events = try #require(trace["traceEvents"] as? [[String: Any]])
    for event in events { try add(event) }
  }

  /// Every event has its phase, time, process and thread; a complete one its length, too.
  private mutating func add(_ event: [String: Any]) throws {
    let name = try #require(event["name"] as? String)
    let thread = Thread(
      process: try #require(event["pid"] as? Int), number: try #require(event["tid"] as? Int))
    let start = try #require(event["ts"] as? Double)
    #expect(start >= 0)
    let arguments = try #require(event["args"] as? [String: Any])
    switch event["ph"] as? String {
    case "M":
      switch name {
      case "process_name", "thread_name":
        #expect((arguments["name"] as? String)?.isEmpty == false)
        if name == "process_name" { processes.insert(thread.process) } else { named.insert(thread) }
      case "thread_sort_index": #expect(arguments["sort_index"] is Int)
      default: Issue.record("no metadata is called \(name)")
      }
    case "X":
      let length = try #require(event["dur"] as? Double)
      #expect(length >= 0)
      #expect((event["cat"] as? String)?.isEmpty == false)
      let nanoseconds = Int((start * 1000).rounded())
      spans[thread, default: []].append(
        Span(name: name, start: nanoseconds, end: nanoseconds + Int((length * 1000).rounded())))
    case let phase: Issue.record("phase \(phase ?? "missing")")
    }
  }

  /// What is used is named, what overlaps lies within, and all callbacks of the script are there.
  func check() throws {
    #expect(Set(spans.keys).isSubset(of: named), "every thread has a name")
    #expect(Set(spans.keys.map(\.process)) == processes, "every process has a name")
    for (thread, spans) in spans { checkNesting(spans, of: thread) }
    let names = Dictionary(grouping: spans.values.joined(), by: \.name).mapValues(\.count)
    // Each callback is in the loop's row and in the client's.
    #expect(names["opened"] == 6 && names["closed"] == 6 && names["connection"] == 3)
    #expect(names["received"] ?? 0 >= 12)
    #expect(names["wait"] ?? 0 > 0)
  }

  /// Events of a thread are within one another or apart: viewers draw others wrongly.
  private func checkNesting(_ spans: [Span], of thread: Thread) {
    var open: [Span] = []
    for span in spans.sorted(by: { ($0.start, -$0.end) < ($1.start, -$1.end) }) {
      while let last = open.last, last.end <= span.start { open.removeLast() }
      if let last = open.last {
        #expect(
          span.end <= last.end, "\(span.name) begins in \(last.name) of \(thread), ends after")
      }
      open.append(span)
    }
  }
}
