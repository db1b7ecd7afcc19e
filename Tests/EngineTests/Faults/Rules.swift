import Switchboard

/// What the product does when a call fails.
enum Effect: String, CaseIterable {
  case retried = "tried again; nobody notices"
  case harmless = "passed over; nobody notices"
  case closed = "that connection is closed, once"
  case lost = "that queued connection is gone; the next one is accepted"
  case paused = "accepting pauses, 5 to 500 ms"
  case refused = "that connection is closed, and accepting pauses, 5 to 500 ms"
  case noAddress = "the session is given no address"
  case late = "the connection ends with the linger timeout"
  case notStarted = "whoever began it gets a typed error; nothing is left open"
  case ended = "the loop ends: a typed error, and everything is closed"
}

/// What a call site does about each error number that its manual page names, and some that it does
/// not.
struct Rule {
  var requirement: String
  /// Of one function only.
  var function: String?
  /// Of one kind of calls only.
  var variant: String?
  var errnos: [Errno]
  var effect: Effect

  init(
    _ requirement: String, in function: String? = nil, of variant: String? = nil,
    _ effect: Effect,
    _ errnos: String
  ) {
    self.requirement = requirement
    self.function = function
    self.variant = variant
    self.effect = effect
    self.errnos = errnos.split(separator: " ").map { Errno(named: String($0)) }
  }

  func covers(_ site: Site, _ kind: String) -> Bool {
    requirement == site.requirement && function.map { site.function.hasSuffix($0) } ?? true
      && variant.map { $0 == kind } ?? true
  }

  private static let dead =
    "ECONNRESET ETIMEDOUT EHOSTUNREACH ENETUNREACH ECONNABORTED ECONNREFUSED ENOTCONN ENOMEM ENOBUFS "
    + "EBADF EPIPE"
  private static let noRoom = "EMFILE ENFILE ENOBUFS ENOMEM"
  private static let oneGone =
    "ECONNABORTED EPROTO EPERM ENETDOWN ENOPROTOOPT EHOSTDOWN ENONET EHOSTUNREACH EOPNOTSUPP "
    + "ENETUNREACH"

