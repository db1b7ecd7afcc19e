import Glibc
import Switchboard
import SwitchboardArticle
import SwitchboardBase

/// The demo: a few clients, served in three ways at once, and who waited for whom; or the article's session,
/// with a picture of who was served when.
package enum Demonstration {
  /// How many clients there may be.
  package static let clients = 1...100
  /// How many there are if nobody says.
  package static let usualClients = 3

  /// Runs the race, draws it, and writes it to files.
  ///
  /// - Parameters:
  ///   - clients: How many, within ``clients``.
  ///   - program: The name that errors begin with, and what a reader would call it by.
  ///   - page: Where a page goes.
  ///   - svg: Where the drawing goes.
  /// - Returns: The process's exit code: 0 if every reply was right.
  /// - Throws: when a server cannot be started, no client can connect, or a file cannot be written.
  package static func race(
    clients: Int, program: String, page: String? = nil, svg: String? = nil
  ) throws -> Int32 {
    let files = try [page, svg].map { try $0.map { try OutputFile($0) } }
    try Linux().raiseDescriptorLimit()
    let progress = RaceProgress()
    let race = try runRace(clients: clients, progress: progress.show)
    progress.clear()
    var delivery = Delivery()
    if files[0] != nil { delivery.add(race.page(program: program), to: files[0]) }
    if files[1] != nil { delivery.add(race.svg(width: drawingWidth), to: files[1]) }
    let trouble = delivery.deliver { line in
      race.lines(width: Output.width, color: Output.wantsColor).forEach(line)
      line("")
      line("To try next:")
      for (step, words) in zip(Race.nextSteps(program), nextWords) {
        let both = "  " + step.padded(to: program.count + 18) + words
        line(both.count <= Output.width ? both : "  " + step)
      }
    }
    if let trouble { throw trouble }
    return code(failed: race.lanes.reduce(0) { $0 + $1.failures }, of: 3 * clients, program)
  }

  /// How wide a drawing is that stands in a text, in points.
  private static let drawingWidth = 760

  private static let nextWords = [
    "more clients", "what they say, and each turn of the loop", "the same as a page",
  ]

  private static func code(failed: Int, of clients: Int, _ program: String) -> Int32 {
    guard failed > 0 else { return 0 }
    Output.error("\(program): \(failed) of \(clients) clients failed")
    return 1
  }

  /// Starts an epoll server on a free port of the loopback address, in a thread; runs the clients against it
  /// in this one; writes what they say, as the article has it, and then a picture of what the server's
  /// thread did.
  ///
  /// - Parameters:
  ///   - clients: How many, within ``clients``.
  ///   - program: The name that errors begin with.
  /// - Returns: The process's exit code: 0 if every reply was right.
  /// - Throws: when the server cannot be started, or no client can connect.
  package static func transcript(clients: Int, program: String) throws -> Int32 {
    try Linux().raiseDescriptorLimit()
    let run = try runRecorded(
      connections: clients, ready: { Output.error("listening on \($0) (epoll)") },
      log: Output.line)
    Output.line(run.client.elapsedLine)
    Output.line("")
    let picture = Timeline(run.server).lines(width: Output.width, color: Output.wantsColor)
    picture.forEach(Output.line)
    return code(failed: run.client.failed, of: clients, program)
  }
}

/// How a race is going, in one line on a terminal that can draw it anew; nowhere else.
final class RaceProgress: Sendable {
  private let shown = Lock(Instant(nanoseconds: 0))
  /// Often enough for the eye.
  private static let interval = Duration.milliseconds(50)

  /// Shows how many of each lane are done.
  func show(_ race: Race) {
    guard Output.canRedraw else { return }
    let now = Linux().now()
    let isDue = shown.withLock { last in
      guard now.since(last) >= RaceProgress.interval else { return false }
      last = now
      return true
    }
    guard isDue else { return }
    let lanes = race.lanes.map { "\($0.name): \($0.runners.count { $0.ended != nil })" }
    Output.progress("of \(race.clients) done: " + lanes.joined(separator: ", "))
  }

  /// Takes the line away.
  func clear() { if Output.canRedraw { Output.endProgress() } }
}
