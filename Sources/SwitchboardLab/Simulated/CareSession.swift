import Switchboard

/// A protocol made to use all that a ``Connection`` offers, for simulations: letters to itself and to
/// others, output in portions, timers replaced and forgotten, closing at once. Each request is two bytes,
/// a command and a number `n`.
///
/// | request | reply |
/// |---|---|
/// | `l` | `n` bytes, counted up, by way of `n` letters to itself |
/// | `d` | `n` portions, each when the one before has been handed to the kernel |
/// | `t` | `t` after `16 n` milliseconds, by a timer that replaces a longer one |
/// | `c` | `c`; a timer was set for it and forgotten |
/// | `q` | `q`, and the connection is closed, with letters still on their way to it |
/// | `a` | none: the connection is closed at once |
///
/// Anything else is ignored. While a reply is still to come, nothing is read. With each request
/// somebody else is sent a letter who may have gone long ago, so that another has his place. Whoever is
/// told what is not for him says so with a byte that belongs nowhere.
public struct CareSession: Session {
  /// What sessions post.
  public enum Message: Sendable {
    /// One of several to itself.
    case letter(Int)
    /// To somebody whose number in the ``Correspondents`` this is.
    case stray(Int)
    /// To itself: the timer is to be replaced.
    case replace(milliseconds: Int)
    /// To itself: the timer is to be forgotten.
    case forget
  }

  private enum Errand: Equatable {
    case none
    case letters(next: Int, of: Int)
    case portions(next: Int, of: Int)
    case timer, forgetting
  }

  private let others: Correspondents
  private var number = 0
  private var errand = Errand.none
  private var command: UInt8?
  private var rest: [UInt8] = []
  private var isDraining = false

  /// A new connection's state.
  public init(_ others: Correspondents) { self.others = others }

  /// Becomes one of those who get letters.
  public mutating func opened(_ connection: inout Connection) {
    number = others.add(connection.handle(for: Self.self))
  }

  /// Replies, until a reply has to be waited for.
  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      guard errand == .none else {
        rest.append(bytes[index])
        continue
      }
      guard let asked = command.take() else {
        command = bytes[index]
        continue
      }
      guard begin(asked, Int(bytes[index]), &connection) else { return }
    }
  }

  /// Begins what is asked for: whether the connection stays.
  private mutating func begin(_ asked: UInt8, _ count: Int, _ connection: inout Connection) -> Bool
  {
    others.writeToSomebody()
    let own = connection.handle(for: Self.self)
    switch asked {
    case Care.letters where count > 0:
      for letter in 0..<count { own.post(.letter(letter)) }
      errand = .letters(next: 0, of: count)
    case Care.portions where count > 0:
      errand = .portions(next: 0, of: count)
      sendPortion(&connection)
    case Care.timer:
      connection.setTimer(after: .seconds(60))
      own.post(.replace(milliseconds: 16 * count))
      errand = .timer
    case Care.forgotten:
      connection.setTimer(after: .milliseconds(count + 5))
      own.post(.forget)
      errand = .forgetting
    case Care.quit:
      for letter in 0..<count & 3 { own.post(.letter(letter)) }
      connection.write(Care.quit)
      connection.close()
      return false
    case Care.abort:
      connection.abort()
      return false
    default: return true
    }
    connection.pauseReading()
    return true
  }

  private mutating func sendPortion(_ connection: inout Connection) {
    guard case .portions(let next, let count) = errand else { return }
    guard next < count else { return goOn(&connection) }
    errand = .portions(next: next + 1, of: count)
    let portion = Care.portion(next)
    connection.write(portion.span)
    connection.notifyWhenDrained()
  }

  /// The next portion is due; or what could not be sent at once has been, which is told as well.
  public mutating func drained(_ connection: inout Connection) {
    if case .portions = errand { sendPortion(&connection) }
  }

  /// A letter has come.
  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    switch (message, errand) {
    case (.stray(let addressee), _):
      if addressee != number { amiss(&connection) }
    case (.letter(let letter), .letters(let next, let count)) where letter == next:
      connection.write(UInt8(letter))
      errand = .letters(next: next + 1, of: count)
      if next + 1 == count { goOn(&connection) }
    case (.replace(let milliseconds), .timer):
      connection.setTimer(after: .milliseconds(milliseconds))
    case (.forget, .forgetting):
      connection.cancelTimer()
      connection.write(Care.forgotten)
      goOn(&connection)
    default: amiss(&connection)
    }
  }

  /// The timer's reply is due; one that is to be forgotten may go off before the letter comes.
  public mutating func elapsed(_ connection: inout Connection) {
    switch errand {
    case .timer:
      connection.write(Care.timer)
      goOn(&connection)
    case .forgetting: break
    default: amiss(&connection)
    }
  }

  private mutating func goOn(_ connection: inout Connection) {
    errand = .none
    connection.resumeReading()
    let waiting = rest
    rest = []
    if !waiting.isEmpty { received(waiting.span, &connection) }
    if isDraining, errand == .none { connection.close() }
  }

  /// Lets a reply that is still to come be given.
  public mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if errand == .none { connection.close() }
  }

  /// Gets letters further on, which must not reach another in his place.
  public mutating func closed(_ reason: CloseReason) { others.leave() }

  private func amiss(_ connection: inout Connection) { connection.write(Care.amiss) }
}

