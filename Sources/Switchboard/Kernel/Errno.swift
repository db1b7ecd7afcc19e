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
  static let busy = Errno(rawValue: 16)
  static let exists = Errno(rawValue: 17)
  static let isDirectory = Errno(rawValue: 21)
  static let invalid = Errno(rawValue: 22)
  static let systemDescriptorLimit = Errno(rawValue: 23)
  static let descriptorLimit = Errno(rawValue: 24)
  static let noSpace = Errno(rawValue: 28)
  static let readOnly = Errno(rawValue: 30)
  static let nameTooLong = Errno(rawValue: 36)
  static let notSocket = Errno(rawValue: 88)
  static let brokenPipe = Errno(rawValue: 32)
  static let noSuchCall = Errno(rawValue: 38)
  /// What a ring's wait ends with when its time is up.
  static let noData = Errno(rawValue: 61)
  static let timeIsUp = Errno(rawValue: 62)
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
  static let cancelled = Errno(rawValue: 125)

  /// Descriptors, buffers or memory have run out: trying again later may work.
  var isExhaustion: Bool {
    switch self {
    case .descriptorLimit, .systemDescriptorLimit, .noBuffers, .outOfMemory, .noSpace: true
    default: false
    }
  }

  /// The process may not make that call, or the system has none.
  var isRefusal: Bool {
    switch self {
    case .notPermitted, .accessDenied, .noSuchCall: true
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

  /// All of Linux's, so that none is ever unknown.
  private static let names: [Int32: (symbol: String, meaning: String)] = [
    1: ("EPERM", "operation not permitted"), 2: ("ENOENT", "no such file or directory"),
    3: ("ESRCH", "no such process"), 4: ("EINTR", "interrupted by a signal"),
    5: ("EIO", "input/output error"), 6: ("ENXIO", "no such device or address"),
    7: ("E2BIG", "argument list too long"), 8: ("ENOEXEC", "exec format error"),
    9: ("EBADF", "bad file descriptor"), 10: ("ECHILD", "no child processes"),
    11: ("EAGAIN", "resource temporarily unavailable"), 12: ("ENOMEM", "out of memory"),
    13: ("EACCES", "permission denied"), 14: ("EFAULT", "bad address"),
    15: ("ENOTBLK", "block device required"), 16: ("EBUSY", "device or resource busy"),
    17: ("EEXIST", "already exists"), 18: ("EXDEV", "link across file systems"),
    19: ("ENODEV", "no such device"), 20: ("ENOTDIR", "not a directory"),
    21: ("EISDIR", "is a directory"), 22: ("EINVAL", "invalid argument"),
    23: ("ENFILE", "too many open files in the system"), 24: ("EMFILE", "too many open files"),
    25: ("ENOTTY", "inappropriate ioctl for device"), 26: ("ETXTBSY", "program file is busy"),
    27: ("EFBIG", "file too large"), 28: ("ENOSPC", "no space left"),
    29: ("ESPIPE", "illegal seek"), 30: ("EROFS", "read-only file system"),
    31: ("EMLINK", "too many links"), 32: ("EPIPE", "broken pipe"),
    33: ("EDOM", "numerical argument out of domain"),
    34: ("ERANGE", "numerical result out of range"), 35: ("EDEADLK", "resource deadlock avoided"),
    36: ("ENAMETOOLONG", "file name too long"), 37: ("ENOLCK", "no locks available"),
    38: ("ENOSYS", "function not implemented"), 39: ("ENOTEMPTY", "directory not empty"),
    40: ("ELOOP", "too many levels of links"), 42: ("ENOMSG", "no message of desired type"),
    43: ("EIDRM", "identifier removed"), 44: ("ECHRNG", "channel number out of range"),
    45: ("EL2NSYNC", "level 2 not synchronized"), 46: ("EL3HLT", "level 3 halted"),
    47: ("EL3RST", "level 3 reset"), 48: ("ELNRNG", "link number out of range"),
    49: ("EUNATCH", "protocol driver not attached"), 50: ("ENOCSI", "no CSI structure available"),
    51: ("EL2HLT", "level 2 halted"), 52: ("EBADE", "invalid exchange"),
    53: ("EBADR", "completions were lost"), 54: ("EXFULL", "exchange full"),
    55: ("ENOANO", "no anode"), 56: ("EBADRQC", "invalid request code"),
    57: ("EBADSLT", "invalid slot"), 59: ("EBFONT", "bad font file format"),
    60: ("ENOSTR", "device not a stream"), 61: ("ENODATA", "no data available"),
    62: ("ETIME", "the time is up"), 63: ("ENOSR", "out of streams resources"),
    64: ("ENONET", "machine is not on the network"), 65: ("ENOPKG", "package not installed"),
    66: ("EREMOTE", "object is remote"), 67: ("ENOLINK", "link has been severed"),
    68: ("EADV", "advertise error"), 69: ("ESRMNT", "srmount error"),
    70: ("ECOMM", "communication error on send"), 71: ("EPROTO", "protocol error"),
    72: ("EMULTIHOP", "multihop attempted"), 73: ("EDOTDOT", "RFS specific error"),
    74: ("EBADMSG", "bad message"), 75: ("EOVERFLOW", "value too large for defined data type"),
    76: ("ENOTUNIQ", "name not unique on network"), 77: ("EBADFD", "descriptor in a bad state"),
    78: ("EREMCHG", "remote address changed"),
    79: ("ELIBACC", "can not access a needed shared library"),
    80: ("ELIBBAD", "accessing a corrupted shared library"),
    81: ("ELIBSCN", ".lib section in a.out corrupted"),
    82: ("ELIBMAX", "attempting to link in too many shared libraries"),
    83: ("ELIBEXEC", "cannot exec a shared library directly"),
    84: ("EILSEQ", "invalid or incomplete multibyte or wide character"),
    85: ("ERESTART", "interrupted system call should be restarted"),
    86: ("ESTRPIPE", "streams pipe error"), 87: ("EUSERS", "too many users"),
    88: ("ENOTSOCK", "not a socket"), 89: ("EDESTADDRREQ", "destination address required"),
    90: ("EMSGSIZE", "message too long"), 91: ("EPROTOTYPE", "protocol wrong type for socket"),
    92: ("ENOPROTOOPT", "protocol not available"),
    93: ("EPROTONOSUPPORT", "protocol not supported"),
    94: ("ESOCKTNOSUPPORT", "socket type not supported"),
    95: ("EOPNOTSUPP", "operation not supported"),
    96: ("EPFNOSUPPORT", "protocol family not supported"),
    97: ("EAFNOSUPPORT", "address family not supported"),
    98: ("EADDRINUSE", "address already in use"),
    99: ("EADDRNOTAVAIL", "cannot assign requested address"), 100: ("ENETDOWN", "network is down"),
    101: ("ENETUNREACH", "network is unreachable"),
    102: ("ENETRESET", "network dropped connection on reset"),
    103: ("ECONNABORTED", "connection aborted"), 104: ("ECONNRESET", "connection reset by peer"),
    105: ("ENOBUFS", "no buffer space available"), 106: ("EISCONN", "already connected"),
    107: ("ENOTCONN", "not connected"),
    108: ("ESHUTDOWN", "cannot send after transport endpoint shutdown"),
    109: ("ETOOMANYREFS", "too many references: cannot splice"),
    110: ("ETIMEDOUT", "connection timed out"), 111: ("ECONNREFUSED", "connection refused"),
    112: ("EHOSTDOWN", "host is down"), 113: ("EHOSTUNREACH", "no route to host"),
    114: ("EALREADY", "already in progress"), 115: ("EINPROGRESS", "in progress"),
    116: ("ESTALE", "stale file handle"), 117: ("EUCLEAN", "structure needs cleaning"),
    118: ("ENOTNAM", "not a XENIX named type file"),
    119: ("ENAVAIL", "no XENIX semaphores available"), 120: ("EISNAM", "is a named type file"),
    121: ("EREMOTEIO", "remote I/O error"), 122: ("EDQUOT", "disk quota exceeded"),
    123: ("ENOMEDIUM", "no medium found"), 124: ("EMEDIUMTYPE", "wrong medium type"),
    125: ("ECANCELED", "operation cancelled"), 126: ("ENOKEY", "required key not available"),
    127: ("EKEYEXPIRED", "key has expired"), 128: ("EKEYREVOKED", "key has been revoked"),
    129: ("EKEYREJECTED", "key was rejected by service"), 130: ("EOWNERDEAD", "owner died"),
    131: ("ENOTRECOVERABLE", "state not recoverable"),
    132: ("ERFKILL", "operation not possible due to RF-kill"),
    133: ("EHWPOISON", "memory page has a hardware error"),
  ]
}
