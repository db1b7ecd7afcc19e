/// What stands between the wire and a connection's session for as long as there is one: wire bytes become plain ones,
/// and the session's bytes become wire bytes. TLS is one.
///
/// It makes no call, knows no clock and no descriptor: who drives it gives it what came, takes from it what is to go,
/// and holds it to the time that its opening exchange may take. So the simulation can cut its bytes anywhere.
///
/// What it has to say to its peer it writes into the connection that it is given, as a session does.
package protocol StreamFilter: AnyObject {
  /// Whether the end of the wire is the peer's end, as without a filter. Where the peer says so itself, it is not: what
  /// came may have been cut off.
  var takesWireEndAsEnd: Bool { get }

  /// The connection stands. Whoever has the first word says it here. Brings no bytes.
  func begin(_ wire: inout Connection) -> FilterStep

  /// Takes wire bytes: all of them, or as many as make what `plain` has room for.
  ///
  /// - Parameters:
  ///   - bytes: What came and was not taken yet. Empty only where it said that it is to be asked again.
  ///   - used: How many of them were taken.
  ///   - plain: Gets what they mean to the session; its capacity is at least ``FilterBuffers/count``.
  func take(
    _ bytes: Span<UInt8>, used: inout Int, into plain: inout OutputSpan<UInt8>,
    _ wire: inout Connection
  ) -> FilterStep

  /// Writes plain bytes for the peer, once the opening exchange is over.
  ///
  /// - Returns: Why it cannot; nil as it should be.
  func seal(_ plain: Span<UInt8>, _ wire: inout Connection) -> FilterFailure?

  /// Tells the peer that nothing more comes.
  func end(_ wire: inout Connection)

  /// The next step of the opening exchange as work for another thread; nil: ``take(_:used:into:_:)`` does it here. Asked
  /// only where its maker has a pool, and nothing else is asked of it until ``finish(_:unused:_:)``.
  ///
  /// - Parameter bytes: What came, and what was not used before.
  func work(for bytes: [UInt8]) -> (any FilterWork)?

  /// That work is done, and this is its loop again.
  ///
  /// - Parameters:
  ///   - unused: Gets what came and was not used: behind the opening exchange, what is the session's.
  /// - Returns: ``FilterStep/more``, ``FilterStep/opened`` or ``FilterStep/failed(_:)``.
  func finish(_ work: any FilterWork, unused: inout [UInt8], _ wire: inout Connection) -> FilterStep
}

/// One that computes nothing that would be worth it.
extension StreamFilter {
  package func work(for bytes: [UInt8]) -> (any FilterWork)? { nil }
  package func finish(_: any FilterWork, unused: inout [UInt8], _: inout Connection) -> FilterStep {
    .more
  }
}

/// A step of an opening exchange that computes for long, on its way to another thread and back.
package protocol FilterWork: AnyObject, Sendable {
  /// Does it, once, on any thread.
  func run()
  /// Nobody waits for it any more: it need not be done. Any thread.
  func abandon()
}

/// What has come of wire bytes.
package enum FilterStep {
  /// They are taken, and more are needed.
  case more
  /// There are bytes for the session. Ask again, unless `isAll`: then nothing more is to be had of what was taken.
  case plain(isAll: Bool)
  /// The opening exchange is over: the session is to be made. Ask again, also if all were taken.
  case opened
  /// The peer has said that nothing more comes from it.
  case ended
  /// This is the end. What the peer is to know of it has been written.
  case failed(FilterFailure)
}

/// Makes the filters of a loop's connections, on its thread.
package protocol FilterMaker: AnyObject {
  /// Before the session of a new connection.
  func makeFilter() -> any StreamFilter
  /// How long the opening exchange may take.
  var openingTimeout: Duration { get }
  /// How many may be in their opening exchange at once.
  var mostOpenings: Int { get }
  /// Whose threads compute opening exchanges; nil: the loop's own.
  var pool: OffloadPool? { get }
}

extension FilterMaker {
  package var pool: OffloadPool? { nil }
}

/// Where a loop gets its ``FilterMaker``: what a listener or a connector was given.
package protocol FilterSource: AnyObject, Sendable {
  /// Called once for each loop, on its thread.
  func makeMaker() -> any FilterMaker
  /// Looked at before anything runs.
  func check() throws(SystemError)
}

/// What is put before sessions where nothing is asked for.
enum UsualFilter {
  #if TestBench
  static var source: (any FilterSource)? { PassingFilters.everywhere }
  #else
  static var source: (any FilterSource)? { nil }
  #endif
}

/// What stands before the sessions of a listener's connections, on one loop.
struct ListenerFilters {
  /// First comes a header.
  var proxy: ProxyProtocol?
  /// Behind it the rest is another's.
  var source: (any FilterSource)?
  /// Who makes that one, on a loop.
  var maker: (any FilterMaker)?

  var isEmpty: Bool { proxy == nil && source == nil }
}
