import Foundation
import Switchboard
import SwitchboardBase
import SwitchboardLoad
import Synchronization

/// What a worker process tells the one that started it, a line of JSON each.
struct LoadWord: Codable, Sendable {
  var connected: Int?
  var failed: Int?
  var isReady: Bool?
  var isMeasured: Bool?
  var second: LoadSecond?
  var failures: LoadFailures?
  var result: LoadResult?
  var error: String?
}

/// One of the processes that share a load: it makes its part, and tells and is told over pipes.
struct LoadWorker {
  private let options: LoadOptions

  init(_ options: LoadOptions, _ worker: Read.Worker) {
    self.options = options.part(worker.number, of: worker.count)
  }

  func run() throws {
    // Both come to the whole group of processes; the one that started us tells what follows.
    for number in [SIGINT, SIGTERM] { signal(number, SIG_IGN) }
    let run = LoadRun(options)
    let (isToldToGo, isToldToEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    Thread.detachNewThread {
      while let line = readLine() {
        switch line {
        case "go": isToldToGo.signal()
        case "end": isToldToEnd.signal()
        default:
          run.stop()
          isToldToGo.signal()
        }
      }
      // Who started us has gone.
      run.stop()
      isToldToGo.signal()
      isToldToEnd.signal()
    }
    do {
      let result = try run.run(
        whenConnected: {
          say(LoadWord(isReady: true))
          isToldToGo.wait()
        },
        whenMeasured: {
          // Connections stand until everybody has measured.
          say(LoadWord(isMeasured: true))
          isToldToEnd.wait()
        },
        progress: { progress in
          switch progress {
          case .connecting(let done, _, let failures):
            say(LoadWord(connected: done, failed: failures))
          case .second(let second, let failures):
            say(LoadWord(second: second, failures: failures))
          }
        })
      say(LoadWord(result: result))
    } catch {
      say(LoadWord(error: "\(error)"))
    }
  }

  private func say(_ word: LoadWord) {
    guard let data = try? JSONEncoder().encode(word) else { return }
    Output.line(String(decoding: data, as: UTF8.self))
  }
}

/// Several processes that share a load: each holds its part of the connections, all begin at the
/// same moment, and their results are added up.
final class LoadTeam {
  private let options: LoadOptions
  private let console: LoadConsole
  private let members: [Member]
  private let mail = Mail()
  private var connected: [Int]
  private var failed: [Int]
  private var ready = 0
  private var measured = 0
  private var error: String?
  private var seconds: [Int: (second: LoadSecond, count: Int)] = [:]
  private var failures: [LoadFailures]
  private var results: [LoadResult] = []

  /// A process and the ways to it.
  private final class Member {
    let words: [String]
    let input = Pipe()
    let output = Pipe()
    private var process: ChildProcess?

    init(_ words: [String]) {
      self.words = words
      // Each has its own, and no other's: their ends tell of ours.
      for pipe in [input, output] {
        for end in [pipe.fileHandleForReading, pipe.fileHandleForWriting] {
          _ = fcntl(end.fileDescriptor, F_SETFD, FD_CLOEXEC)
        }
      }
    }

    func start() throws {
      process = try ChildProcess(
        words, input: input.fileHandleForReading.fileDescriptor,
        output: output.fileHandleForWriting.fileDescriptor)
      try input.fileHandleForReading.close()
      try output.fileHandleForWriting.close()
    }

    func waitUntilExit() { process?.wait() }

    func tell(_ word: String) {
      try? input.fileHandleForWriting.write(contentsOf: Data("\(word)\n".utf8))
    }
  }

  /// What members have said, in order. Nil: it has ended.
  private final class Mail: Sendable {
    private let words = Mutex<[(Int, LoadWord?)]>([])
    private let count = DispatchSemaphore(value: 0)

    func put(_ number: Int, _ word: LoadWord?) {
      words.withLock { $0.append((number, word)) }
      count.signal()
    }
    func next() -> (Int, LoadWord?) {
      count.wait()
      return words.withLock { $0.removeFirst() }
    }
  }

