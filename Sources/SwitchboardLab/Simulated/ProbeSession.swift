import Switchboard

/// A protocol made to reach every corner of a loop, for simulations: large output, timers, pauses and
/// posted messages.
///
/// | request | reply |
/// |---|---|
/// | `e`, a length in two bytes, so many bytes | those bytes |
/// | `b`, a number in two bytes | 16 times so many bytes |
/// | `t`, milliseconds in one byte | `t`, so much later |
/// | `p` | `p`, by way of a message to itself |
/// | `q` | `q`, and the connection is closed |
///
/// Anything else is ignored. While a reply is still to come, nothing is read.
public struct ProbeSession: Session {
  /// What it posts to itself.
  public enum Message: Sendable {
    /// The reply is due.
    case reply
  }

  private var parser = Probe()
  private var isBusy = false
  private var rest: [UInt8] = []
  private var isDraining = false

  /// A new connection's state.
  public init() {}

  /// Replies, until a reply has to be waited for.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var place = 0
    while place < bytes.count, !isBusy {
      let echoed = parser.echoed(of: bytes.count - place)
      if echoed > 0 {
        connection.write(bytes.extracting(place..<place + echoed))
        parser.skip(echoed)
        place += echoed
      } else {
        guard take(bytes[place], &connection) else { return connection.close() }
        place += 1
      }
    }
    for index in place..<bytes.count { rest.append(bytes[index]) }
  }

  private mutating func take(_ byte: UInt8, _ connection: inout Connection) -> Bool {
    switch parser.take(byte) {
    case .nothing: break
    case .block(let count): connection.write(Probe.block(count).span)
    case .timer(let milliseconds):
      connection.setTimer(after: .milliseconds(milliseconds))
      pause(&connection)
    case .post:
      connection.handle(for: Self.self).post(.reply)
      pause(&connection)
    case .quit:
      connection.write(Probe.quit)
      return false
    }
    return true
  }

  private mutating func pause(_ connection: inout Connection) {
    isBusy = true
    connection.pauseReading()
  }

  /// The timer's reply is due.
  public mutating func elapsed(_ connection: inout Connection) { goOn(Probe.timer, &connection) }

  /// The message's reply is due.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    goOn(Probe.post, &connection)
  }

  private mutating func goOn(_ reply: UInt8, _ connection: inout Connection) {
    connection.write(reply)
    isBusy = false
    connection.resumeReading()
    let waiting = rest
    rest = []
    if !waiting.isEmpty { received(waiting.span, &connection) }
    if isDraining, !isBusy { connection.close() }
  }

  /// Lets a reply that is still to come be given.
  public mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if !isBusy { connection.close() }
  }
}

/// The requests of ``ProbeSession``, and the pure model of its replies.
struct Probe {
  static let echo = UInt8(ascii: "e")
  static let block = UInt8(ascii: "b")
  static let timer = UInt8(ascii: "t")
  static let post = UInt8(ascii: "p")
  static let quit = UInt8(ascii: "q")

  enum Answer {
    case nothing, post, quit
    case block(Int)
    case timer(milliseconds: Int)
  }

  private var command: UInt8 = 0
  private var header = 0
  private var number = 0

  /// Takes a byte of a request that is not one to be sent back.
  mutating func take(_ byte: UInt8) -> Answer {
    if header > 0 { return takeHeader(byte) }
    switch byte {
    case Probe.echo, Probe.block: (command, header, number) = (byte, 2, 0)
    case Probe.timer: (command, header, number) = (byte, 1, 0)
    case Probe.post: return .post
    case Probe.quit: return .quit
    default: break
    }
    return .nothing
  }

  private mutating func takeHeader(_ byte: UInt8) -> Answer {
    number = number << 8 | Int(byte)
    header -= 1
    guard header == 0 else { return .nothing }
    let done = command
    if done != Probe.echo || number == 0 { command = 0 }
    switch done {
    case Probe.block: return .block(number)
    case Probe.timer: return .timer(milliseconds: number)
    default: return .nothing
    }
  }

  /// What a block of so many times 16 bytes looks like.
  static func block(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 16)
    append(block: count, to: &bytes)
    return bytes
  }

  private static func append(block count: Int, to bytes: inout [UInt8]) {
    // It begins anew after 256 bytes.
    let period = (0..<min(count * 16, 256)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
    var left = count * 16
    while left > 0 {
      bytes += period[..<min(left, 256)]
      left -= min(left, 256)
    }
  }

  /// How many of the bytes at hand are to come back as they are.
  func echoed(of count: Int) -> Int {
    header == 0 && command == Probe.echo ? min(number, count) : 0
  }

  /// So many bytes were sent back.
  mutating func skip(_ count: Int) {
    number -= count
    if number == 0 { command = 0 }
  }

  /// What is replied to everything that was sent.
  static func replies(_ sent: [UInt8]) -> [UInt8] {
    var (probe, all): (Probe, [UInt8]) = (Probe(), [])
    var place = 0
    while place < sent.count {
      let echoed = probe.echoed(of: sent.count - place)
      if echoed > 0 {
        all += sent[place..<place + echoed]
        place += echoed
        probe.skip(echoed)
        continue
      }
      switch probe.take(sent[place]) {
      case .nothing: break
      case .block(let count): append(block: count, to: &all)
      case .timer: all.append(timer)
      case .post: all.append(post)
      case .quit: return all + [quit]
      }
      place += 1
    }
    return all
  }
}
