internal import CKernel

/// What connections of a ring can ask.
final class RingContext<System: RingKernel>: LoopContext {
  private let ring: Ring<System>

  init(box: AnyObject, ring: Ring<System>) {
    self.ring = ring
    super.init(box: box)
  }

  /// At once: whoever asks may have bytes for it in the same callback.
  override func adopt(_ descriptor: Descriptor) -> Outcome {
    let outcome = ring.adopt(descriptor)
    // The ring holds the connection by itself.
    if outcome.isSuccess { _ = ring.system.close(descriptor) }
    return outcome
  }

  override func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    ring.peerAddress(of: descriptor)
  }

  override func localAddress(_ descriptor: Int32) -> SocketAddress? {
    ring.localAddress(of: descriptor)
  }

  override func peerCredentials(_ descriptor: Int32) -> PeerCredentials? {
    ring.peerCredentials(of: descriptor)
  }

  override func resetAtClose(_ descriptor: Int32) { ring.resetAtClose(descriptor) }

  override func lastProgress(_ descriptor: Int32, _ now: Instant) -> Instant? {
    ring.lastProgress(of: descriptor, now)
  }
}

/// What a ring is asked, about a direct descriptor or for one.
private enum Question {
  /// Its peer's address, with room for one of this length.
  case peerName(Int32, UInt32)
  /// An ordinary descriptor of the same connection.
  case descriptor(Int32)
  /// A direct descriptor of the ordinary one that stands there.
  case adoption(AdoptionPlace)
}

extension Ring {
  /// A direct descriptor is no descriptor that `getpeername(2)` knows: its socket is asked through
  /// the ring (`SO_PEERNAME`), which also tells of a connection that broke whose it was. Nil when
  /// the kernel fails.
  func peerAddress(of file: Int32) -> SocketAddress? {
    // Mostly it is as long as the last one.
    if let found = peerAddress(of: file, length: addressLength) { return found }
    for length in AddressLength.all where length != addressLength {
      guard let found = peerAddress(of: file, length: length) else { continue }
      addressLength = length
      return found
    }
    return nil
  }

  /// Nil, too, when the address is not so long: of a shorter one the kernel tells none (`EINVAL`),
  /// of a longer one its first bytes.
  private func peerAddress(of file: Int32, length: UInt32) -> SocketAddress? {
    guard let answer = ask(.peerName(file, length)), answer >= 0,
      let found = unsafe SocketAddress(ck_address_at(address)),
      length >= AddressLength.of(found.family)
    else { return nil }
    return found.unmapped
  }

  /// When a peer last took something of what was sent to it. The ring asks a socket for options of its
  /// own alone, not for TCP's: so it is made an ordinary descriptor for the time of the question. Nil
  /// where that cannot be.
  func lastProgress(of file: Int32, _ now: Instant) -> Instant? {
    lent(file) { [system] in system.lastProgress(on: $0, now) }
  }

  /// Where a connection arrived, by the same way.
  func localAddress(of file: Int32) -> SocketAddress? {
    lent(file) { [system] in system.localAddress(of: $0) }
  }

  /// Closing a connection is to reset it, by the same way.
  func resetAtClose(_ file: Int32) { lent(file) { [system] in system.resetAtClose($0) } }

  /// Who is at the other end of a Unix-domain socket, by the same way.
  func peerCredentials(of file: Int32) -> PeerCredentials? {
    lent(file) { [system] in system.peerCredentials(of: $0) }
  }

  /// Asks about a connection by an ordinary descriptor, which lives as long as the question takes.
  private func lent<Answer>(_ file: Int32, _ ask: (Descriptor) -> Answer?) -> Answer? {
    guard let made = self.ask(.descriptor(file)), made >= 0 else { return nil }
    defer { takeBack(made) }
    return ask(Descriptor(rawValue: made))
  }

