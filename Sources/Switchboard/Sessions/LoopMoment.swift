/// A loop at the moment in which something is done on it that belongs to no connection: see ``Server/every(_:_:)``. It
/// cannot be kept.
public struct LoopMoment: ~Copyable {
  /// When this turn of the loop began. Reading it costs no system call.
  public let now: Instant
  /// The loop, to be connected from and for other threads.
  public let loop: LoopHandle
  private let context: LoopContext

  init(_ connection: borrowing Connection) {
    (now, loop, context) = (connection.now, connection.loopHandle, connection.loop)
  }

  /// The one object of its class that the loop has: see ``Connection/loopLocal(_:)``.
  public func loopLocal<Local: AnyObject>(_ make: () -> Local) -> Local { context.local(make) }
}

/// What a server does on each of its loops again and again.
struct RecurringJob: Sendable {
  let interval: Duration
  let body: @Sendable (borrowing LoopMoment) -> Void
}

/// The same of one loop.
final class RecurringJobs {
  private var recurrence: Recurrence
  private let jobs: [RecurringJob]

  init(_ jobs: [RecurringJob], from now: Instant) {
    self.jobs = jobs
    recurrence = Recurrence(jobs.map(\.interval), from: now)
  }

  /// When the first of them is due.
  var next: Instant? { recurrence.next }

  /// Does what is due.
  func run(_ moment: borrowing LoopMoment) {
    while let place = recurrence.takeDue(moment.now) { jobs[place].body(moment) }
  }
}
