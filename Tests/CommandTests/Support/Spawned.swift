import Foundation
import Glibc
import Synchronization
import Testing

/// Lets so many tests at a time run programs, those that one test runs beside each other together.
/// A hundred at once would take the descriptors below 1,024 from tests of this process that serve
/// with select, and the processors from everybody.
private final class Places: Sendable {
  private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

  init(_ count: Int) { state = Mutex((count, [])) }

  func take() async {
    await withCheckedContinuation { continuation in
      let isFree = state.withLock { state in
        if state.free > 0 {
          state.free -= 1
          return true
        }
        state.waiting.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
  }

  func giveBack() {
    let next: CheckedContinuation<Void, Never>? = state.withLock { state in
      if !state.waiting.isEmpty { return state.waiting.removeFirst() }
      state.free += 1
      return nil
    }
    next?.resume()
  }
}

/// A program under test, running. What it writes is read on threads of its own; a test waits for a
/// line or for the end, and the suite's time limit is the deadline of every wait.
final class Spawned {
  /// Which of its two outputs.
  enum Stream { case output, errors }
  /// How it ended.
  enum End: Hashable, Sendable {
    case exit(Int32)
    case signal(Int32)
  }
  /// It did not do what the test waits for.
  struct Disappointment: Error, CustomStringConvertible {
    let description: String
  }
  private enum Event: Sendable {
    case line(Stream, String)
    case end(End)
  }

  private static let places = Places(8)
  @TaskLocal private static var hasPlace = false

  private let process = Process()
  private var events: AsyncStream<Event>.Iterator
  /// What it has written to standard output so far.
  private(set) var output: [String] = []
  /// What it has written to standard error so far.
  private(set) var errors: [String] = []
  private var end: End?

  var pid: Int32 { process.processIdentifier }

  private init(_ path: URL, _ arguments: [String], _ input: Any) throws {
    let (stream, continuation) = AsyncStream.makeStream(of: Event.self)
    events = stream.makeAsyncIterator()
    process.executableURL = path
    process.arguments = arguments
    process.standardInput = input
    let finished = DispatchGroup()
    let pipes = [(Stream.output, Pipe()), (Stream.errors, Pipe())]
    (process.standardOutput, process.standardError) = (pipes[0].1, pipes[1].1)
    finished.enter()
    process.terminationHandler = { _ in finished.leave() }
    try process.run()
    for (stream, pipe) in pipes {
      let reading = pipe.fileHandleForReading
      finished.enter()
      Thread.detachNewThread {
        Spawned.readLines(reading) { continuation.yield(.line(stream, $0)) }
        // Nobody else would: thousands of these would leave no low descriptors to tests of `select`.
        try? reading.close()
        finished.leave()
      }
    }
    finished.notify(queue: .global()) { [process] in
      let status = process.terminationStatus
      let end = process.terminationReason == .exit ? End.exit(status) : .signal(status)
      continuation.yield(.end(end))
      continuation.finish()
    }
  }

  private static func readLines(_ handle: FileHandle, _ body: (String) -> Void) {
    var rest = Data()
    while true {
      let data = handle.availableData
      if data.isEmpty { break }
      rest += data
      while let newline = rest.firstIndex(of: 10) {
        body(String(decoding: rest[..<newline], as: UTF8.self))
        rest = Data(rest[(newline + 1)...])
      }
    }
    if !rest.isEmpty { body(String(decoding: rest, as: UTF8.self)) }
  }

  /// The next line or the end; throws when the time limit has cancelled the test.
  private func take() async throws {
    guard let event = await events.next() else {
      throw Disappointment(description: "the time limit ended; \(self.said)")
    }
    switch event {
    case .line(.output, let line): output.append(line)
    case .line(.errors, let line): errors.append(line)
    case .end(let how): end = how
    }
  }

  /// The first line that has the text in it, already written or still to come.
  @discardableResult
  func line(_ text: String, on stream: Stream = .output) async throws -> String {
    while true {
      let lines = stream == .output ? output : errors
      if let line = lines.first(where: { $0.contains(text) }) { return line }
      guard end == nil else {
        throw Disappointment(description: "it ended without '\(text)'; \(said)")
      }
      try await take()
    }
  }

  /// Waits until so many lines have the text in them.
  func lines(_ text: String, count: Int) async throws {
    while output.count(where: { $0.contains(text) }) < count {
      guard end == nil else {
        throw Disappointment(description: "it ended without \(count) '\(text)'; \(said)")
      }
      try await take()
    }
  }

  /// Waits until it has ended and everything it wrote is read.
  func ended() async throws -> End {
    while true {
      if let end { return end }
      try await take()
    }
  }

  /// Waits until it has ended, and checks how.
  func expectEnd(_ wanted: End, at location: SourceLocation = #_sourceLocation) async throws {
    let end = try await ended()
    #expect(end == wanted, "\(said)", sourceLocation: location)
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  private var said: String { "it wrote \(output) and \(errors)" }

  /// Starts one of the package's programs and ends it, whatever happens, when the body is done.
  static func run<Result>(
    _ program: String, _ arguments: [String] = [], input: Any = FileHandle.nullDevice,
    _ body: (Spawned) async throws -> Result
  ) async throws -> Result {
    let path = products.appending(path: program)
    return try await run(path, arguments, input, body)
  }

  /// The same under a limit of descriptors.
  static func run<Result>(
    _ program: String, _ arguments: [String] = [], descriptorLimit: Int,
    _ body: (Spawned) async throws -> Result
  ) async throws -> Result {
    let script = "ulimit -n \(descriptorLimit) && exec \"$0\" \"$@\""
    let path = products.appending(path: program).path
    return try await run(
      URL(filePath: "/bin/sh"), ["-c", script, path] + arguments, FileHandle.nullDevice, body)
  }

  /// Starts any program.
  static func run<Result>(
    _ path: URL, _ arguments: [String], _ input: Any = FileHandle.nullDevice,
    _ body: (Spawned) async throws -> Result
  ) async throws -> Result {
    if !hasPlace {
      await places.take()
      defer { places.giveBack() }
      return try await $hasPlace.withValue(true) {
        try await run(path, arguments, input, body)
      }
    }
    let spawned = try Spawned(path, arguments, input)
    defer { if spawned.process.isRunning { kill(spawned.pid, SIGKILL) } }
    return try await body(spawned)
  }

  /// The folder with the built programs: the one that holds the tests.
  private static let products = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()
}

extension Spawned {
  /// The port in a server's line about its address.
  func listeningPort() async throws -> UInt16 {
    let line = try await line("listening on ")
    let port = line.firstMatch(of: /:(\d+)\b(?!.*:\d)/).flatMap { UInt16($0.1) }
    return try #require(port, "no port in '\(line)'")
  }
}
