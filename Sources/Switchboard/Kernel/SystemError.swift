/// A system call that failed: which call, on what, with which error number; or an option that keeps a
/// server or reactor from starting.
///
/// It is a plain value: throwing one allocates nothing. Its text says what to do next.
public struct SystemError: Error, Hashable, Sendable {
  /// The calls that Switchboard makes.
  public enum Call: String, Hashable, Sendable, CaseIterable {
    /// `socket(2)`
    case socket
    /// `bind(2)`
    case bind
    /// `listen(2)`
    case listen
    /// `accept4(2)`
    case accept
    /// `connect(2)`
    case connect
    /// `recv(2)`
    case receive = "recv"
    /// `send(2)`
    case send
    /// `read(2)`, on descriptors that are no sockets
    case read
    /// `write(2)`, on descriptors that are no sockets
    case write
    /// `sendfile(2)`
    case sendFile = "sendfile"
    /// `pread(2)`
    case readFile = "pread"
    /// `open(2)` and `fstat(2)`, of a file that is to be sent
    case openFile = "open"
    /// `shutdown(2)`
    case shutdown
    /// `close(2)`
    case close
    /// `setsockopt(2)`
    case setOption = "setsockopt"
    /// `getsockopt(2)`
    case getOption = "getsockopt"
    /// `getsockname(2)`
    case localAddress = "getsockname"
    /// `getpeername(2)`
    case peerAddress = "getpeername"
    /// `epoll_create1(2)`
    case epollCreate = "epoll_create1"
    /// `epoll_ctl(2)`
    case epollControl = "epoll_ctl"
    /// `epoll_wait(2)`
    case epollWait = "epoll_wait"
    /// `poll(2)`
    case poll
    /// `select(2)`
    case select
    /// `lstat(2)`
    case fileStatus = "lstat"
    /// `unlink(2)`
    case removeFile = "unlink"
    /// `chmod(2)` and `fchmod(2)`
    case setMode = "chmod"
    /// `open(2)` and `flock(2)`, of a directory
    case lockDirectory = "flock"
    /// `fcntl(2)` with `F_DUPFD_CLOEXEC`
    case duplicate = "fcntl"
    /// `fcntl(2)` with `F_SETFL`
    case setNonBlocking = "fcntl(F_SETFL)"
    /// `eventfd(2)`
    case eventDescriptor = "eventfd"
    /// `sigaction(2)`
    case signalAction = "sigaction"
    /// `getrlimit(2)` and `setrlimit(2)`
    case descriptorLimit = "setrlimit"
    /// `io_uring_setup(2)`
    case ringSetup = "io_uring_setup"
    /// `io_uring_enter(2)`
    case ringEnter = "io_uring_enter"
    /// `io_uring_register(2)`
    case ringRegister = "io_uring_register"
    /// `mmap(2)`
    case reserve = "mmap"
    /// `pthread_create(3)`
    case startThread = "pthread_create"
    /// No call: a server or reactor looked at its options before it made any
    case options
  }

  /// What the call was made on.
  public enum Operand: Hashable, Sendable {
    /// Nothing in particular.
    case none
    /// A file descriptor.
    case descriptor(Descriptor)
    /// A socket address.
    case address(SocketAddress)
    /// A socket address where nobody listened, and that the connecting socket came to have itself, so that it was
    /// connected to itself (RFC 9293, 3.5).
    case itself(SocketAddress)
    /// A file's path.
    case file(String)
    /// An option of a server or reactor.
    case option(OptionFault)
  }

  /// The call that failed.
  public let call: Call
  /// Why.
  public let errno: Errno
  /// What it was made on.
  public let operand: Operand

  /// Describes a failed call.
  public init(_ call: Call, _ errno: Errno, on operand: Operand = .none) {
    self.call = call
    self.errno = errno
    self.operand = operand
  }
}

extension SystemError: CustomStringConvertible {
  /// One line: the call, its operand, the reason and the next action.
  public var description: String {
    let what: String
    switch operand {
    case .none: what = call.rawValue
    case .descriptor(let descriptor): what = "\(call.rawValue) on descriptor \(descriptor)"
    case .address(let address), .itself(let address): what = "\(call.rawValue) \(address)"
    case .file(let path): what = "\(call.rawValue) \(path)"
    case .option(let fault): return fault.description
    }
    return "\(what): \(meaning) (\(errno.symbol)); \(advice)"
  }

