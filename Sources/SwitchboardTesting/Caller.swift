import Glibc
import Switchboard

/// A blocking client for tests. No wait is longer than its ``patience``, and an error says what was waited
/// for, for how long, and what came instead.
///
/// It is made of the kernel's calls alone, and of nothing that a server here is made of. Its descriptor has a
/// number beyond those that `select` can hold, as far as the process may have such: for that, the first caller
/// raises the process's limit of descriptors, to 8,192 at most. For one thread at a time. It closes with its
/// last reference.
public final class Caller: @unchecked Sendable {
  /// How long any of its waits may take, in all.
  public var patience: Duration

  private let system = Linux()
  private var descriptor: Descriptor
  private var unread: [UInt8] = []

  /// Connects to a port of this machine, by 127.0.0.1.
  ///
  /// - Parameters:
  ///   - port: Where.
  ///   - receiveBuffer: How much the kernel may hold unread, in bytes; nil for what is usual.
  ///   - patience: How long connecting, and each later wait, may take.
  /// - Throws: ``Failure``.
  public convenience init(
    to port: UInt16, receiveBuffer: Int32? = nil, patience: Duration = longestPatience
  ) throws {
    let address = SocketAddress.loopback(port: port)
    try self.init(to: address, receiveBuffer: receiveBuffer, patience: patience)
  }

  /// Connects to an address: of IPv4, of IPv6, or a Unix-domain socket's.
  ///
  /// - Parameters:
  ///   - address: Where; a server's handle tells its `addresses`.
  ///   - receiveBuffer: How much the kernel may hold unread, in bytes; nil for what is usual.
  ///   - patience: How long connecting, and each later wait, may take.
  /// - Throws: ``Failure``.
  public init(
    to address: SocketAddress, receiveBuffer: Int32? = nil, patience: Duration = longestPatience
  ) throws {
    self.patience = patience
    descriptor = Descriptor(rawValue: -1)
    let wait = begin(.connection(address))
    let made = system.socket(address.family)
    guard made.isSuccess else { throw failure(wait, made) }
    descriptor = Descriptor(rawValue: aboveThoseOfSelect(Int32(made.value)))
    if let receiveBuffer { _ = system.set(.receiveBuffer, receiveBuffer, on: descriptor) }
    try connect(to: address, wait)
  }

  deinit {
    shutdown(descriptor.rawValue, Int32(SHUT_RDWR))
    close()
  }

  private func connect(to address: SocketAddress, _ wait: Wait) throws {
    var outcome = system.connect(descriptor, to: address)
    // A Unix-domain socket whose queue is full says so at once.
    while outcome.errno?.rawValue == EAGAIN, system.now() < wait.deadline {
      usleep(1000)
      outcome = system.connect(descriptor, to: address)
    }
    if outcome.isSuccess { return }
    guard [EINPROGRESS, EINTR].contains(outcome.errno?.rawValue) else {
      throw failure(wait, outcome)
    }
    try until(POLLOUT, wait)
    let error = system.get(.error, on: descriptor)
    guard error.isSuccess, error.value == 0 else {
      throw failure(wait, error.isSuccess ? .failure(Errno(rawValue: Int32(error.value))) : error)
    }
  }

  // ----------------------------------------------------------------------------- sending

  /// Sends all of it.
  ///
  /// - Parameter bytes: What is sent, in as many pieces as the kernel makes of it.
  /// - Throws: ``Failure``, if the peer reads too little for too long, or has gone.
  public func send(_ bytes: [UInt8]) throws {
    let wait = begin(.room(bytes.count))
    var sent = 0
    while sent < bytes.count {
      let outcome = unsafe bytes.withUnsafeBytes {
        unsafe system.send(descriptor, from: UnsafeRawBufferPointer(rebasing: $0[sent...]))
      }
      if outcome.isSuccess {
        sent += outcome.value
      } else if outcome.errno?.rawValue == EAGAIN {
        try until(POLLOUT, wait)
      } else if outcome.errno?.rawValue != EINTR {
        throw failure(wait, outcome)
      }
    }
  }

  /// Sends a text's UTF-8.
  ///
  /// - Parameter text: What is sent.
  /// - Throws: ``Failure``, if the peer reads too little for too long, or has gone.
  public func send(_ text: String) throws { try send(Array(text.utf8)) }

  /// Says that nothing more will be sent.
  public func finishSending() { _ = system.shutdownSending(descriptor) }

  /// Ends the connection, whatever else holds the descriptor.
  public func end() { shutdown(descriptor.rawValue, Int32(SHUT_RDWR)) }

  /// Closes with a reset. Nothing can be sent or received after that.
  public func reset() {
    _ = system.set(.linger, 0, on: descriptor)
    close()
  }

  private func close() {
    if descriptor.rawValue >= 0 { _ = system.close(descriptor) }
    descriptor = Descriptor(rawValue: -1)
  }

  // --------------------------------------------------------------------------- receiving

