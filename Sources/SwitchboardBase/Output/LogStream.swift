import Dispatch
import Glibc
import Switchboard

/// Lines of a server on their way to one file, pipe or terminal. Whoever writes one never waits: it is
/// queued, and a thread of its own writes. What finds no room in the queue, or cannot be written, is
/// counted, and the count is written when something can be.
final class LogStream: Sendable {
  fileprivate struct Line {
    let descriptor: Int32
    let text: String
    /// How many lines of a server it stands for: one that tells of lines that are missing, for those.
    var stands = 1
    var size: Int { text.utf8.count + 1 }
  }

  fileprivate struct State {
    var lines: [Line] = []
    /// These, and those that are being written.
    var waiting = (lines: 0, bytes: 0)
    /// Lines that found no room since the last one that did, and where the last of them was to go.
    var dropped = (lines: 0, descriptor: Int32(2))
    /// Lines that could not be written since the last time that something could.
    var unwritten = 0
    /// Whether what was written last ends within a line.
    var isTorn = false
    var isWriting = false
    /// Whether the writer found nothing to write, and is to be woken by the next line.
    var isAsleep = false
    /// Whether the writer is to go on at once.
    var isHurried = false
  }

  /// How much may wait, in bytes: some ten thousand lines.
  private let limit: Int
  private let state = Lock(State())
  /// The writer is woken: from its sleep, or, where there is hurry, from gathering.
  private let wakes = DispatchSemaphore(value: 0)
  /// Something has been written, or could not be.
  private let hasMoved = DispatchSemaphore(value: 0)
  /// Called each time that writing begins to fail.
  private let tell: @Sendable (Errno) -> Void

  /// How much is written at once, in bytes, and the rest of its last line: what the smallest pipe holds
  /// (`PIPE_BUF`). A reader who is slow is seen to read with each.
  private static let mostAtOnce = 4096
  /// After it has written, a writer lets lines gather for so long. Woken by each one, it would take more of
  /// the processor than the connection does of which the line tells.
  private static let gathering = DispatchTimeInterval.milliseconds(5)

  init(limit: Int = 1 << 20, tell: @escaping @Sendable (Errno) -> Void = { _ in }) {
    (self.limit, self.tell) = (limit, tell)
  }

  /// Takes a line over. Any thread.
  func add(_ text: String, to descriptor: Int32) {
    let line = Line(descriptor: descriptor, text: text)
    let (isQueued, isWoken) = state.withLock { state in
      guard state.waiting.bytes + line.size <= limit else {
        state.dropped = (state.dropped.lines + 1, descriptor)
        return (state.isWriting, state.wake())
      }
      state.noteDropped()
      state.queue(line)
      if !state.isWriting { start(&state) }
      let isMuch = state.waiting.bytes > limit / 2
      return (state.isWriting, isMuch ? state.hurry() : state.wake())
    }
    if isWoken { wakes.signal() }
    // Where no thread can be had, what can be written without waiting is.
    if !isQueued { _ = writeOnce(while: { false }) }
  }

  /// Whether its thread lives.
  var isWriting: Bool { state.withLock { $0.isWriting } }

  private func start(_ state: inout State) {
    do throws(SystemError) {
      // Nobody awaits its end: where nobody reads, it may be stuck for ever.
      try LoopThread { [self] in write() }.detach()
      state.isWriting = true
    } catch {
      state.isWriting = false
    }
  }

  /// The thread: writes until there has been nothing to write for a while. Then it ends, so that a
  /// server at rest has the threads that it serves with.
  private func write() {
    while true {
      if writeOnce() {
        gather()
      } else if state.withLock({ $0.fallAsleep() }),
        wakes.wait(timeout: .now() + .milliseconds(100)) == .timedOut,
        state.withLock({ $0.endWriting() })
      {
        return
      }
    }
  }

  /// Lets some lines come together, unless there is hurry.
  private func gather() {
    if !state.withLock({ $0.isHurried }) { _ = wakes.wait(timeout: .now() + LogStream.gathering) }
    state.withLock { $0.isHurried = false }
  }

