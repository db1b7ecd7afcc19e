import Switchboard

/// The model of ``LineSession``, written apart from it.
enum LineModel {
  private static let ping = Array("PING".utf8)
  private static let quit = Array("QUIT".utf8)
  private static let echo = Array("ECHO ".utf8)
  private static let reverse = Array("REVERSE ".utf8)
  private static let sleep = Array("SLEEP ".utf8)
  private static let pong = Array("OK PONG".utf8)
  private static let bye = Array("OK bye".utf8)
  private static let okay = Array("OK ".utf8)
  private static let slept = Array("OK slept ".utf8)
  private static let help = Array(
    "ERR say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT".utf8)

  /// A line to send.
  static func line(_ random: inout SimulatedRandom) -> [UInt8] {
    let count = random.below(60)
    let text = [UInt8](capacity: count) { text in
      for _ in 0..<count { text.append(UInt8(97 + random.below(26))) }
    }
    switch random.below(72) {
    case 0...23: return ping + [0x0A]
    case 24...40: return echo + text + [0x0D, 0x0A]
    case 41...52: return reverse + text + [0x0A]
    case 53...60: return sleep + Array(String(random.below(80)).utf8) + [0x0A]
    case 61...70: return text + [UInt8(ascii: "?"), 0x0A]
    default: return quit + [0x0A]
    }
  }

  static func replies(_ sent: [UInt8]) -> [UInt8] {
    var all: [UInt8] = []
    all.reserveCapacity(2 * sent.count)
    var start = 0
    while let end = sent[start...].firstIndex(of: 0x0A) {
      let line = sent[start..<end]
      let isLast = reply(line.last == 0x0D ? line.dropLast() : line, to: &all)
      if isLast { break }
      start = end + 1
    }
    return all
  }

  /// Adds the reply to a line: whether it is the last.
  private static func reply(_ line: ArraySlice<UInt8>, to all: inout [UInt8]) -> Bool {
    let isLast = line.elementsEqual(quit)
    if line.elementsEqual(ping) {
      all += pong
    } else if isLast {
      all += bye
    } else if line.starts(with: echo) {
      all += okay
      all += line.dropFirst(echo.count)
    } else if line.starts(with: reverse) {
      all += okay
      all += line.dropFirst(reverse.count).reversed()
    } else if line.starts(with: sleep) {
      all += slept
      all += line.dropFirst(sleep.count)
    } else {
      all += help
    }
    all.append(0x0A)
    return isLast
  }
}