  /// Makes a direct descriptor of an ordinary one, which stays open: its number, or why there is none.
  func adopt(_ descriptor: Descriptor) -> Outcome {
    adoption.number = descriptor.rawValue
    guard let answer = ask(.adoption(adoption)) else {
      // What the kernel does about it yet, it does there.
      lateAdoptions[tag(.adopt)] = adoption
      adoption = AdoptionPlace()
      return .failure(.busy)
    }
    guard answer > 0 else { return answer < 0 ? Outcome(raw: Int(answer)) : .failure(.busy) }
    return Outcome(raw: Int(adoption.number))
  }

  /// The number of a direct descriptor that was made when nobody waited for it any more, if one was.
  func takeLate(_ data: UInt64, _ answer: Int32) -> UInt32? {
    guard let place = lateAdoptions.removeValue(forKey: data), answer > 0 else { return nil }
    return UInt32(bitPattern: place.number)
  }

  /// Closes an ordinary descriptor of a connection's, which stays open. Nothing if there is none.
  func takeBack(_ lent: Int32) {
    if lent >= 0 { _ = system.close(Descriptor(rawValue: lent)) }
  }

  /// How often the kernel is entered for an answer at most. Each time, a queue of completions is
  /// taken out of the answer's way, so this is more than enough for every connection's to come
  /// before it.
  private static var patience: Int { 4096 }

  /// What the last question's completion carries.
  private func tag(_ kind: URing<System>.Tag) -> UInt64 { kind.rawValue | questions << 8 }

  /// Asks about a socket: what the kernel answers. The operation completes while it is submitted; but
  /// a full queue has no room for its completion, which then comes when there is.
  private func ask(_ question: Question) -> Int32? {
    questions &+= 1
    let entry = unsafe entry()
    let kind: URing<System>.Tag
    switch question {
    case .peerName(let file, let length):
      kind = .question
      unsafe ck_prepare_peer_name(entry, file, address, length)
    case .descriptor(let file):
      kind = .lend
      unsafe ck_prepare_install(entry, file)
    case .adoption(let place):
      kind = .adopt
      unsafe ck_prepare_adopt(entry, place.start)
    }
    let tag = self.tag(kind)
    unsafe entry.pointee.user_data = tag
    for _ in 0..<Self.patience {
      guard enter(least: 0, until: nil) == nil else { return nil }
      if let answer = takeAnswer(tag) { return answer }
      if unsafe ck_ring_overflown(raw) {
        park()
      } else if unsafe ck_ring_unsubmitted(raw) == 0 {
        return nil
      }
    }
    return nil
  }

  /// The answer is taken where it lies: the loop passes over it.
  private func takeAnswer(_ tag: UInt64) -> Int32? {
    let start = unsafe ck_ring_completions_start(raw)
    var at = unsafe ck_ring_completions_end(raw)
    while at != start {
      at &-= 1
      guard let completion = unsafe ck_ring_completion(raw, at) else { return nil }
      guard unsafe completion.pointee.user_data == tag else { continue }
      unsafe completion.pointee.user_data = URing<System>.Tag.none.rawValue
      return unsafe completion.pointee.res
    }
    return nil
  }

  /// Takes all completions out of the queue, so that there is room for what waits behind them. The
  /// loop gets them as if they had been left.
  private func park() {
    var at = unsafe ck_ring_completions_start(raw)
    let end = unsafe ck_ring_completions_end(raw)
    while at != end {
      let entry = unsafe ck_ring_completion(raw, at).pointee
      let isSend = entry.user_data & 0xFF == URing<System>.Tag.sendNow.rawValue
      // What became of a send has been told already, where it has been looked for.
      let isScanned = unsafe Int32(bitPattern: raw.pointee.scanned &- at) > 0
      if !isSend || !isScanned { parked.append(entry) }
      at &+= 1
    }
    unsafe ck_ring_take(raw, end)
    unsafe raw.pointee.scanned = end
    unsafe raw.pointee.parked = UInt32(parked.count - nextParked)
    unsafe raw.pointee.holds_sends = true
  }

  /// The next completion that was taken out of the queue.
  func unpark() -> io_uring_cqe? {
    guard nextParked < parked.count else { return nil }
    let entry = parked[nextParked]
    nextParked += 1
    if nextParked == parked.count {
      parked = []
      nextParked = 0
    }
    unsafe raw.pointee.parked -= 1
    return entry
  }
}