  /// Writes what is queued; false if nothing is.
  private func writeOnce(while isPatient: (() -> Bool)? = nil) -> Bool {
    let lines = state.withLock { state in
      state.noteDropped()
      defer { state.lines = [] }
      return state.lines
    }
    var place = 0
    while place < lines.count {
      let first = place
      var size = 0
      while place < lines.count, lines[place].descriptor == lines[first].descriptor,
        size < LogStream.mostAtOnce
      {
        size += lines[place].size
        place += 1
      }
      write(lines[first..<place], size, while: isPatient)
    }
    return !lines.isEmpty
  }

  private func write(_ lines: ArraySlice<Line>, _ size: Int, while isPatient: (() -> Bool)?) {
    guard let descriptor = lines.first?.descriptor else { return }
    let (unwritten, isTorn) = state.withLock { ($0.unwritten, $0.isTorn) }
    // In front of it, what is to be said of those before.
    let note = unwritten > 0 ? LogStream.note(unwritten, "could not be written") + "\n" : ""
    let head = (isTorn ? "\n" : "") + note
    var text = head
    text.reserveCapacity(head.utf8.count + size)
    for line in lines {
      text += line.text
      text += "\n"
    }
    let outcome = WholeWrite(text, to: descriptor, while: isPatient)
    // Before whoever waits for the end finds that nothing is left to wait for.
    if unwritten == 0, let failure = outcome.failure { tell(failure) }
    var (end, lost) = (head.utf8.count, 0)
    for line in lines {
      end += line.size
      if end > outcome.written { lost += line.stands }
    }
    state.withLock { state in
      state.waiting.lines -= lines.reduce(0) { $0 + $1.stands }
      state.waiting.bytes -= size
      if let last = text.utf8.prefix(outcome.written).last {
        state.isTorn = last != UInt8(ascii: "\n")
      }
      state.unwritten = (outcome.written >= head.utf8.count ? 0 : unwritten) + lost
    }
    hasMoved.signal()
  }

  static func note(_ count: Int, _ why: String) -> String {
    "warning: left out of the log here: \(Figures.counted(count, "line")) that \(why)"
  }

  /// Waits for the end: at most so many seconds for nothing, and at most `most` as long as lines are
  /// taken.
  ///
  /// - Returns: How many were not written and not told of.
  func finish(within most: Duration = .seconds(5), idleSeconds: Int = 1) -> Int {
    let deadline = ContinuousClock.now + most
    if state.withLock({ $0.hurry() }) { wakes.signal() }
    while ContinuousClock.now < deadline,
      state.withLock({ $0.waiting.lines + $0.dropped.lines > 0 })
    {
      if hasMoved.wait(timeout: .now() + .seconds(idleSeconds)) == .timedOut { break }
    }
    return state.withLock { $0.waiting.lines + $0.dropped.lines + $0.unwritten }
  }
}

extension LogStream.State {
  /// Queues, where they are missing, what is to be said of lines that found no room.
  fileprivate mutating func noteDropped() {
    guard dropped.lines > 0 else { return }
    let note = LogStream.note(dropped.lines, "nobody took in time")
    queue(LogStream.Line(descriptor: dropped.descriptor, text: note, stands: dropped.lines))
    dropped.lines = 0
  }

  /// Whether the writer slept, and is to be woken.
  fileprivate mutating func wake() -> Bool {
    defer { isAsleep = false }
    return isAsleep
  }

  /// Makes the writer go on at once: whether it is to be woken.
  fileprivate mutating func hurry() -> Bool {
    defer { (isHurried, isAsleep) = (true, false) }
    return isWriting && (isAsleep || !isHurried)
  }

  /// Whether there is nothing to write; then the next line wakes the writer.
  fileprivate mutating func fallAsleep() -> Bool {
    isAsleep = lines.isEmpty && dropped.lines == 0
    return isAsleep
  }

  /// Whether nothing has come while the writer slept: it ends.
  fileprivate mutating func endWriting() -> Bool {
    isWriting = !isAsleep
    isAsleep = false
    return !isWriting
  }

  fileprivate mutating func queue(_ line: LogStream.Line) {
    lines.append(line)
    waiting.lines += line.stands
    waiting.bytes += line.size
  }
}
