/// The connections that a loop is making, and what it needs for that: nothing of it is there before the first.
///
/// Their sockets are watched by an epoll of their own, whatever the loop waits with, and that is one descriptor
/// more for the loop. So a loop that has many attempts under way, or none, costs its requests nothing.
final class Outgoing<System: Kernel> {
  /// An attempt's socket, and the name of its registration.
  struct Attempting {
    let attempt: Int
    let socket: Descriptor
    let name: UInt64
  }

  /// A connection that is being made.
  final class Making {
    let wish: ConnectWish
    let key: Key
    var eyes: HappyEyeballs
    /// What is under way: one, as a rule.
    fileprivate(set) var attempts: [Attempting] = []
    var lookUps: [Resolver.LookUp] = []

    init(_ wish: ConnectWish, _ key: Key, _ eyes: HappyEyeballs) {
      (self.wish, self.key, self.eyes) = (wish, key, eyes)
    }

    var number: UInt64 { wish.attempt.number }

    fileprivate func socket(of attempt: Int) -> Descriptor? {
      attempts.first { $0.attempt == attempt }?.socket
    }
  }

  private let system: System
  private let waiting: any ReadinessKernel
  /// The epoll.
  let descriptor: Descriptor
  /// By the numbers of their wishes.
  private var all: [UInt64: Making] = [:]
  /// The same by their slots.
  private var placed: [UInt32: Making] = [:]
  /// Whose attempt a registration is for. Each has a name of its own, so that one that was fetched before its
  /// socket was closed names nothing.
  private var registrations: [UInt64: (making: Making, attempt: Int)] = [:]
  private var lastRegistration: UInt64 = 0

  /// - Throws: where the system has no epoll, or no descriptor for it.
  init(_ system: System) throws(SystemError) {
    guard let waiting = system as? any ReadinessKernel else {
      throw SystemError(.epollCreate, .noSuchCall)
    }
    self.system = system
    self.waiting = waiting
    descriptor = try waiting.must(.epollCreate) { waiting.epollCreate() }.descriptor
  }

  deinit {
    for each in all.values.flatMap(\.attempts) { _ = system.close(each.socket) }
    _ = system.close(descriptor)
  }

  // --------------------------------------------------------------------------- who there is

  func add(_ making: Making) {
    all[making.number] = making
    placed[making.key.index] = making
  }

  subscript(number: UInt64) -> Making? { all[number] }

  func making(at key: Key) -> Making? { placed[key.index] }

  /// It is being made no longer. Its sockets are closed, all but the one that was taken; false where it was over
  /// already.
  func remove(_ making: Making) -> Bool {
    while let last = making.attempts.last { abandon(last.attempt, of: making) }
    guard all.removeValue(forKey: making.number) != nil else { return false }
    placed[making.key.index] = nil
    for lookUp in making.lookUps { lookUp.cancel() }
    return true
  }

  // ------------------------------------------------------------------------------- attempts

  /// Begins an attempt: why it failed at once, if it did.
  func begin(_ attempt: HappyEyeballs.Attempt, of making: Making) -> SystemError? {
    let operand = SystemError.Operand.address(attempt.address)
    let socket: Descriptor
    do throws(SystemError) {
      socket = try Socket<System>.beginning(
        to: attempt.address, from: making.wish.local, system: system)
    } catch {
      return error
    }
    lastRegistration &+= 1
    let (name, waiting, epoll) = (lastRegistration, waiting, descriptor)
    let added = waiting.epollControl(epoll, .add, socket, events: Self.onceWritable, key: name)
    if let errno = added.errno {
      _ = system.close(socket)
      return SystemError(.epollControl, errno, on: operand)
    }
    registrations[name] = (making, attempt.number)
    making.attempts.append(Attempting(attempt: attempt.number, socket: socket, name: name))
    return nil
  }

  /// Ends an attempt: nobody wants it.
  func abandon(_ attempt: Int, of making: Making) {
    if let socket = end(attempt, of: making) { _ = system.close(socket) }
  }

  /// The socket of an attempt that has connected, which is its taker's from here on.
  func take(_ attempt: Int, of making: Making) -> Descriptor? {
    guard let socket = end(attempt, of: making) else { return nil }
    let (waiting, epoll) = (waiting, descriptor)
    _ = waiting.epollControl(epoll, .remove, socket, events: 0, key: 0)
    return socket
  }

