internal import CKernel

// Files that are sent.
extension Linux {
  /// `open(2)` of a file that is to be read; nobody is waited for where it is a pipe.
  func openFile(_ path: String) -> Outcome { unsafe Outcome(raw: ck_open_to_read(path)) }

  /// `fstat(2)`: how many bytes an ordinary file has; `EISDIR` of a directory, `EINVAL` of anything else.
  func fileSize(_ file: Descriptor) -> Outcome { Outcome(raw: ck_file_size(file.rawValue)) }

  // Documented where the protocol declares them.
  public func sendFile(_ descriptor: Descriptor, from file: Descriptor, at offset: Int, count: Int)
    -> Outcome
  {
    Outcome(raw: ck_send_file(descriptor.rawValue, file.rawValue, Int64(offset), max(0, count)))
  }
  public func readFile(
    _ file: Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer
  ) -> Outcome {
    unsafe Outcome(raw: ck_read_at(file.rawValue, Int64(offset), buffer.baseAddress, buffer.count))
  }
}