  static let all: [Rule] = [
    // Starting. What `must` makes is tried again when a signal interrupts it.
    Rule("socket", .notStarted, noRoom + " EACCES EAFNOSUPPORT EPROTONOSUPPORT EINVAL"),
    Rule("bind", .notStarted, "EADDRINUSE EADDRNOTAVAIL EACCES EINVAL ENOBUFS ENOMEM"),
    Rule("listen", .notStarted, "EADDRINUSE EOPNOTSUPP ENOBUFS"),
    Rule("set", in: "Socket.set", .notStarted, "EINVAL ENOPROTOOPT ENOMEM ENOBUFS EBADF"),
    // A system that cannot keep alive serves all the same.
    Rule("set", in: "KeepAlive.set", .harmless, "EINVAL ENOPROTOOPT ENOMEM ENOBUFS EBADF"),
    Rule("localAddress", .notStarted, "ENOBUFS ENOMEM EINVAL"),
    Rule("connect", .retried, "EINTR EINPROGRESS"),
    Rule(
      "connect", .notStarted,
      "ECONNREFUSED ENETUNREACH EHOSTUNREACH EADDRNOTAVAIL EADDRINUSE EAGAIN EACCES EPERM ETIMEDOUT"
    ),
    Rule("eventDescriptor", .notStarted, "EMFILE ENFILE ENODEV ENOMEM EINVAL"),
    Rule("epollCreate", .notStarted, "EMFILE ENFILE ENOMEM EINVAL"),
    Rule("ringOpen", .notStarted, "EPERM ENOSYS ENOMEM EMFILE ENFILE EINVAL EOPNOTSUPP EAGAIN"),
    Rule("ringRegisterFiles", .retried, "ENOMEM EMFILE"),
    Rule("ringRegisterFiles", .notStarted, "EINVAL EBUSY ENXIO"),
    Rule("ringRegisterBuffers", .notStarted, "ENOMEM EINVAL EEXIST EOPNOTSUPP"),
    Rule("ringRegisterItself", .harmless, "EBUSY EINVAL ENOMEM EMFILE"),
    Rule("ringSupports", .notStarted, "EINVAL ENOMEM ENXIO"),
    Rule("descriptorLimit", .harmless, "EINVAL EPERM"),
    Rule(
      "epollControl", of: "add, own", .notStarted, "EBADF EEXIST EINVAL ENOMEM ENOSPC EPERM ELOOP"),

    Rule(
      "epollControl", of: "add, outgoing", .notStarted, "ENOSPC ENOMEM EEXIST EPERM EBADF EINVAL"),

    // Connecting.
    Rule("ring adopt", .notStarted, "ENFILE ENOMEM EBADF EINVAL EFAULT"),

    // Accepting.
    Rule("accept", .retried, "EINTR EAGAIN"),
    Rule("accept", .paused, noRoom + " EBADF EINVAL ETIMEDOUT"),
    Rule("accept", .lost, oneGone),
    Rule("epollControl", of: "add, again", .retried, "ENOMEM ENOSPC EBADF"),
    Rule("epollControl", of: "remove, own", .retried, "ENOMEM ENOENT"),
    Rule(
      "epollControl", of: "add, connection", .refused, "ENOSPC ENOMEM EEXIST EPERM EBADF EINVAL"),
    Rule("ring accept", .retried, "EINTR EAGAIN ECANCELED " + oneGone),
    Rule("ring accept", .paused, noRoom + " EBADF EINVAL"),
    Rule("ring accept_now", .retried, "EINTR EAGAIN ECANCELED " + oneGone),
    Rule("ring accept_now", .paused, noRoom + " EBADF EINVAL"),
    Rule("ring poll_once", .retried, "ENOMEM ECANCELED EBADF"),

    // Waiting.
    Rule("epollWait", .retried, "EINTR"),
    Rule("epollWait", .ended, "EBADF EFAULT EINVAL"),
    Rule("poll", .retried, "EINTR EAGAIN ENOMEM"),
    Rule("poll", .ended, "EFAULT EINVAL"),
    Rule("select", .retried, "EINTR ENOMEM"),
    Rule("select", .ended, "EBADF EINVAL"),
    Rule("ringEnter", .retried, "EINTR EBUSY EAGAIN ETIME"),
    Rule("ringEnter", .ended, "EBADF EBADFD EBADR EFAULT EINVAL ENXIO EOPNOTSUPP EEXIST"),
    Rule("ring poll", .retried, "ENOMEM ECANCELED EBADF"),
    Rule("read", .retried, "EINTR EAGAIN EIO"),
    Rule("write", .retried, "EINTR EAGAIN"),

    // A connection's bytes.
    Rule("receive", .retried, "EINTR EAGAIN"),
    Rule("receive", .closed, dead),
    Rule("send", .retried, "EINTR EAGAIN"),
    Rule("send", .closed, dead + " EACCES"),
    Rule("ring receive", .retried, "EINTR EAGAIN ENOBUFS ECANCELED"),
    Rule("ring receive", .closed, dead.replacing("ENOBUFS ", with: "")),
    Rule("ring receive_once", .retried, "EINTR EAGAIN ENOBUFS ECANCELED"),
    Rule("ring receive_once", .closed, dead.replacing("ENOBUFS ", with: "")),
    Rule("ring send_now", .retried, "EINTR EAGAIN"),
    Rule("ring send_now", .closed, dead),
    Rule("ring send", .retried, "EINTR EAGAIN"),
    Rule("ring send", .closed, dead),
    Rule("ring hang_up", .harmless, "ENOMEM ECANCELED EBADF"),
    Rule("ring ask", .closed, "EINTR EAGAIN " + dead),
    Rule("epollControl", of: "change", .closed, "ENOENT ENOMEM EBADF"),
    Rule("get", in: "broken", .closed, "ENOBUFS ENOMEM EBADF"),
    Rule("get", in: "takeError", .closed, "ENOBUFS ENOMEM EBADF"),
    Rule("sendFile", .retried, "EINTR EAGAIN EINVAL EPERM ENOSYS EOPNOTSUPP"),
    Rule("sendFile", .closed, dead + " EIO ENODATA EOVERFLOW"),
    Rule("readFile", .retried, "EINTR"),
    Rule("readFile", .closed, "EIO EBADF EISDIR EINVAL"),
    Rule("ring install", in: "URing.askForDescriptor", .retried, "EMFILE ENFILE ENOMEM EBADF"),
    Rule("setNonBlocking", in: "URing.unblocked", .retried, "EBADF EPERM"),
    Rule("ring room", .retried, "ENOMEM ECANCELED EBADF"),
    Rule("peerAddress", .noAddress, "ENOTCONN ENOBUFS EINVAL"),
    Rule("ring peer_name", .noAddress, "ENOTCONN ENOMEM EBADF EOPNOTSUPP"),

    // The end of a connection.
    Rule("shutdownSending", in: "Proactor.shutdownSending", .late, "ENOTCONN ENOBUFS"),
    Rule("shutdownSending", in: "Socket.shutdownSending", .harmless, "ENOTCONN ENOBUFS"),
    Rule("shutdownSending", in: "URing.installed", .late, "ENOTCONN ENOBUFS"),
    Rule("ring shutdown", .late, "ENOTCONN"),
    Rule("ring shutdown", .retried, "ECANCELED ENOMEM EAGAIN"),
    Rule("ring install", in: "URing.finishApart", .late, "EMFILE ENFILE ENOMEM EBADF"),
    // Whether its peer reads cannot be asked: then it is idle.
    Rule("ring install", in: "Ring.ask", .closed, "EMFILE ENFILE ENOMEM EBADF"),
    Rule("epollControl", of: "remove, connection", .harmless, "ENOENT ENOMEM EBADF"),
    Rule("close", .harmless, "EINTR EIO ENOSPC EDQUOT"),
    Rule("ring close", .harmless, "EINTR EIO ENOSPC EDQUOT"),
    Rule("ring cancel", .harmless, "ENOENT EALREADY"),
    Rule("ring cancel_all", .harmless, "ENOENT EALREADY"),
  ]
}

extension Errno {
  /// By its symbol.
  init(named symbol: String) {
    self.init(rawValue: Errno.numbers[symbol] ?? -1)
    precondition(rawValue > 0, "no errno is called \(symbol)")
  }

  private static let numbers: [String: Int32] = Dictionary(
    (1...133).map { (Errno(rawValue: $0).symbol, $0) }, uniquingKeysWith: { first, _ in first })
}