  /// What happened, in words and without the call: `connection refused`.
  public var meaning: String {
    if case .itself = operand { return "nobody listens, and it was connected to itself" }
    return errno.meaning
  }

  /// What the reader can do about it.
  public var advice: String {
    if case .option(let fault) = operand { return fault.remedy }
    if case .address(let address) = operand, address.family == .unix,
      let advice = adviceOnUnixSockets
    {
      return advice
    }
    switch (call, errno) {
    case (.openFile, _), (.sendFile, _), (.readFile, _): return adviceOnFiles
    case (.connect, .addressNotAvailable):
      return Self.adviceOnPorts
    case (.bind, .addressInUse) where isAnyPort:
      return Self.adviceOnPorts
    case (_, .addressInUse):
      return "stop the program that has it (`ss -ltnp` names it), or choose another port"
    case (.bind, .accessDenied):
      return "choose a port above 1023, or give the program CAP_NET_BIND_SERVICE"
    case (_, .addressNotAvailable):
      return "use an address that this machine has (`ip address` lists them)"
    case (_, .familyNotSupported): return "this system lacks that address family: use the other"
    case (_, .connectionRefused): return "check that a server is listening there"
    case (_, .timedOut), (_, .hostUnreachable), (_, .networkUnreachable), (_, .hostDown):
      return "check the address, the route and any firewall between"
    case (_, .connectionReset), (_, .brokenPipe), (_, .connectionAborted), (_, .notConnected):
      return "the peer has gone: connect again if it is still needed"
    case (_, .descriptorLimit): return "raise the limit (`ulimit -n`), or close connections"
    case (_, .systemDescriptorLimit): return "raise fs.file-max, or close descriptors elsewhere"
    case (_, .noBuffers), (_, .outOfMemory): return "free memory, or serve fewer connections"
    case (.epollControl, .noSpace): return "raise fs.epoll.max_user_watches"
    case (_, .notPermitted), (_, .accessDenied):
      return "check the process's rights, seccomp filter and firewall"
    case (.getOption, .badDescriptor), (.getOption, .notSocket), (.getOption, .invalid):
      return "give a descriptor of a stream socket that listens (systemd passes them from 3 on)"
    case (_, .noSuchCall): return "this kernel lacks the call: choose another backend"
    case (.select, .invalid):
      return "a set of select ends at descriptor \(DescriptorSet.capacity - 1): use poll or epoll"
    case (.startThread, .wouldBlock): return "raise the limit of threads (`ulimit -u`)"
    case (.startThread, _): return "see pthread_create(3)"
    default: return "see \(call.rawValue)(2)"
    }
  }

  /// Where the system was to choose a port.
  private var isAnyPort: Bool {
    if case .address(let address) = operand { address.port == 0 } else { false }
  }

  private static var adviceOnPorts: String {
    "this machine has no free local port for it: wait, or use several source addresses"
  }

  /// What is said of files that are sent.
  private var adviceOnFiles: String {
    switch errno {
    case .noData:
      "the file has become shorter: to replace a file that is sent, rename a new one to its name"
    case .noEntry: "check the path"
    case .isDirectory, .invalid: "only ordinary files can be sent"
    case .accessDenied, .notPermitted: "check the rights of the file and of its directories"
    case .connectionReset, .brokenPipe, .connectionAborted, .notConnected:
      "the peer has gone: connect again if it is still needed"
    case .descriptorLimit: "raise the limit (`ulimit -n`), or keep fewer files open"
    default: "see \(call.rawValue)(2)"
    }
  }

  /// What is said of the names of Unix-domain sockets alone.
  private var adviceOnUnixSockets: String? {
    switch errno {
    case .nameTooLong: "choose a path or name of at most 107 bytes"
    case .invalid: "choose a path or name that is not empty, and a path without a zero byte"
    case .addressInUse:
      "stop the program that listens there (`ss -lxp` names it), or choose another path"
    case .notSocket: "something that is no socket is there: move it away, or choose another path"
    case .noEntry where call == .bind: "make its directory first"
    case .noEntry: "check that a server is listening there"
    case .accessDenied, .notPermitted, .readOnly:
      "check the rights of its directory and of the socket"
    case .wouldBlock where call == .lockDirectory:
      "another server begins to listen in that directory at this moment: try again"
    case .wouldBlock where call == .connect:
      "the server's queue is full: try again, or raise its backlog"
    default: nil
    }
  }
}
