/// Two connections that belong together: what the one forwards the other sends, and each is told of the other.
extension EventLoop where B: ~Copyable {
  /// Does what a callback asked for about its connection's partner.
  @inline(never)
  mutating func obeyAboutPartner(_ key: Key, _ requests: Connection.Requests) {
    if requests.contains(.pair), let link = connection.wanted { pair(key, with: link) }
    if requests.contains(.forward) { forward(from: key) }
    if requests.contains(.forwardEnd), let partner = receivingPartner(of: key) {
      finishSending(partner)
    }
    if requests.contains(.pool) { obeyAboutPools(key) }
  }

  /// Who belongs to a connection.
  func partner(of key: Key) -> Key? {
    guard let pairs, slots[key.index].partnership.contains(.paired) else { return nil }
    let partner = pairs[key.index]
    return slots.contains(partner) ? partner : nil
  }

  // --------------------------------------------------------------------------------- pairing

  private mutating func pair(_ key: Key, with link: Link) {
    let isOfThisLoop = link.loop == ObjectIdentifier(connection.loop)
    guard isOfThisLoop, link.key != key, isFree(key), isFree(link.key), hasPairs() else {
      return tellOfNone(key, nil)
    }
    join(key, link.key)
    tell(link.key, .opened)
  }

  /// Whether a connection is there, and may have a partner.
  func isFree(_ key: Key) -> Bool {
    slots.contains(key) && slots[key.index].partnership.isDisjoint(with: [.paired, .asks])
      && !isOpening(key)
      && slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed, .connecting])
  }

  /// Whether two may be joined: not where there is no memory for it.
  mutating func hasPairs() -> Bool {
    if pairs == nil {
      pairs = try? Pairs(capacity: slots.capacity)
      connection.pairs = pairs
    }
    return pairs != nil
  }

  /// Makes partners of two that have none.
  mutating func join(_ a: Key, _ b: Key) {
    pairs?.join(a, b)
    slots[a.index].partnership.insert(.paired)
    slots[b.index].partnership.insert(.paired)
  }

  /// A connection's session is over: its partner has none from here on, and is told at the end of the turn.
  mutating func leavePartner(_ key: Key, _ reason: CloseReason) {
    guard let partner = partner(of: key) else { return }
    slots[key.index].partnership = []
    slots[partner.index].partnership.remove(.paired)
    // An attempt to connect that nobody needs any more.
    if slots[partner.index].flags.contains(.connecting) { return cancelAttempt(partner) }
    if isOpening(partner) { return closeNow(partner, .aborted) }
    tell(partner, .closed(reason))
  }

  /// Two that stay belong together no longer. What the one forwarded the other sends all the same; who has much of
  /// that is not received from before it has gone.
  mutating func part(_ a: Key, _ b: Key) {
    pairs?.part(a, b)
    for key in [a, b] {
      slots[key.index].partnership = []
      if unsent(key) > options.highWatermark { slots[key.index].flags.insert(.pausedByOutbox) }
      updateReceiving(key)
      giveSoon(key)
    }
  }

  // ---------------------------------------------------------------------------------- telling

  /// Whoever asked for a partner and gets none is given nothing before it knows: it would forward that to nobody.
  mutating func tellOfNone(_ key: Key, _ reason: CloseReason?) {
    if isFree(key) {
      slots[key.index].partnership.insert(.waits)
      updateReceiving(key)
    }
    tell(key, .closed(reason))
  }

  mutating func tell(_ key: Key, _ what: PartnerNews.What) {
    partnerNews.append(PartnerNews(key: key, what: what))
  }

  /// Tells whoever has news of its partner. What comes of that is told in the next turn.
  mutating func tellOfPartners() {
    guard !partnerNews.isEmpty else { return }
    var news: [PartnerNews] = []
    swap(&news, &partnerNews)
    for each in news where slots.contains(each.key) { tellOfPartner(each) }
  }

  mutating func tellOfPartner(_ news: PartnerNews) {
    let key = news.key
    guard slots[key.index].flags.isDisjoint(with: [.closing, .lingering, .closed]) else { return }
    if !waitsForPartner(key) { resume(key) }
    callBack(key) { sessions, index, connection in
      switch news.what {
      case .opened: sessions.partnerOpened(index, &connection)
      case .closed(let reason): sessions.partnerClosed(index, reason, &connection)
      }
    }
  }

  // ------------------------------------------------------------------------------- forwarding

  /// A connection's partner, if that stands and sends.
  private func receivingPartner(of key: Key) -> Key? {
    // Also of one that has just closed: what it forwarded before counts.
    guard let pairs else { return nil }
    let partner = pairs[key.index]
    guard slots.contains(partner), pairs[partner.index] == key,
      slots[partner.index].flags.isDisjoint(with: [
        .closing, .lingering, .closed, .finishing, .finished, .connecting,
      ]), !isOpening(partner)
    else { return nil }
    return partner
  }

  private mutating func forward(from key: Key) {
    if connection.forwarded.isForSession { return handOver(from: key) }
    defer { connection.forwarded.clear() }
    guard let partner = receivingPartner(of: key) else { return }
    isForwarding = true
    defer { isForwarding = false }
    unsafe forward(connection.forwarded.inPlace, to: partner)
    let copied = connection.forwarded.copied
    unsafe copied.withUnsafeBytes { unsafe forward($0, to: partner) }
  }

  /// Gives a partner's session what a connection was given. What that writes is bounded as what is forwarded.
  private mutating func handOver(from key: Key) {
    let (inPlace, copied) = unsafe (connection.forwarded.inPlace, connection.forwarded.copied)
    connection.forwarded.clear()
    unsafe inPlace.withMemoryRebound(to: UInt8.self) { unsafe handOver($0.span, from: key) }
    handOver(copied.span, from: key)
  }

  private mutating func handOver(_ bytes: Span<UInt8>, from key: Key) {
    guard !bytes.isEmpty, let partner = partner(of: key), slots[partner.index].ending.isOpen else {
      return
    }
    isForwarding = true
    defer { isForwarding = false }
    begin(partner)
    connection.forwarded.begin()
    keptSessions.partnerReceived(Int(partner.index), bytes, &connection)
    carryOut(partner)
  }

  private mutating func forward(_ bytes: UnsafeRawBufferPointer, to partner: Key) {
    guard unsafe !bytes.isEmpty, slots.contains(partner), slots[partner.index].ending.isOpen else {
      return
    }
    if slots[partner.index].isFiltered { return unsafe seal(bytes, to: partner) }
    if slots[partner.index].outbox == 0 {
      beginOnWire(partner)
      if unsafe connection.takes(bytes) { return transmit(partner) }
    }
    unsafe outboxes.append(bytes, to: &slots[partner.index].outbox)
    limitOutbox(partner, isForwarded: true)
    goOnSendingIfIdle(partner)
  }

  // ---------------------------------------------------------------------------------- pausing

  /// A connection has more to send than it should, of what was forwarded to it: its partner waits.
  mutating func pausePartner(of key: Key) {
    guard let partner = partner(of: key),
      !slots[partner.index].partnership.contains(.waits),
      !slots[partner.index].flags.contains(.connecting), !isOpening(partner)
    else { return }
    slots[partner.index].partnership.insert(.waits)
    updateReceiving(partner)
  }

  private func waitsForPartner(_ key: Key) -> Bool {
    if slots[key.index].partnership.contains(.asks) { return true }
    guard let partner = partner(of: key) else { return false }
    return slots[partner.index].flags.contains(.connecting) || isOpening(partner)
      || unsent(partner) > options.highWatermark
  }

  /// Most of it has gone.
  mutating func resumePartner(of key: Key) {
    if let partner = partner(of: key) { resume(partner) }
  }

  mutating func resume(_ key: Key) {
    guard slots[key.index].partnership.contains(.waits) else { return }
    slots[key.index].partnership.remove(.waits)
    updateReceiving(key)
    giveSoon(key)
  }
}
