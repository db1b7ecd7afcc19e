import Glibc
import Switchboard

/// A file that a command reads: any kind, of any size, perhaps not what was meant.
public enum InputFile {
  /// Reads a file whole.
  ///
  /// - Parameters:
  ///   - most: What is larger is not read, in bytes.
  ///   - wanted: What errors ask for: `a file that --out has written`.
  public static func read(_ path: String, atMost most: Int, wanted: String) throws(FileTrouble)
    -> [UInt8]
  {
    var bytes: [UInt8] = []
    try read(path, wanted: wanted) { piece throws(FileTrouble) in
      guard bytes.count + piece.count <= most else {
        throw FileTrouble(path, "is larger than \(Figures.grouped(most)) bytes; give \(wanted)")
      }
      bytes += piece
    }
    return bytes
  }

  /// Reads a file in pieces of at most 1 MiB.
  package static func read(
    _ path: String, wanted: String, _ take: (ArraySlice<UInt8>) throws(FileTrouble) -> Void
  ) throws(FileTrouble) {
    let file = FileCalls.open(path, O_RDONLY)
    guard file >= 0 else {
      throw FileTrouble(reading: path, Errno(rawValue: errno), wanted: wanted)
    }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = unsafe Glibc.read(file, &buffer, buffer.count)
      if count == 0 { return }
      if count > 0 {
        try take(buffer[..<count])
      } else if errno == EAGAIN {
        var one = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        unsafe poll(&one, 1, -1)
      } else if errno != EINTR {
        throw FileTrouble(reading: path, Errno(rawValue: errno), wanted: wanted)
      }
    }
  }
}
