import Glibc
import Switchboard

/// The calls about files, by names of any bytes (see ``FileName``). What goes wrong is in `errno`, as
/// the system leaves it.
package enum FileCalls {
  /// What is known of a file.
  package struct Status {
    fileprivate var raw: stat
    private var kind: mode_t { raw.st_mode & S_IFMT }
    package var isOrdinary: Bool { kind == S_IFREG }
    package var isFolder: Bool { kind == S_IFDIR }
    package var isPipe: Bool { kind == S_IFIFO }
    /// In bytes.
    package var size: Int { raw.st_size }
    /// How many names it has.
    package var links: UInt64 { UInt64(raw.st_nlink) }
    /// Whether both are one file, device or pipe.
    package func isSame(as other: Status) -> Bool {
      raw.st_dev == other.raw.st_dev && raw.st_ino == other.raw.st_ino
    }
  }

  /// Opens a file; -1 if that cannot be.
  package static func open(_ path: String, _ flags: Int32, _ mode: mode_t = 0o666) -> Int32 {
    unsafe FileName.withPath(path) { unsafe Glibc.open($0, flags | O_CLOEXEC | O_NOCTTY, mode) }
  }

  /// What a name stands for; nil if it cannot be told.
  ///
  /// - Parameter followsLinks: Whether a link's file is meant, and not the link.
  package static func status(_ path: String, followsLinks: Bool = true) -> Status? {
    var status = stat()
    let outcome = unsafe FileName.withPath(path) { path in
      unsafe followsLinks ? stat(path, &status) : lstat(path, &status)
    }
    return outcome == 0 ? Status(raw: status) : nil
  }

  /// What is open under a number.
  package static func status(of descriptor: Int32) -> Status? {
    var status = stat()
    return unsafe fstat(descriptor, &status) == 0 ? Status(raw: status) : nil
  }

  /// Whether something may be done with a file.
  package static func allows(_ path: String, _ mode: Int32) -> Bool {
    unsafe FileName.withPath(path) { unsafe access($0, mode) } == 0
  }

  /// Makes a folder.
  package static func makeFolder(_ path: String) -> Bool {
    unsafe FileName.withPath(path) { unsafe mkdir($0, 0o777) } == 0
  }

  /// Gives a file another name, in place of one that has it.
  package static func rename(_ path: String, to other: String) -> Bool {
    unsafe FileName.withPath(path) { path in
      unsafe FileName.withPath(other) { unsafe Glibc.rename(path, $0) }
    } == 0
  }

  /// Takes a name away.
  package static func remove(_ path: String) {
    _ = unsafe FileName.withPath(path) { unsafe unlink($0) }
  }

  /// Makes an open file belong to whom another does, and be what it is to everybody.
  package static func give(_ descriptor: Int32, the other: Status) -> Bool {
    guard let ours = status(of: descriptor) else { return false }
    let (mine, theirs) = (ours.raw, other.raw)
    if mine.st_uid != theirs.st_uid || mine.st_gid != theirs.st_gid,
      fchown(descriptor, theirs.st_uid, theirs.st_gid) != 0
    {
      return false
    }
    return fchmod(descriptor, theirs.st_mode & 0o7777) == 0
  }

  /// The file that links lead to, by its own name; nil if there is none.
  package static func real(_ path: String) -> String? {
    unsafe FileName.withPath(path) { path in
      guard let found = unsafe realpath(path, nil) else { return nil }
      defer { unsafe free(found) }
      return unsafe FileName.text(of: found)
    }
  }

  /// Whether the folder that names begin from is still there.
  package static var hasCurrentFolder: Bool {
    guard let here = unsafe getcwd(nil, 0) else { return false }
    unsafe free(here)
    return true
  }
}
