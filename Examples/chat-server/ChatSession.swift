import Switchboard
import SwitchboardProtocols

/// One peer of the chat: its first line is its name, and every further one is told to the others.
///
/// Nobody waits for anybody. A peer that reads slowly has its unsent bytes kept for it, up to the
/// server's `outboxLimit`, and is closed beyond that. A peer that talks too fast is not read from
/// for a moment.
public struct ChatSession: Session {
  /// What members are told, ready to be sent.
  public typealias Message = String

  /// Lines that are told at once; a peer that has sent more is read on ``breath`` later.
  static let burst = 32
  static let breath = Duration.milliseconds(100)

  private let room: Room
  private var lines = LineSplitter(limit: 512)
  private var name: String?
  private var handle: Room.Handle?
  /// What came behind the last line of a burst.
  private var unread: [UInt8] = []
  private var isResting = false

  /// A peer that is about to enter a room.
  public init(_ room: Room) { self.room = room }

  public mutating func opened(_ connection: inout Connection) {
    handle = connection.handle(for: Self.self)
    connection.write("* what is your name?\n")
  }

  public mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    var (place, told) = (0, 0)
    do {
      while !isResting, let line = try lines.next(in: bytes, from: &place) {
        let text = printable(line)
        if name == nil {
          enter(text, &connection)
        } else if !hear(text, &connection) {
          return connection.close()
        }
        told += 1
        if told == Self.burst { rest(&connection) }
      }
    } catch {
      connection.write("* a line may have \(lines.limit) bytes; goodbye\n")
      return connection.close()
    }
    for index in place..<bytes.count { unread.append(bytes[index]) }
  }

  private mutating func rest(_ connection: inout Connection) {
    isResting = true
    connection.pauseReading()
    connection.setTimer(after: Self.breath)
  }

  public mutating func elapsed(_ connection: inout Connection) {
    isResting = false
    connection.resumeReading()
    let waiting = unread
    unread = []
    if !waiting.isEmpty { received(waiting.span, &connection) }
  }

  public mutating func posted(_ message: Message, _ connection: inout Connection) {
    connection.write(message)
  }

  public mutating func draining(_ connection: inout Connection) {
    connection.write("* the server is closing\n")
    connection.close()
  }

  public mutating func closed(_ reason: CloseReason) {
    if let handle { room.leave(handle) }
  }

  /// Enters the room, if that can be a name.
  private mutating func enter(_ wanted: String, _ connection: inout Connection) {
    let isName = wanted.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
    guard isName, (1...24).contains(wanted.count), let handle else {
      connection.write("* a name is 1 to 24 letters, digits, - or _; yours?\n")
      return
    }
    guard let others = room.join(wanted, as: handle) else {
      connection.write("* \(wanted) is here already; another name?\n")
      return
    }
    name = wanted
    let company = others.isEmpty ? "nobody else" : others.joined(separator: ", ")
    connection.write("* welcome, \(wanted); here: \(company); say /who or /quit\n")
  }

  /// Obeys or tells. False when the connection is to be closed.
  private func hear(_ text: String, _ connection: inout Connection) -> Bool {
    switch text {
    case "": break
    case "/who":
      connection.write("* here: \(room.names().joined(separator: ", "))\n")
    case "/quit":
      connection.write("* goodbye\n")
      return false
    case _ where text.hasPrefix("/"):
      connection.write("* there is /who and /quit\n")
    default:
      if let name, let handle { room.say("\(name): \(text)\n", from: handle) }
    }
    return true
  }
}

/// A line as others may see it: what could steer their terminals is replaced.
private func printable(_ line: [UInt8]) -> String {
  var shown = String.UnicodeScalarView()
  for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
    let steers = scalar.properties.generalCategory == .control || scalar.properties.isBidiControl
    shown.append(steers ? "?" : scalar)
  }
  return String(shown)
}
