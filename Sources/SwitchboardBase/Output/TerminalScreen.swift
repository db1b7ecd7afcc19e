internal import CProcess
import Switchboard

/// The terminal's whole screen, for what is drawn anew again and again, and its keys.
///
/// It is drawn on standard error; results have standard output. The terminal is as it was before when the process ends
/// or is stopped, in whatever way but SIGKILL, and is taken again when it goes on. One user at a time; any thread.
package enum TerminalScreen {
  /// Its columns and rows; nil where standard error is no terminal that can be drawn on, or a shell has
  /// this process in the background.
  package static var size: (columns: Int, rows: Int)? {
    guard Output.canRedraw, cs_is_foreground() == 1 else { return nil }
    let size = Int(cs_size())
    return size > 0 ? (size >> 16, size & 0xFFFF) : nil
  }

  /// Takes it. Whether that could be.
  package static func take() -> Bool { cs_take() == 0 }

  /// Draws lines, none of which may be as wide as the screen. Left out where it would have to wait, and while the
  /// process is in the background.
  package static func draw(_ lines: [String]) {
    guard WholeWrite.hasRoom(2), cs_begin() == 1 else { return }
    let clear = cs_is_new() == 1 ? "\u{1B}[2J" : ""
    let rows = lines.joined(separator: "\u{1B}[K\r\n")
    _ = WholeWrite(clear + "\u{1B}[H" + rows + "\u{1B}[K\u{1B}[J", to: 2)
    cs_end()
  }

  /// The key that is pressed next; nil if none is for so long, or until something can be read from a descriptor.
  package static func key(within milliseconds: Int, or wake: Descriptor) -> UInt8? {
    let key = cs_key(Int32(clamping: milliseconds), wake.rawValue)
    return key > 0 ? UInt8(truncatingIfNeeded: key) : nil
  }

  /// Gives it back. Does nothing where it is not taken.
  package static func giveBack() { cs_give_back() }
}
