import Glibc
import Switchboard

/// What became of bytes that were to be written.
package struct WholeWrite {
  /// How many were.
  package var written = 0
  /// Why not all; nil when they were.
  package var failure: Errno?

  /// Writes bytes to their end, whatever kind of file it is: interrupted, in parts, to a pipe that
  /// somebody has made non-blocking. The one place of this library that calls `write(2)`.
  ///
  /// - Parameter isPatient: Asked every 20 ms while there is no room, in place of waiting for ever;
  ///   when it says no, the failure is `EAGAIN`. For files that may block only if
  ///   ``Descriptor.room`` is asked, which this does.
  package init(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, while isPatient: (() -> Bool)? = nil
  ) {
    while written < bytes.count {
      if let isPatient, !WholeWrite.waitForRoom(descriptor, while: isPatient) {
        failure = Errno(rawValue: EAGAIN)
        return
      }
      // A pipe with any room has room for so much: it does not block then.
      let most = isPatient == nil ? bytes.count - written : min(bytes.count - written, 4096)
      let count = unsafe Glibc.write(
        descriptor, bytes.baseAddress.unsafelyUnwrapped + written, most)
      if count > 0 {
        written += count
      } else if count == 0 || errno != EINTR && errno != EAGAIN {
        failure = count == 0 ? Errno(rawValue: EIO) : Errno(rawValue: errno)
        return
      } else if errno == EAGAIN {
        var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        unsafe poll(&one, 1, isPatient == nil ? -1 : 20)
      }
    }
  }

  /// The same for text.
  package init(_ text: String, to descriptor: Int32, while isPatient: (() -> Bool)? = nil) {
    var text = text
    self = text.withUTF8 { bytes in
      unsafe WholeWrite(UnsafeRawBufferPointer(bytes), to: descriptor, while: isPatient)
    }
  }

  /// Whether a write would not wait now.
  package static func hasRoom(_ descriptor: Int32, within milliseconds: Int32 = 0) -> Bool {
    var one = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // Whatever it is that poll tells, an error too, write will tell at once.
    return unsafe poll(&one, 1, milliseconds) > 0
  }

  private static func waitForRoom(_ descriptor: Int32, while isPatient: () -> Bool) -> Bool {
    while !hasRoom(descriptor, within: 20) {
      if !isPatient() { return false }
    }
    return true
  }
}