  /// Nothing more is told of an attempt, whose socket this is.
  private func end(_ attempt: Int, of making: Making) -> Descriptor? {
    guard let place = making.attempts.firstIndex(where: { $0.attempt == attempt }) else {
      return nil
    }
    let ended = making.attempts.remove(at: place)
    registrations[ended.name] = nil
    return ended.socket
  }

  /// `EPOLLOUT | EPOLLONESHOT`: an attempt ends once.
  private static var onceWritable: UInt32 { 0x4 | 1 << 30 }
  /// How many are asked for at once.
  private static var batch: Int { 64 }

  /// The attempts that have ended since this was asked last: all of them, since nothing tells of the rest
  /// again.
  func ended() -> [(making: Making, attempt: Int)] {
    var ended: [(making: Making, attempt: Int)] = []
    var events = EventNames(capacity: Self.batch)
    var count = Self.batch
    while count == Self.batch {
      count = events.fetch(waiting, descriptor)
      for place in 0..<count {
        guard let who = registrations.removeValue(forKey: events[place]) else { continue }
        ended.append(who)
      }
    }
    return ended
  }

  /// What became of an attempt that has ended: nil if it has connected.
  func outcome(of attempt: Int, _ making: Making, to address: SocketAddress) -> SystemError? {
    guard let socket = making.socket(of: attempt) else { return nil }
    let operand = SystemError.Operand.address(address)
    let pending = system.get(.error, on: socket)
    let errno = pending.errno ?? Errno(rawValue: Int32(clamping: pending.value))
    if errno.rawValue != 0 { return SystemError(.connect, errno, on: operand) }
    // Where nobody listens, a port of this machine that the system chose for the attempt may be the one that it
    // goes to, and a connection with itself comes about (RFC 9293, 3.5).
    var own = SocketAddress.any(port: 0)
    if system.localAddress(socket, into: &own).isSuccess, own == address, own.family != .unix {
      // So that the port is free at once for the server that is to come.
      system.resetAtClose(socket)
      return SystemError(.connect, .connectionRefused, on: .itself(address))
    }
    return nil
  }
}

/// The names of registrations that an epoll tells of.
@safe
private struct EventNames: ~Copyable {
  private let events: UnsafeMutableBufferPointer<EpollEvent>

  init(capacity: Int) {
    unsafe events = .allocate(capacity: capacity)
    unsafe events.initialize(repeating: EpollEvent())
  }

  deinit { unsafe events.deallocate() }

  /// How many there are; none where it cannot be asked.
  mutating func fetch(_ system: any ReadinessKernel, _ epoll: Descriptor) -> Int {
    let events = unsafe events
    let outcome = system.retryingInterrupts {
      unsafe system.epollWait(epoll, into: events, milliseconds: 0)
    }
    return outcome.isSuccess ? min(outcome.value, events.count) : 0
  }

  subscript(place: Int) -> UInt64 { unsafe events[place].key }
}

extension Socket {
  /// A socket that has begun to connect, from a certain address perhaps. Its descriptor is the caller's.
  fileprivate static func beginning(
    to address: SocketAddress, from local: SocketAddress?, system: System
  ) throws(SystemError) -> Descriptor {
    let operand = SystemError.Operand.address(address)
    let made = try system.must(.socket, on: operand) { system.socket(address.family) }.descriptor
    do throws(SystemError) {
      if address.family != .unix {
        // Small requests must not wait for the acknowledgement of the one before.
        try system.must(.setOption, on: operand) { system.set(.noDelay, 1, on: made) }
      }
      if let local {
        // Otherwise each takes a port from all others of its address, whoever their peers are. A system that
        // does not know that chooses at once.
        if local.family != .unix, local.port == 0 { _ = system.set(.choosesPortLate, 1, on: made) }
        try system.must(.bind, on: .address(local)) { system.bind(made, to: local) }
      }
      switch system.connect(made, to: address).errno {
      case nil, Errno.inProgress, Errno.interrupted: return made
      case .some(let errno): throw SystemError(.connect, errno, on: operand)
      }
    } catch {
      _ = system.close(made)
      throw error
    }
  }
}
