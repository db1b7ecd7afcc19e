import Glibc
import Switchboard

/// A file that a result goes into, of any kind.
///
/// An ordinary file is replaced by a whole one, or stays as it was, with its mode, owner and links: the
/// new one is written beside it and renamed, over the file itself where the name is a symbolic link. All
/// else (a device, a pipe, a terminal, a file with several names) is written into. What this process
/// has open, such as `/dev/stdout`, or `-` for short, is written to as it is: opened anew, it would
/// begin at its beginning.
public struct OutputFile: Sendable {
  /// Its name.
  public let path: String
  /// The number of an open file that the name stands for.
  private let number: Int32?
  /// Whether writing never waits for anybody else.
  public let isOrdinary: Bool

  /// Finds out, before anything is measured, what would keep it from being written afterwards.
  public init(_ path: String) throws(FileTrouble) {
    self.path = path
    // No file can have it, and its folder would be this one.
    if path.isEmpty { throw FileTrouble(writing: path, Errno(rawValue: ENOENT)) }
    number = OutputFile.openNumber(path)
    if let number {
      isOrdinary = false
      guard fcntl(number, F_GETFL) >= 0, !StandardStreams.wereClosed(number) else {
        throw FileTrouble(writing: path, Errno(rawValue: EBADF))
      }
      return
    }
    let status = FileCalls.status(path)
    let failure = errno
    isOrdinary = status?.isOrdinary ?? true
    guard status != nil || failure == ENOENT else {
      throw FileTrouble(writing: path, Errno(rawValue: failure))
    }
    if status?.isFolder == true { throw FileTrouble(writing: path, Errno(rawValue: EISDIR)) }
    if status == nil, FileCalls.status(path, followsLinks: false) != nil {
      // A link to nothing: whether a file can be there only making it can tell.
      let file = FileCalls.open(path, O_WRONLY | O_CREAT)
      guard file >= 0 else { throw FileTrouble(writing: path, Errno(rawValue: errno)) }
      close(file)
    } else if !FileCalls.allows(status == nil ? OutputFile.folder(of: path) : path, W_OK) {
      throw FileTrouble(writing: path, Errno(rawValue: errno))
    }
  }

  /// Whether it is standard output by another name.
  public var isStandardOutput: Bool { number == 1 }

  /// Writes it whole.
  public func write(_ text: String) throws(FileTrouble) { try write(Array(text.utf8)) }

  /// Writes it whole. An ordinary file is never seen half written.
  public func write(_ bytes: [UInt8]) throws(FileTrouble) {
    if let number { return try check(put(bytes, number)) }
    if FileCalls.status(path, followsLinks: false) == nil, errno == ENOENT {
      return try check(replace(path, nil, bytes))
    }
    let status = FileCalls.status(path)
    if let status, status.isOrdinary, status.links == 1, let real = FileCalls.real(path) {
      let failure = replace(real, status, bytes)
      // Where there is no room for another it must stay. But its folder may not be written to, or the
      // file be mounted there: then it is written in its place.
      if failure == nil || OutputFile.isAboutRoom(failure) { return try check(failure) }
    }
    try check(writeInto(bytes, isPipe: status?.isPipe == true))
  }

  private func check(_ failure: Errno?) throws(FileTrouble) {
    if let failure { throw FileTrouble(writing: path, failure) }
  }

  private func put(_ bytes: [UInt8], _ descriptor: Int32) -> Errno? {
    unsafe bytes.withUnsafeBytes { unsafe WholeWrite($0, to: descriptor) }.failure
  }

  private static func isAboutRoom(_ failure: Errno?) -> Bool {
    [ENOSPC, EDQUOT, EFBIG, EIO].contains(failure?.rawValue)
  }

  /// Writes a file beside it and renames that.
  private func replace(_ target: String, _ status: FileCalls.Status?, _ bytes: [UInt8]) -> Errno? {
    // Short, since the name itself may be as long as names can be.
    let beside = OutputFile.folder(of: target) + "/.switchboard-\(getpid())"
    let file = FileCalls.open(beside, O_WRONLY | O_CREAT | O_EXCL)
    guard file >= 0 else { return Errno(rawValue: errno) }
    var failure: Errno?
    if let status, !FileCalls.give(file, the: status) { failure = Errno(rawValue: errno) }
    failure = failure ?? put(bytes, file)
    if close(file) != 0, failure == nil { failure = Errno(rawValue: errno) }
    if failure == nil, !FileCalls.rename(beside, to: target) { failure = Errno(rawValue: errno) }
    if failure != nil { FileCalls.remove(beside) }
    return failure
  }

  private func writeInto(_ bytes: [UInt8], isPipe: Bool) -> Errno? {
    var file = FileCalls.open(path, O_WRONLY | O_CREAT | (isPipe ? O_NONBLOCK : 0))
    if isPipe, file < 0, errno == ENXIO {
      Output.error("waiting until somebody reads '\(path)'")
      file = FileCalls.open(path, O_WRONLY)
    }
    guard file >= 0 else { return Errno(rawValue: errno) }
    var failure = put(bytes, file)
    let isOrdinary = FileCalls.status(of: file)?.isOrdinary == true
    if failure == nil, isOrdinary, ftruncate(file, bytes.count) != 0 {
      failure = Errno(rawValue: errno)
    }
    if close(file) != 0, failure == nil { failure = Errno(rawValue: errno) }
    return failure
  }

  /// The folder that a file is in.
  static func folder(of path: String) -> String {
    // By bytes: a mark that combines would make one character of itself and the slash.
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    return slash == path.startIndex ? "/" : String(decoding: path.utf8[..<slash], as: UTF8.self)
  }

  /// The number of an open file of this process that a name stands for.
  package static func openNumber(_ path: String) -> Int32? {
    switch path {
    case "-", "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default:
      for folder in ["/dev/fd/", "/proc/self/fd/"] where path.hasPrefix(folder) {
        let digits = path.dropFirst(folder.count)
        if digits.allSatisfy({ ("0"..."9").contains($0) }) { return Int32(digits) }
      }
      return nil
    }
  }
}
