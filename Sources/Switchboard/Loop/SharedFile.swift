/// An open file, to be sent whole or in parts to as many as there are: it is opened once, and nothing of it is held
/// in memory. Any thread.
///
/// ```swift
/// let page = try SharedFile("/srv/page.html")
/// // In each session:
/// connection.write(page)
/// ```
///
/// What is sent is what the file holds when it is. So replace a file by renaming a new one to its name: the old one
/// is then sent to its end. A connection that was promised bytes which are no longer there is closed, with
/// `ENODATA`.
public final class SharedFile: Sendable {
  let file: OwnedDescriptor
  /// How many bytes it had when it was opened. What has been added since is not sent.
  public let count: Int

  /// Opens a file.
  ///
  /// - Throws: ``SystemError`` with the call ``SystemError/Call/openFile``: whatever `open(2)` answers, `EISDIR` of
  ///   a directory, `EINVAL` of what is no ordinary file.
  public convenience init(_ path: String) throws(SystemError) {
    // What C took for the end of the path would be another file.
    let opened =
      path.utf8.contains(0)
      ? .failure(.noEntry) : Linux().retryingInterrupts { Linux().openFile(path) }
    if let errno = opened.errno { throw SystemError(.openFile, errno, on: .file(path)) }
    try self.init(owning: OwnedDescriptor(opened.descriptor, of: Linux()), on: .file(path))
  }

  /// Makes a descriptor of its own of an open file; the one that was given stays the caller's.
  ///
  /// - Throws: ``SystemError``: `EBADF` where there is none, `EISDIR` of a directory, `EINVAL` of what is no
  ///   ordinary file, `EMFILE` where no descriptor is left.
  public convenience init(_ file: Descriptor) throws(SystemError) {
    let own = Linux().duplicate(file)
    if let errno = own.errno { throw SystemError(.openFile, errno, on: .descriptor(file)) }
    try self.init(owning: OwnedDescriptor(own.descriptor, of: Linux()), on: .descriptor(file))
  }

  private init(owning file: consuming OwnedDescriptor, on operand: SystemError.Operand)
    throws(SystemError)
  {
    let size = Linux().fileSize(file.number)
    if let errno = size.errno { throw SystemError(.openFile, errno, on: operand) }
    count = size.value
    self.file = file
  }

  /// The part of it that a range names, as far as there is one.
  func part(from offset: Int, count wanted: Int) -> FilePart {
    let start = min(max(0, offset), count)
    return FilePart(file: self, offset: start, count: min(max(0, wanted), count - start))
  }
}

extension Int {
  /// The sum of two numbers that are not negative, or the greatest number: sizes of files are what a file system
  /// says, and sparse files are of any size.
  func plus(clamped other: Int) -> Int {
    let (sum, isBeyond) = addingReportingOverflow(other)
    return isBeyond ? .max : sum
  }
}

/// Bytes of a file that are to be sent.
struct FilePart {
  var file: SharedFile
  var offset: Int
  var count: Int

  /// The same by numbers, for as long as somebody else keeps the file.
  var range: FileRange { FileRange(file: file.file.number, offset: offset, count: count) }
}

/// Where bytes of a file are that are sent next. It owns nothing, so handing it on costs nothing.
struct FileRange: BitwiseCopyable {
  var file: Descriptor
  var offset: Int
  var count: Int
}
