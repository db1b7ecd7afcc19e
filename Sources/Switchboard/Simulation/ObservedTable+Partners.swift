#if TestBench

// Connections that the server makes, and partners.
extension ObservedTable {
  /// An outgoing connection has its session, and is nobody's yet.
  func beginsMaking(_ index: Int, partner: Key?) {
    while lives.count <= index { unsafe lives.append(Life()) }
    if lives[index].isOpen || lives[index].isMaking {
      record.fail(.sessionContract("made in another's place"))
    }
    lives[index] = Life(isMaking: true)
    course.making += 1
    guard let partner, partner.index < lives.count else { return }
    for (one, other) in [(index, Int(partner.index)), (Int(partner.index), index)] {
      lives[one].partner = other
      lives[one].isRelayed = true
    }
  }

  /// It stands.
  func connects(_ index: Int, _ connection: borrowing Connection) {
    guard index < lives.count, lives[index].isMaking else {
      return record.fail(.sessionContract("connected when it was not being made"))
    }
    let end = course.end(behind: connection.descriptor)
    course.making -= 1
    course.made.insert(end?.link?.number ?? 0)
    lives[index].isMaking = false
    lives[index].isOpen = true
    lives[index].client = end?.link?.number ?? 0
    lives[index].openedAt = network.now
    lives[index].end = end
    lives[index].givenAt = connection.now.nanoseconds
    lives[index].servedClient = lives[index].partner.map { lives[$0].client } ?? 0
    record.say("session \(index) of connection \(lives[index].client) opened")
  }

  /// Whether a session that is closed never was opened.
  func endsMaking(_ index: Int, _ reason: CloseReason) -> Bool {
    guard index < lives.count, lives[index].isMaking else { return false }
    record.say("session \(index) closed without a connection: \(reason)")
    course.making -= 1
    // Somebody outside who could be connected to did not shake hands.
    if course.world.connectorFilter != nil, let partner = lives[index].partner {
      record.excuse(lives[partner].client)
    }
    lives[index] = Life()
    return true
  }

  /// A session has its partner send something.
  func noteForwarded(_ count: Int, by index: Int) {
    guard let partner = lives[index].partner, lives[partner].isOpen, !lives[partner].isClosing
    else { return }
    entersTurn(partner)
    lives[partner].written += count
  }

  /// What its peer was promised may be lost, unless the partner ended as planned.
  func losesPartner(_ index: Int, _ reason: CloseReason?) {
    guard index < lives.count else { return }
    lives[index].partner = nil
    if !Self.isAsPlanned(reason) { record.excuse(lives[index].client) }
  }

  /// Whose connection breaks has lost what he was to send to his server and back, also where the server had said
  /// before that this was all: its end may come before its reset, and is passed on.
  func breaksForClient(_ life: Life, _ reason: CloseReason) {
    if life.servedClient > 0, !Self.isAsPlanned(reason) { record.excuse(life.servedClient) }
  }

  /// What one side's peer had to say was cut off: the other side's must not be told that this was all.
  func mustNotPassEnd(_ life: Life) {
    guard let partner = life.partner, lives[partner].isOpen, !lives[partner].isClosing,
      let end = lives[partner].end, !end.hasSaidEnd
    else { return }
    end.mustNotEnd = true
  }

  /// The end is all that a server knows of a reset that came behind it; its client is passed on no more.
  func endsForClient(_ life: Life) {
    if life.servedClient > 0, life.end?.wasReset ?? false { record.excuse(life.servedClient) }
  }

  /// A session wants a connection of a pool, or none any more.
  func noteWishes(_ wishes: [PoolWish], _ index: Int) {
    for wish in wishes {
      if wish.isForOne { lookForStale() } else { isParted(index) }
    }
  }

  private func isParted(_ index: Int) {
    guard let partner = lives[index].partner, partner < lives.count else { return }
    lives[index].partner = nil
    guard lives[partner].partner == index else { return }
    (lives[partner].partner, lives[partner].servedClient) = (nil, 0)
  }

  /// What has come by now on connections of a pool that nobody uses must keep them from being handed out.
  private func lookForStale() {
    for place in lives.indices where course.made.contains(lives[place].client) {
      guard lives[place].isOpen, lives[place].partner == nil, let end = lives[place].end else {
        continue
      }
      let incoming = end.incoming
      let hasCome = end.wasReset || incoming?.isReadable ?? false || incoming?.hasEnded ?? false
      if hasCome { lives[place].isStale = true }
    }
  }

  /// A connection of a pool, or one that was being made, is a session's partner.
  func isHanded(_ partner: Int, to index: Int) {
    guard partner < lives.count, lives[index].partner == nil else { return }
    // A loop that is told of a few at a time hears late of the others.
    let hearsAll = course.held + course.made.count < course.mostEvents && !hasUnheard
    if lives[partner].isStale, hearsAll, !course.mayHoldUp {
      record.fail(.sessionContract("handed a connection on which something had come"))
    }
    for (one, other) in [(index, partner), (partner, index)] {
      lives[one].partner = other
      lives[one].isRelayed = true
    }
    lives[partner].servedClient = lives[index].client
  }

  private static func isAsPlanned(_ reason: CloseReason?) -> Bool {
    switch reason {
    case .peerFinished, .finished: true
    default: false
    }
  }

  /// Whether the partner of a session has more to send than it should, before this turn.
  func waitsForPartner(_ life: Life) -> Bool {
    guard let partner = life.partner else { return false }
    let most = course.world.options.lowWatermark
    return !lives[partner].isOpen || unsentNow(lives[partner]) > most
  }
}

#endif