  /// - Parameter side: Of two that are compared, which one they load.
  init(_ count: Int, _ options: LoadOptions, side: Int, _ console: LoadConsole) throws {
    self.options = options
    self.console = console
    connected = Array(repeating: 0, count: count)
    failed = connected
    failures = Array(repeating: LoadFailures(), count: count)
    members = (0..<count).map { number in
      Member(
        [ProcessStart.program] + ProcessStart.arguments.dropFirst()
          + ["--worker", "\(number)/\(count)/\(side)"])
    }
  }

  func run() throws -> LoadResult {
    // A member that has gone must not end us when it is told something.
    signal(SIGPIPE, SIG_IGN)
    for (number, member) in members.enumerated() { try start(member, number) }
    let inputs = members.map(\.input)
    let stop = { @Sendable in
      for input in inputs { try? input.fileHandleForWriting.write(contentsOf: Data("stop\n".utf8)) }
    }
    let interrupts = console.interrupts(stop)
    console.open(options, stop: stop)
    defer {
      console.clear()
      interrupts?.end()
      for member in members {
        try? member.input.fileHandleForWriting.close()
        member.waitUntilExit()
      }
    }
    var living = members.count
    var isDone = Array(repeating: false, count: members.count)
    while living > 0 {
      let (number, word) = mail.next()
      if let word {
        if let text = word.error { fail(text) }
        isDone[number] = isDone[number] || word.result != nil
        hear(number, word)
      } else {
        living -= 1
        guard !isDone[number] else { continue }
        fail("a generator process ended without a result: see above, or use fewer --processes")
      }
    }
    if let error { throw LoadError.mistake(error) }
    guard let result = LoadResult.merged(results) else { throw LoadError.stopped }
    return result
  }

  /// One of them cannot go on: nor can the others without it.
  private func fail(_ text: String) {
    guard error == nil else { return }
    error = text
    for member in members {
      member.tell("stop")
      member.tell("end")
    }
  }

  private func start(_ member: Member, _ number: Int) throws {
    try member.start()
    let (reading, mail) = (member.output.fileHandleForReading, mail)
    Thread.detachNewThread {
      var rest = Data()
      while case let data = reading.availableData, !data.isEmpty {
        rest += data
        while let newline = rest.firstIndex(of: 10) {
          if let word = try? JSONDecoder().decode(LoadWord.self, from: rest[..<newline]) {
            mail.put(number, word)
          }
          rest = Data(rest[(newline + 1)...])
        }
      }
      mail.put(number, nil)
    }
  }

  private func hear(_ number: Int, _ word: LoadWord) {
    if let count = word.connected {
      connected[number] = count
      failed[number] = word.failed ?? 0
      console.show(
        .connecting(
          done: connected.reduce(0, +), of: options.connections + options.idle,
          failures: failed.reduce(0, +)))
    }
    if word.isReady != nil {
      ready += 1
      if ready == members.count {
        console.begins()
        for member in members { member.tell("go") }
      }
    }
    if word.isMeasured != nil {
      measured += 1
      if measured == members.count { for member in members { member.tell("end") } }
    }
    if let second = word.second { hear(number, second, word.failures) }
    if let result = word.result { results.append(result) }
  }

  private func hear(_ number: Int, _ second: LoadSecond, _ known: LoadFailures?) {
    failures[number] = known ?? failures[number]
    let place = Int((second.start * 1000).rounded())
    if var sum = seconds[place] {
      sum.second.add(second)
      sum.count += 1
      seconds[place] = sum
    } else {
      seconds[place] = (second, 1)
    }
    guard let sum = seconds[place], sum.count == members.count else { return }
    seconds[place] = nil
    var all = LoadFailures()
    for failures in failures { all.merge(failures) }
    console.show(.second(sum.second, failures: all))
  }
}
