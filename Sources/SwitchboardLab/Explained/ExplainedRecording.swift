import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// What a loop of a real server did, as steps: all that was recorded, and nothing else.
struct ExplainedRecording {
  /// Callbacks that a page plays; a part of a long recording is chosen before.
  static let mostCallbacks = 600
  /// Clients with a row in the picture.
  static let mostRows = 24

  /// The loop that is shown.
  let loop: Int
  /// What happened, in order.
  private(set) var steps: [ExplainedStep] = []
  /// What the clients are called, from 1 on in the order in which they have their rows.
  private(set) var names: [String] = []
  /// Callbacks of the loop that are not played.
  let leftOut: Int

  private let begin: Instant
  private var clients: [ConnectionName: Int] = [:]

  init(_ recording: Recording) {
    let loop = recording.callbacks.first?.connection.loop ?? recording.waits.first?.loop ?? 0
    let all = recording.callbacks.filter { $0.connection.loop == loop }
    let callbacks = all.prefix(Self.mostCallbacks)
    let first = callbacks.first?.start ?? Instant(nanoseconds: 0)
    let before = recording.waits.last { $0.loop == loop && $0.end <= first }
    self.loop = loop
    leftOut = all.count - callbacks.count
    begin = before?.end ?? first
    let end = callbacks.map(\.sentBy).max() ?? begin
    let waits = recording.waits.filter { $0.loop == loop && $0.end >= begin && $0.start <= end }
    for callback in callbacks where clients[callback.connection] == nil {
      names.append("conn\(recording.numbers[callback.connection] ?? names.count)")
      clients[callback.connection] = names.count
    }
    for wait in waits { add(wait, Self.call(recording.backend)) }
    for send in recording.sends where send.start >= begin && send.end <= end { add(send) }
    add(callbacks, waits)
    let sorted = steps.enumerated().sorted {
      ($0.element.time, $0.offset) < ($1.element.time, $1.offset)
    }
    steps = sorted.map(\.element)
  }

  /// What a loop waits in.
  private static func call(_ backend: String) -> String {
    switch backend {
    case "epoll": "epoll_wait"
    case "io_uring": "io_uring_enter"
    default: backend
    }
  }

  private mutating func note(_ moment: Instant, _ kind: ExplainedStep.Kind) {
    let time = moment.nanoseconds - min(begin, moment).nanoseconds
    steps.append(ExplainedStep(time: time, kind: kind))
  }

  private mutating func add(_ wait: WaitRecord, _ call: String) {
    if wait.start >= begin { note(wait.start, .waits) }
    note(
      wait.end, .call(thread: 0, name: call, descriptor: nil, answer: "\(wait.completions)"))
  }

  private mutating func add(_ send: SendRecord) {
    guard clients[send.connection] != nil else { return }
    note(send.end, .call(thread: 0, name: "send", descriptor: nil, answer: "\(send.bytes)"))
  }

  private mutating func add(_ callbacks: ArraySlice<CallbackRecord>, _ waits: [WaitRecord]) {
    var passed = 0
    for callback in callbacks {
      guard let client = clients[callback.connection] else { continue }
      while passed < waits.count, waits[passed].end <= callback.start { passed += 1 }
      let ready = passed > 0 ? waits[passed - 1].end : nil
      if let ready, [.receive, .ended, .drained, .connected].contains(callback.kind) {
        note(ready, .isReady(client: client, bytes: Int(callback.received)))
        note(callback.start, .turn(client: client, bytes: Int(callback.received)))
      }
      add(callback, client)
    }
  }

  private mutating func add(_ callback: CallbackRecord, _ client: Int) {
    if callback.kind == .connected {
      note(callback.start, .opened(session: client, client: client))
    }
    note(
      callback.start,
      .callback(session: client, name: callback.kind.method, bytes: Int(callback.received)))
    note(callback.end, .returned(session: client))
    if callback.sending > 0 {
      note(
        callback.sentBy,
        .call(thread: 0, name: "send", descriptor: nil, answer: "\(callback.sent)"))
    }
    if callback.kind == .closed { note(callback.end, .closed(session: client)) }
  }

  /// As the page has it: a scenario with one run.
  func json(_ model: ExplainedRun.Model) -> String {
    "{\"clients\":\(min(names.count, Self.mostRows)),\"idle\":0,\"slow\":0,\"deaf\":0,"
      + "\"recorded\":true,\"names\":[\(names.map { "\"\($0)\"" }.joined(separator: ","))],"
      + "\"runs\":[{\"model\":\"\(model.rawValue)\",\"digest\":null,\"recorded\":true,"
      + "\"steps\":[\(steps.map(\.json).joined(separator: ","))]}]}"
  }
}
