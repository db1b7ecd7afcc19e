import Foundation
import Switchboard
import Synchronization

// What the drill of broadcasting drives: C5 of Drills/families/connecting.py. The broadcaster is one process, its
// readers are another, since a process holds so many descriptors.

/// What one byte of a broadcast is.
private func byte(_ place: Int) -> UInt8 { UInt8(truncatingIfNeeded: place &* 31 &+ place >> 8) }

// -------------------------------------------------------------------------------- the broadcaster

/// Who listens to a broadcast.
final class Audience: Sendable {
  enum Event: Hashable, Sendable { case joined, written, sent, lost }
  let events = Tally<Event>()
  private let members = Mutex<[ConnectionHandle<Member.News>]>([])

  func join(_ handle: ConnectionHandle<Member.News>) {
    members.withLock { $0.append(handle) }
    events.add(.joined)
  }

  /// Tells how long until all have been written to, and until the kernel has taken all of it.
  func send(_ news: Member.News) {
    let all = members.withLock { $0 }
    let (written, sent) = (events[.written] + all.count, events[.sent] + all.count)
    let begun = Linux().now()
    events.when(
      { ($0[.written] ?? 0) >= written },
      then: {
        say("written in \(milliseconds(since: begun))")
      })
    events.when(
      { ($0[.sent] ?? 0) >= sent }, then: { say("sent in \(milliseconds(since: begun))") })
    for member in all { member.post(news) }
  }
}

/// Is sent what is broadcast.
struct Member: Session {
  enum News: Sendable {
    /// There once for all.
    case shared(SharedBytes)
    /// Written to each.
    case plain([UInt8])
  }
  typealias Message = News

  let audience: Audience

  mutating func opened(_ connection: inout Connection) {
    audience.join(connection.handle(for: Self.self))
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}

  mutating func posted(_ news: News, _ connection: inout Connection) {
    switch news {
    case .shared(let bytes): connection.write(bytes)
    case .plain(let bytes): connection.write(bytes.span)
    }
    connection.notifyWhenDrained()
    audience.events.add(.written)
  }

  mutating func drained(_ connection: inout Connection) { audience.events.add(.sent) }

  mutating func closed(_ reason: CloseReason) { audience.events.add(.lost) }
}

/// For each line sends so many bytes to all who have connected: `shared`, or `plain` to each; `count` tells how many
/// there are, and how many have been lost.
func broadcast(_ size: Int, _ backend: Server.BackendName) throws {
  let audience = Audience()
  var server = Server()
  server.backend = backend
  // Written to each, much is unsent.
  server.options.totalOutboxLimit = 4 << 30
  server.listen(on: .loopback(port: 0)) { _ in Member(audience: audience) }
  let running = try server.start()
  let bytes = (0..<size).map(byte)
  while let line = readLine() {
    switch line {
    case "shared": audience.send(.shared(SharedBytes(bytes.span)))
    case "plain": audience.send(.plain(bytes))
    default: say("\(audience.events[.joined]) joined, \(audience.events[.lost]) lost")
    }
  }
  running.stop()
  try running.wait()
}

// ------------------------------------------------------------------------------------ the readers

/// Many who read, or do not.
final class Readers: Sendable {
  enum Event: Hashable, Sendable { case opened, failed, whole, wrong }
  let events = Tally<Event>()
  let all = Mutex<[ConnectionHandle<Reader.Order>]>([])

  func tell(_ order: Reader.Order) { for one in all.withLock({ $0 }) { one.post(order) } }
}

/// Reads broadcasts when it is told to, and compares each byte.
struct Reader: Session {
  enum Order: Sendable { case read, pause }
  typealias Message = Order

  let readers: Readers
  let size: Int
  private var place = 0

  init(_ readers: Readers, _ size: Int) { (self.readers, self.size) = (readers, size) }

  mutating func opened(_ connection: inout Connection) {
    readers.all.withLock { $0.append(connection.handle(for: Self.self)) }
    connection.pauseReading()
    readers.events.add(.opened)
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      if bytes[index] != byte(place) { readers.events.add(.wrong) }
      place += 1
      if place == size {
        place = 0
        readers.events.add(.whole)
      }
    }
  }

  mutating func posted(_ order: Order, _ connection: inout Connection) {
    switch order {
    case .read: connection.resumeReading()
    case .pause: connection.pauseReading()
    }
  }

  mutating func closed(_ reason: CloseReason) {
    // Not where one was open: the broadcaster counts those.
    if case .notConnected = reason { readers.events.add(.failed) }
  }
}

/// Connects so many readers; then obeys lines: `read`, which tells when each has one broadcast more, and `pause`.
func readBroadcasts(
  _ count: Int, _ size: Int, from address: SocketAddress, _ backend: Server.BackendName
) throws {
  let readers = Readers()
  var server = Server()
  server.backend = backend
  server.connects(as: Reader.self)
  let running = try server.start()
  for _ in 0..<count {
    running.handle.loops[0].connect(to: .address(address)) { Reader(readers, size) }
  }
  readers.events.when(
    { ($0[.opened] ?? 0) + ($0[.failed] ?? 0) == count },
    then: {
      say("\(readers.events[.opened]) reading")
    })
  var rounds = 0
  while let line = readLine() {
    if line == "pause" {
      readers.tell(.pause)
      continue
    }
    rounds += 1
    let wanted = rounds * count
    let begun = Linux().now()
    readers.events.when(
      { ($0[.whole] ?? 0) >= wanted },
      then: {
        say("all have it after \(milliseconds(since: begun)); \(readers.events[.wrong]) wrong")
      })
    readers.tell(.read)
  }
  running.stop()
  try running.wait()
}
