import Foundation
import SwitchboardLab
import Synchronization

/// What the user sees of a load while it runs: a line on standard error, drawn anew on a terminal
/// and written once a second elsewhere.
final class LoadConsole: Sendable {
  private let isQuiet: Bool
  private let isTerminal = Output.isErrorTerminal
  private let meter = Mutex(LoadMeter(width: Output.errorWidth))

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  /// Runs with the line, to the end or to Ctrl-C: what was measured until then counts. A second
  /// Ctrl-C ends the process.
  func run(_ run: LoadRun) throws -> LoadResult {
    let interrupts = Interrupts { run.stop() }
    defer {
      clear()
      interrupts.end()
    }
    return try run.run(progress: show)
  }

  func show(_ progress: LoadProgress) {
    guard !isQuiet else { return }
    let line = meter.withLock { $0.line(progress) }
    if isTerminal { Output.redraw(line) } else { Output.error(line) }
  }

  /// Takes the line away.
  func clear() { if isTerminal, !isQuiet { Output.redraw("") } }
}

/// What happens at Ctrl-C and SIGTERM: something the first time, the end of the process the second.
final class Interrupts {
  private let sources: [DispatchSourceSignal]

  init(_ first: @escaping @Sendable () -> Void) {
    let count = Count()
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if count.next() == 1 { first() } else { _exit(128 + number) }
      }
      source.resume()
      return source
    }
  }

  func end() { for source in sources { source.cancel() } }

  private final class Count: Sendable {
    private let value = Atomic<Int>(0)
    func next() -> Int { value.add(1, ordering: .relaxed).newValue }
  }
}
