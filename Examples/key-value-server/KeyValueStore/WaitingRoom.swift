import Switchboard
import SwitchboardProtocols

/// Peers that wait for an element of a list, in the order in which they came.
struct WaitingRoom {
  private struct Guest {
    let number: Int
    let handle: Channels.Handle
    let database: Int
    let keys: [[UInt8]]
    /// It was told that there is something, and has not looked yet.
    var isTold = false
  }
  private var guests: [Guest] = []

  var isEmpty: Bool { guests.isEmpty }
  var count: Int { guests.count }

  mutating func enter(_ number: Int, _ handle: Channels.Handle, _ database: Int, _ keys: [[UInt8]])
  {
    guests.append(Guest(number: number, handle: handle, database: database, keys: keys))
  }

  mutating func leave(_ number: Int) {
    if !guests.isEmpty { guests.removeAll { $0.number == number } }
  }

  /// A list has something for the first of those who wait for it.
  mutating func tell(_ key: Span<UInt8>, in database: Int) {
    for index in guests.indices
    where !guests[index].isTold && guests[index].database == database {
      guard guests[index].keys.contains(where: { $0.span.matches(key) }) else { continue }
      guests[index].isTold = guests[index].handle.post(.grown)
      return
    }
  }

  /// A peer has looked, in vain.
  mutating func waitOn(_ number: Int) {
    for index in guests.indices where guests[index].number == number {
      guests[index].isTold = false
    }
  }
}

extension Engine {
  /// `BLPOP` and `BRPOP`: an element of the first list that has one, now or later.
  mutating func popOrWait(
    _ words: Span<UInt8>, fromFront: Bool, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    let last = arguments.count - 1
    guard let seconds = Double(given: words.extracting(range(last))), seconds.isFinite,
      seconds <= Engine.longestWait
    else { throw .other("ERR timeout is not a float or out of range") }
    guard seconds >= 0 else { throw .other("ERR timeout is negative") }
    let keys = (1..<last).map { [UInt8](copying: words.extracting(range($0))) }
    if try give(keys, fromFront: fromFront, peer.reply, &connection) { return }
    if isInTransaction { return peer.reply.nullArray(to: &connection) }
    let byteCount = keys.reduce(0) { $0 + $1.heapSize + MemoryLayout<[UInt8]>.stride }
    peer.waitsFor = Peer.Wait(keys: keys, fromFront: fromFront, byteCount: byteCount)
    let handle = connection.handle(for: KeyValueSession.self)
    waiting.enter(peer.number, handle, store.selected, keys)
    if seconds > 0 { connection.setTimer(after: .seconds(seconds)) }
  }

  /// 24 days, in seconds: as long as a timer can be.
  private static var longestWait: Double { 24 * 86400 }

  /// Gives an element of the first list that has one; false when none has.
  private mutating func give(
    _ keys: [[UInt8]], fromFront: Bool, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) -> Bool {
    for key in keys {
      guard let element = try popElement(key.span, fromFront: fromFront) else { continue }
      reply.array(2, to: &connection)
      reply.bulk(key.span, to: &connection)
      reply.bulk(element.span, to: &connection)
      // Somebody else may want what is left.
      if !waiting.isEmpty, store.find(key.span) != nil {
        waiting.tell(key.span, in: store.selected)
      }
      return true
    }
    return false
  }

  /// A list has grown that a peer waits for.
  mutating func serveWaiting(_ peer: inout Peer, _ connection: inout Connection) {
    guard let wait = peer.waitsFor else { return }
    store.now = Int64(truncatingIfNeeded: connection.now.nanoseconds / 1_000_000)
    store.selected = peer.database
    let isServed: Bool
    do throws(CommandError) {
      isServed = try give(wait.keys, fromFront: wait.fromFront, peer.reply, &connection)
    } catch {
      // The list is none any more: it waits for the next one.
      isServed = false
    }
    if isServed { stopWaiting(&peer, &connection) } else { waiting.waitOn(peer.number) }
  }

  /// A peer has waited long enough.
  mutating func endWaiting(_ peer: inout Peer, _ connection: inout Connection) {
    guard peer.waitsFor != nil else { return }
    peer.reply.nullArray(to: &connection)
    stopWaiting(&peer, &connection)
  }

  private mutating func stopWaiting(_ peer: inout Peer, _ connection: inout Connection) {
    let before = peer.unfinished
    peer.waitsFor = nil
    unfinished += peer.unfinished - before
    waiting.leave(peer.number)
    connection.cancelTimer()
    connection.resumeReading()
  }
}