  /// Whether something has come, the end perhaps, without waiting.
  public var hasInput: Bool {
    var byte: UInt8 = 0
    let flags = Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)
    return unsafe !unread.isEmpty || recv(descriptor.rawValue, &byte, 1, flags) >= 0
  }

  /// Waits until exactly these bytes have come, and takes them. The first other byte ends the wait.
  ///
  /// - Parameter bytes: What must come.
  /// - Throws: ``Failure``, which shows what came instead; that is not taken.
  public func expect(_ bytes: [UInt8]) throws {
    let wait = begin(.bytes(bytes[...]))
    while true {
      guard bytes.starts(with: unread.prefix(bytes.count)) else {
        throw wait.failure(.different, after: unread, at: system.now())
      }
      if unread.count >= bytes.count { break }
      guard try receive(wait) else { throw wait.failure(.ended, after: unread, at: system.now()) }
    }
    _ = take(bytes.count)
  }

  /// Waits until exactly this text's UTF-8 has come, and takes it.
  ///
  /// - Parameter text: What must come.
  /// - Throws: ``Failure``, which shows what came instead; that is not taken.
  public func expect(_ text: String) throws { try expect(Array(text.utf8)) }

  /// Exactly so many bytes.
  ///
  /// - Parameter count: How many.
  /// - Returns: the next ones.
  /// - Throws: ``Failure``, if the stream ends before.
  public func bytes(_ count: Int) throws -> [UInt8] {
    let wait = begin(.count(count))
    while unread.count < count {
      guard try receive(wait) else { throw wait.failure(.ended, after: unread, at: system.now()) }
    }
    return take(count)
  }

  /// All there is to the end of the stream.
  ///
  /// - Returns: the text; bytes that are no UTF-8 are replaced.
  /// - Throws: ``Failure``, if the end is a reset, or does not come in time.
  public func toEnd() throws -> String {
    let wait = begin(.end)
    while try receive(wait) {}
    return String(decoding: take(unread.count), as: UTF8.self)
  }

  /// The next line.
  ///
  /// - Returns: the line without its line feed; what is left at the end of the stream, or nil for nothing.
  /// - Throws: ``Failure``.
  public func line() throws -> String? {
    let wait = begin(.line)
    var searched = 0
    while true {
      if let end = unread[searched...].firstIndex(of: 0x0A) {
        return String(decoding: take(end + 1).dropLast(), as: UTF8.self)
      }
      searched = unread.count
      guard try receive(wait) else {
        return unread.isEmpty ? nil : String(decoding: take(unread.count), as: UTF8.self)
      }
    }
  }

  /// Sends a line, and waits for the next one that comes.
  ///
  /// - Parameter line: What is sent, without its line feed.
  /// - Returns: what ``line()`` does.
  /// - Throws: ``Failure``.
  public func ask(_ line: String) throws -> String? {
    try send(line + "\n")
    return try self.line()
  }

  private func take(_ count: Int) -> [UInt8] {
    defer { unread.removeFirst(count) }
    return Array(unread[..<count])
  }

  /// Receives more; false at the end of the stream.
  private func receive(_ wait: Wait) throws -> Bool {
    while true {
      try until(POLLIN, wait)
      var outcome = Outcome.value(0)
      unread += unsafe [UInt8](unsafeUninitializedCapacity: Self.mostAtOnce) { buffer, count in
        unsafe outcome = system.receive(
          descriptor, into: UnsafeMutableRawBufferPointer(buffer))
        count = outcome.isSuccess ? outcome.value : 0
      }
      if outcome.isSuccess { return outcome.value > 0 }
      guard [EAGAIN, EINTR].contains(outcome.errno?.rawValue) else { throw failure(wait, outcome) }
    }
  }

  private static let mostAtOnce = 65536

  // ----------------------------------------------------------------------------- waiting

  private func begin(_ aim: Wait.Aim) -> Wait {
    let now = system.now()
    return Wait(aim: aim, begun: now, deadline: now + patience)
  }

  private func failure(_ wait: Wait, _ outcome: Outcome) -> Failure {
    wait.failure(outcome.errno, after: unread, at: system.now())
  }

  /// Waits until the descriptor is ready, whatever signals come.
  private func until(_ event: Int32, _ wait: Wait) throws {
    while true {
      let left = wait.deadline.since(system.now())
      // A round more than needed at most, and never one too few.
      let (seconds, rest) = left.components
      let milliseconds = Int32(
        clamping: min(seconds, 86_400) * 1000 + rest / 1_000_000_000_000_000 + 1)
      var entry = pollfd(fd: descriptor.rawValue, events: Int16(event), revents: 0)
      let answer = unsafe poll(&entry, 1, left == .zero ? 0 : milliseconds)
      if answer > 0 { return }
      if answer < 0, errno != EINTR { throw failure(wait, .failure(Errno(rawValue: errno))) }
      if left == .zero { throw wait.failure(.late, after: unread, at: system.now()) }
    }
  }
}