/// Those who get letters in a simulated world: everybody who connected while anybody was there. Who
/// kept handles for longer would keep the loop's waker open.
public final class Correspondents {
  private var handles: [(number: Int, handle: ConnectionHandle<CareSession.Message>)] = []
  private var known = 0
  private var living = 0
  private var next = 0

  /// Nobody yet.
  public init() {}

  /// One more: his number.
  func add(_ handle: ConnectionHandle<CareSession.Message>) -> Int {
    known += 1
    living += 1
    handles.append((known, handle))
    return known
  }

  /// One has gone.
  func leave() {
    living -= 1
    if living == 0 { handles = [] }
  }

  /// Writes to one after the other, whether he is still there or not.
  func writeToSomebody() {
    next = (next + 1) % handles.count
    handles[next].handle.post(.stray(handles[next].number))
  }
}

/// The requests of ``CareSession``, and the pure model of its replies.
enum Care {
  static let letters = UInt8(ascii: "l")
  static let portions = UInt8(ascii: "d")
  static let timer = UInt8(ascii: "t")
  static let forgotten = UInt8(ascii: "c")
  static let quit = UInt8(ascii: "q")
  static let abort = UInt8(ascii: "a")
  /// What no model replies with.
  static let amiss: UInt8 = 0xFF
  /// Bytes of a portion; a prime, so that their ends fall anywhere.
  private static let portionSize = 1511

  static func portion(_ number: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(number & 0x7F), count: portionSize)
  }

  /// A request: mostly small numbers.
  static func request(_ random: inout SimulatedRandom) -> [UInt8] {
    let count = UInt8(random.below(random.chance(0.1) ? 120 : 12))
    switch random.below(100) {
    case 0..<30: return [letters, count]
    case 30..<60: return [portions, count]
    case 60..<75: return [timer, count]
    case 75..<97: return [forgotten, count]
    case 97..<99: return [quit, count]
    default: return [abort, count]
    }
  }

  /// What is replied to everything that was sent.
  static func replies(_ sent: [UInt8]) -> [UInt8] {
    var all: [UInt8] = []
    for place in stride(from: 0, to: sent.count - 1, by: 2) {
      let count = Int(sent[place + 1])
      switch sent[place] {
      case letters: all += (0..<count).map { UInt8($0) }
      case portions: for number in 0..<count { all += portion(number) }
      case timer: all.append(timer)
      case forgotten: all.append(forgotten)
      case quit: return all + [quit]
      case abort: return all
      default: break
      }
    }
    return all
  }
}
