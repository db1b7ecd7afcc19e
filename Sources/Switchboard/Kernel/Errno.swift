/// An error number of the operating system, as `errno(3)` lists them.
@frozen
public struct Errno: RawRepresentable, Error, Hashable, Sendable {
  /// The system's number, positive.
  public let rawValue: Int32
  /// Wraps the system's number.
  @inlinable public init(rawValue: Int32) { self.rawValue = rawValue }
}

// The numbers are Linux's (asm-generic/errno.h). Another system's file would hold its own.
extension Errno {
  static let notPermitted = Errno(rawValue: 1)
  static let noEntry = Errno(rawValue: 2)
  static let interrupted = Errno(rawValue: 4)
  static let badDescriptor = Errno(rawValue: 9)
  static let wouldBlock = Errno(rawValue: 11)
  static let outOfMemory = Errno(rawValue: 12)
  static let accessDenied = Errno(rawValue: 13)
  static let exists = Errno(rawValue: 17)
  static let invalid = Errno(rawValue: 22)
  static let systemDescriptorLimit = Errno(rawValue: 23)
  static let descriptorLimit = Errno(rawValue: 24)
  static let noSpace = Errno(rawValue: 28)
  static let brokenPipe = Errno(rawValue: 32)
  static let noSuchCall = Errno(rawValue: 38)
  static let protocolError = Errno(rawValue: 71)
  static let notSupported = Errno(rawValue: 95)
  static let familyNotSupported = Errno(rawValue: 97)
  static let addressInUse = Errno(rawValue: 98)
  static let addressNotAvailable = Errno(rawValue: 99)
  static let networkDown = Errno(rawValue: 100)
  static let networkUnreachable = Errno(rawValue: 101)
  static let connectionAborted = Errno(rawValue: 103)
  static let connectionReset = Errno(rawValue: 104)
  static let noBuffers = Errno(rawValue: 105)
  static let notConnected = Errno(rawValue: 107)
  static let timedOut = Errno(rawValue: 110)
  static let connectionRefused = Errno(rawValue: 111)
  static let hostDown = Errno(rawValue: 112)
  static let hostUnreachable = Errno(rawValue: 113)
  static let inProgress = Errno(rawValue: 115)

  /// Descriptors, buffers or memory have run out: trying again later may work.
  var isExhaustion: Bool {
    switch self {
    case .descriptorLimit, .systemDescriptorLimit, .noBuffers, .outOfMemory, .noSpace: true
    default: false
    }
  }

  /// What `accept4(2)` answers when one queued connection went wrong, and not the listener:
  /// the manual page asks for all of these to be treated as "try the next one".
  var concernsOneQueuedConnection: Bool {
    switch self {
    case .connectionAborted, .protocolError, .notPermitted, .networkDown, .networkUnreachable,
      .hostDown, .hostUnreachable, .notSupported, Errno(rawValue: 64), Errno(rawValue: 92):
      true
    default: false
    }
  }
}

extension Errno: CustomStringConvertible {
  /// The symbol and its meaning: `EADDRINUSE, address already in use`.
  public var description: String {
    guard let entry = Errno.names[rawValue] else { return "errno \(rawValue)" }
    return "\(entry.symbol), \(entry.meaning)"
  }

  /// The symbol alone: `EADDRINUSE`.
  public var symbol: String { Errno.names[rawValue]?.symbol ?? "errno \(rawValue)" }

  /// The meaning alone: `address already in use`.
  public var meaning: String { Errno.names[rawValue]?.meaning ?? "unknown error" }

  private static let names: [Int32: (symbol: String, meaning: String)] = [
    1: ("EPERM", "operation not permitted"), 2: ("ENOENT", "no such file or directory"),
    4: ("EINTR", "interrupted by a signal"), 5: ("EIO", "input/output error"),
    6: ("ENXIO", "no such device or address"),
    9: ("EBADF", "bad file descriptor"), 11: ("EAGAIN", "resource temporarily unavailable"),
    12: ("ENOMEM", "out of memory"), 13: ("EACCES", "permission denied"),
    14: ("EFAULT", "bad address"), 16: ("EBUSY", "device or resource busy"),
    17: ("EEXIST", "already exists"), 19: ("ENODEV", "no such device"), 22: ("EINVAL", "invalid argument"),
    23: ("ENFILE", "too many open files in the system"), 24: ("EMFILE", "too many open files"),
    28: ("ENOSPC", "no space left"), 32: ("EPIPE", "broken pipe"),
    38: ("ENOSYS", "function not implemented"), 40: ("ELOOP", "too many levels of links"),
    53: ("EBADR", "completions were lost"), 62: ("ETIME", "the time is up"),
    77: ("EBADFD", "descriptor in a bad state"), 64: ("ENONET", "machine is not on the network"),
    71: ("EPROTO", "protocol error"), 88: ("ENOTSOCK", "not a socket"),
    92: ("ENOPROTOOPT", "protocol not available"), 93: ("EPROTONOSUPPORT", "protocol not supported"),
    95: ("EOPNOTSUPP", "operation not supported"),
    97: ("EAFNOSUPPORT", "address family not supported"),
    98: ("EADDRINUSE", "address already in use"),
    99: ("EADDRNOTAVAIL", "cannot assign requested address"),
    100: ("ENETDOWN", "network is down"), 101: ("ENETUNREACH", "network is unreachable"),
    103: ("ECONNABORTED", "connection aborted"), 104: ("ECONNRESET", "connection reset by peer"),
    105: ("ENOBUFS", "no buffer space available"), 106: ("EISCONN", "already connected"),
    107: ("ENOTCONN", "not connected"), 110: ("ETIMEDOUT", "connection timed out"),
    111: ("ECONNREFUSED", "connection refused"), 112: ("EHOSTDOWN", "host is down"),
    113: ("EHOSTUNREACH", "no route to host"), 114: ("EALREADY", "already in progress"),
    115: ("EINPROGRESS", "in progress"), 122: ("EDQUOT", "disk quota exceeded"), 125: ("ECANCELED", "operation cancelled"),
  ]
}
