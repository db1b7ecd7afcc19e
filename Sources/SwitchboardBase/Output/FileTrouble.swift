import Glibc
import Switchboard

/// A file that cannot be read or written: which, why, and what cures it.
public struct FileTrouble: Error, Hashable, CustomStringConvertible {
  /// One line, with the next action.
  public let description: String
  /// The system's number; nil where the file is not what it should be.
  public let errno: Errno?

  /// A file that cannot be written.
  ///
  /// - Parameter wanted: What to name instead, where nothing else cures it.
  public init(
    writing path: String, _ errno: Errno, wanted: String = "a file that can be written"
  ) {
    let (reason, cure) = FileTrouble.explain(errno, path, isWriting: true)
    description =
      "cannot write '\(FileName.shown(path))': \(reason); "
      + (cure ?? "give \(wanted)")
    self.errno = errno
  }

  /// A folder that cannot be made or written to.
  ///
  /// - Parameter wanted: What to give instead.
  package init(folder path: String, _ errno: Errno, wanted: String) {
    let (reason, _) = FileTrouble.explain(errno, path, isWriting: true)
    description = "cannot write '\(FileName.shown(path))': \(reason); give \(wanted)"
    self.errno = errno
  }

  /// A file that cannot be read.
  ///
  /// - Parameter wanted: What to name instead: `a file that --out has written`.
  public init(reading path: String, _ errno: Errno, wanted: String) {
    let (reason, cure) = FileTrouble.explain(errno, path, isWriting: false)
    description = "cannot read '\(FileName.shown(path))': \(reason); \(cure ?? "give \(wanted)")"
    self.errno = errno
  }

  /// A file that is not what it should be: `'a.json' is no result; name one`.
  public init(_ path: String, _ rest: String) {
    description = "'\(FileName.shown(path))' \(rest)"
    errno = nil
  }

  private static func explain(_ errno: Errno, _ path: String, isWriting: Bool)
    -> (String, String?)
  {
    switch errno.rawValue {
    case EISDIR: ("it is a folder", isWriting ? "give a file in it" : nil)
    case ENOENT: missing(path, isWriting)
    case ENOTDIR: ("what its path goes through is no folder", "check the path")
    case EACCES, EPERM:
      (errno.meaning, isWriting ? "give one that you may write to" : "get the right to read it")
    case EROFS: ("its file system is read-only", "give one elsewhere")
    case ENAMETOOLONG: ("its name is too long", "shorten it")
    case ENOSPC: ("no space is left where it is", "make room there, or give one elsewhere")
    case EDQUOT: ("the disk quota is used up", "make room, or give one elsewhere")
    case EFBIG: ("it would be larger than files may be", "raise the limit (`ulimit -f`)")
    case ELOOP: ("its links lead round in a circle", "give the file itself")
    case EMFILE: (errno.meaning, "raise the limit (`ulimit -n`)")
    case ENFILE: (errno.meaning, "raise fs.file-max, or close files elsewhere")
    case ETXTBSY: ("it is a program that is running", "give another file")
    case EPIPE: ("its reader has gone", "keep the reader to the end")
    case ENXIO: ("nobody is at its other end", "start the reader first")
    case EAGAIN: ("its reader has stopped", "let the reader go on")
    case EBADF: ("it is not open", "do not close it")
    case EIO: (errno.meaning, "check the disk")
    default: ("\(errno.meaning) (\(errno.symbol))", nil)
    }
  }

  /// What is missing: the file, the folder it is to be in, or the folder we are in.
  private static func missing(_ path: String, _ isWriting: Bool) -> (String, String?) {
    guard FileCalls.hasCurrentFolder || path.utf8.first == UInt8(ascii: "/") else {
      return ("the current folder is gone", "change to another folder")
    }
    let folder = OutputFile.folder(of: path)
    if !FileCalls.allows(folder, F_OK) {
      let reason = "there is no folder '\(FileName.shown(folder))'"
      return (reason, isWriting ? "make the folder first" : nil)
    }
    return (Errno(rawValue: ENOENT).meaning, nil)
  }
}
