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
/// | `a` | nothing: the connection is aborted |
/// | `d` | `d`, when everything before it has been sent |
/// | `z` | `z`, by a timer of no time |
/// | `l`, a number in one byte | `l` so many times, by as many messages to itself |
///
/// Anything else is ignored. While a reply is still to come, nothing is read.
public struct ProbeSession: Session {
  /// What it posts to itself.
  public enum Message: Sendable {
    /// The reply is due.
    case reply
    /// One of several, to whom, and the how-manieth.
    case letter(to: Int, place: Int)
  }

  private var parser = Probe()
  private var isBusy = false
  private var rest: [UInt8] = []
  private var isDraining = false
  private var awaitsDrained = false
  private var timerReply = Probe.timer
  /// Letters that have come, of how many.
  private var letters = (come: 0, wanted: 0)
  /// Which session of its world it is, from 1 on; 0 for those that do not ask.
  private let number: Int
  private var handle: ConnectionHandle<Message>?

  /// A new connection's state.
  public init() { self.init(number: 0) }

  /// - Parameter number: Which session of its world it is. From 1 on, it posts to itself once it is closed.
  init(number: Int) { self.number = number }

  /// Keeps its handle.
  public mutating func opened(_ connection: inout Connection) {
    if number > 0 { handle = connection.handle(for: Self.self) }
  }

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
        guard take(bytes[place], &connection) else { return }
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
      timerReply = Probe.timer
      connection.setTimer(after: .milliseconds(milliseconds))
      pause(&connection)
    case .soon:
      timerReply = Probe.soon
      connection.setTimer(after: .zero)
      pause(&connection)
    case .drained:
      awaitsDrained = true
      connection.notifyWhenDrained()
      pause(&connection)
    case .letters(let count): return post(count, &connection)
    case .abort:
      connection.abort()
      return false
    case .post:
      connection.handle(for: Self.self).post(.reply)
      pause(&connection)
    case .quit:
      connection.write(Probe.quit)
      connection.close()
      return false
    }
    return true
  }

  private mutating func post(_ count: Int, _ connection: inout Connection) -> Bool {
    guard count > 0 else { return true }
    letters = (0, count)
    let handle = connection.handle(for: Self.self)
    for place in 0..<count { handle.post(.letter(to: number, place: place)) }
    pause(&connection)
    return true
  }

  /// Everything has gone: perhaps that was asked for.
  public mutating func drained(_ connection: inout Connection) {
    guard awaitsDrained else { return }
    awaitsDrained = false
    goOn(Probe.drained, &connection)
  }

  private mutating func pause(_ connection: inout Connection) {
    isBusy = true
    connection.pauseReading()
  }

  /// The timer's reply is due.
  public mutating func elapsed(_ connection: inout Connection) { goOn(timerReply, &connection) }

  /// The message's reply is due.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    switch message {
    case .reply: goOn(Probe.post, &connection)
    case .letter(let receiver, let place):
      // One for another, or out of order, shows as a byte that nobody expects.
      let isMine = receiver == number && place == letters.come && letters.come < letters.wanted
      letters.come += 1
      if isMine, letters.come < letters.wanted { return connection.write(Probe.letter) }
      goOn(isMine ? Probe.letter : 0, &connection)
    }
  }

  /// Posts to itself, which nobody may be given.
  public mutating func closed(_ reason: CloseReason) {
    handle?.post(.letter(to: number, place: -1))
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
  static let abort = UInt8(ascii: "a")
  static let drained = UInt8(ascii: "d")
  static let soon = UInt8(ascii: "z")
  static let letter = UInt8(ascii: "l")

  enum Answer {
    case nothing, post, quit, abort, drained, soon
    case letters(Int)
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
    case Probe.timer, Probe.letter: (command, header, number) = (byte, 1, 0)
    case Probe.abort: return .abort
    case Probe.drained: return .drained
    case Probe.soon: return .soon
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
    case Probe.letter: return .letters(number)
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
      case .abort: return all
      case .drained: all.append(drained)
      case .soon: all.append(soon)
      case .letters(let count): all += [UInt8](repeating: letter, count: count)
      }
      place += 1
    }
    return all
  }
}
