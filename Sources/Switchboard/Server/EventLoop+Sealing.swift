/// What sessions behind a ``StreamFilter`` write, which goes through it before it goes anywhere.
///
/// Only sealed bytes are in such a connection's outbox. Much output, and files, wait unsealed in an outbox of its
/// ``Channel``, from which the other is filled when it is empty: so never more is sealed than is sent next.
extension EventLoop where B: ~Copyable {
  /// Seals and sends what a callback wrote; where that is much, or has to wait for other output, as much as goes next.
  @inline(never)
  mutating func transmitSealed(_ key: Key, isWhole: Bool) {
    guard isWhole, slots.contains(key), let desk, let channel = desk[key.index],
      !channel.isEndSealed,
      !channel.endsBehind
    else {
      connection.parts = []
      return
    }
    let count = connection.count
    guard count > 0 || !connection.parts.isEmpty else { return }
    let goesAtOnce = connection.parts.isEmpty && !connection.isSpilled && channel.plain == 0
    guard goesAtOnce, channel.isOpen else { return sealLater(channel, key) }
    let bytes = unsafe UnsafeRawBufferPointer(start: desk.buffers.output.start, count: count)
    guard unsafe seal(bytes, channel, key) else { return }
    transmitWritten(key)
  }

  /// Has a filter write bytes for the wire; false where it could not, and the connection is being closed.
  private mutating func seal(
    _ bytes: UnsafeRawBufferPointer, _ channel: Channel, _ key: Key
  ) -> Bool {
    beginOnWire(key)
    let failure = unsafe bytes.withMemoryRebound(to: UInt8.self) {
      unsafe channel.filter.seal($0.span, &connection)
    }
    guard let failure else { return true }
    closeNow(key, .filterFailed(failure))
    return false
  }

  /// What was forwarded to a connection behind a filter.
  mutating func seal(_ bytes: UnsafeRawBufferPointer, to partner: Key) {
    guard let channel = desk?[partner.index], !channel.isEndSealed, !channel.endsBehind else {
      return
    }
    if channel.plain == 0, bytes.count <= FilterBuffers.count {
      if unsafe seal(bytes, channel, partner) { transmitWritten(partner) }
      return
    }
    unsafe outboxes.append(bytes, to: &channel.plain)
    goOnSealing(channel, partner, isForwarded: true)
  }

  private mutating func sealLater(_ channel: Channel, _ key: Key) {
    let shared = appendWritten(to: &channel.plain)
    goOnSealing(channel, key, isForwarded: isForwarding, shared: shared)
  }

  private mutating func goOnSealing(
    _ channel: Channel, _ key: Key, isForwarded: Bool, shared: Int = 0
  ) {
    // Before anything is asked about it: there is something in its outbox while there is something behind.
    if slots[key.index].outbox == 0 { _ = refill(key) }
    guard isServed(channel, key) else { return }
    limitOutbox(key, isForwarded: isForwarded, shared: shared)
    goOnSendingIfIdle(key)
  }

  /// Seals what comes next, where nothing sealed is left: whether there is something to send now.
  @inline(never)
  mutating func refill(_ key: Key) -> Bool {
    guard slots.contains(key), slots[key.index].isFiltered, slots[key.index].outbox == 0,
      let channel = desk?[key.index], channel.isOpen
    else { return false }
    while channel.plain != 0, slots[key.index].outbox == 0 {
      guard let all = unsafe bytesToSend(from: channel.plain, key) else { return false }
      let bytes = unsafe UnsafeRawBufferPointer(rebasing: all.prefix(mostSealedAtOnce))
      guard unsafe seal(bytes, channel, key) else { return false }
      keepSealed(key)
      outboxes.consume(bytes.count, from: &channel.plain)
    }
    if channel.plain == 0, channel.endsBehind, !channel.isEndSealed {
      channel.isEndSealed = true
      beginOnWire(key)
      channel.filter.end(&connection)
      keepSealed(key)
    }
    return limitAll(key) && slots[key.index].outbox != 0
  }

  /// How much is sealed at a time of what waits: less where not much more may be held, so that many who read a file
  /// slowly have not much of it each, and none of them is closed for that.
  private var mostSealedAtOnce: Int {
    let (room, isBeyond) = options.totalOutboxLimit.subtractingReportingOverflow(outboxes.total)
    return min(FilterBuffers.count, max(4096, isBeyond ? .max : room / 16))
  }

  private mutating func keepSealed(_ key: Key) {
    unsafe outboxes.append(connection.written, to: &slots[key.index].outbox)
  }

  /// The peer is to be told, behind all that was written, that nothing more comes.
  mutating func sealEnd(_ key: Key) {
    guard let channel = desk?[key.index], !channel.isEndSealed, slots[key.index].ending.isOpen
    else {
      return
    }
    if channel.plain != 0 {
      channel.endsBehind = true
      return
    }
    guard channel.isOpen else { return }
    channel.isEndSealed = true
    beginOnWire(key)
    channel.filter.end(&connection)
    transmitWritten(key)
  }
}
