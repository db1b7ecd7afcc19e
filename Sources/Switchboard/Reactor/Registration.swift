/// What a key in the poller stands for. The two highest bits of a key's index tell the kinds apart;
/// the rest is the slot in the kind's own table.
enum Registration {
  case peer(Key)
  case watch(Key)
  case listener(Key)
  case waker
  case signals

  private static var kindShift: UInt32 { 30 }

  init(_ key: Key) {
    let kind = key.index >> Registration.kindShift
    let index = key.index & (1 << Registration.kindShift - 1)
    let plain = Key(index: index, generation: key.generation)
    switch kind {
    case 0: self = .peer(plain)
    case 1: self = .watch(plain)
    case 2: self = .listener(plain)
    default: self = index == 0 ? .waker : .signals
    }
  }

  var key: Key {
    switch self {
    case .peer(let key): key
    case .watch(let key): key.ofKind(1)
    case .listener(let key): key.ofKind(2)
    case .waker: Key(index: 0, generation: 0).ofKind(3)
    case .signals: Key(index: 1, generation: 0).ofKind(3)
    }
  }
}

extension Registration {
  /// What tells of all attempts of a loop to connect: the one thing that it watches beside the others.
  static var attempts: Registration { .watch(Key(index: 0, generation: 0)) }
}

extension Key {
  fileprivate func ofKind(_ kind: UInt32) -> Key {
    Key(index: index | kind << 30, generation: generation)
  }
}

extension ReactorLoop where P: ~Copyable {
  mutating func register(_ descriptor: Descriptor, _ registration: Registration)
    throws(SystemError)
  {
    do throws(RegistrationError) {
      try poller.set(descriptor, .read, was: nil, key: registration.key)
    } catch {
      throw error.asSystemError(descriptor)
    }
  }

  mutating func listen(_ listener: consuming Listener<System>) throws(SystemError) {
    let descriptor = listener.descriptor
    let key = listeners.insert(ListeningSlot(listener: listener, isArmed: true))
    while turns.count <= Int(key.index) { turns.add() }
    do throws(SystemError) {
      try register(descriptor, .listener(key))
    } catch {
      _ = listeners.remove(key)
      throw error
    }
  }

  mutating func watch(_ descriptor: Descriptor, _ interest: Interest)
    throws(SystemError) -> Key
  {
    let key = watches.insert(Watch(descriptor: descriptor, interest: interest))
    do throws(RegistrationError) {
      try poller.set(descriptor, interest, was: nil, key: Registration.watch(key).key)
    } catch {
      _ = watches.remove(key)
      throw error.asSystemError(descriptor)
    }
    return key
  }

  mutating func unwatch(_ key: Key) {
    guard watches.contains(key) else { return }
    let watch = watches.remove(key)
    try? poller.set(
      watch.descriptor, nil, was: watch.interest, key: Registration.watch(key).key)
  }

  mutating func drainOnSignals() throws(SystemError) {
    let opened = try EndSignals()
    try register(opened.descriptor, .signals)
    signals = consume opened
  }
}

extension RegistrationError {
  /// As a system error, for those who registered a descriptor themselves.
  func asSystemError(_ descriptor: Descriptor) -> SystemError {
    switch self {
    case .system(let error): error
    case .beyondSet: SystemError(.select, .invalid, on: .descriptor(descriptor))
    }
  }
}
