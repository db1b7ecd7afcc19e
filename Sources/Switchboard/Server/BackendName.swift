extension Server {
  /// How a loop waits.
  public enum BackendName: String, Hashable, Sendable, CaseIterable {
    /// `select(2)`: descriptors below 1,024, cost linear in what is watched.
    case select
    /// `poll(2)`: cost linear in what is watched.
    case poll
    /// `epoll(7)`: cost by what is ready.
    case epoll
    /// `io_uring(7)`: completions instead of readiness, one system call for a whole turn. Linux 6.12
    /// or newer.
    case ioUring = "io_uring"
    /// io_uring where the system offers what is needed, otherwise epoll.
    case auto

    /// What `auto` comes to on this machine; any other is itself.
    public func resolved() -> BackendName { choice().backend }

    /// What `auto` comes to on this machine, and why it is not io_uring, if it is not.
    public func choice() -> (backend: BackendName, reason: String?) {
      guard self == .auto else { return (self, nil) }
      do throws(SystemError) {
        _ = try URing(sizes: URing<Linux>.Sizes(), connections: 64, system: Linux())
        return (.ioUring, nil)
      } catch {
        return (.epoll, error.ringAbsence)
      }
    }
  }
}

extension SystemError {
  /// Why a ring could not be had, in words for an operator.
  var ringAbsence: String {
    switch (call, errno) {
    case (.ringSetup, .noSuchCall):
      "this kernel lacks io_uring, or a filter hides it (io_uring_setup: ENOSYS)"
    case (.ringSetup, .notPermitted):
      "io_uring is forbidden here by kernel.io_uring_disabled or a seccomp filter (EPERM)"
    case (.ringSetup, .notSupported):
      "io_uring is switched off here (EOPNOTSUPP), as sandboxes do"
    case (.ringSetup, .invalid):
      "this kernel is too old: io_uring with DEFER_TASKRUN needs Linux 6.1 (EINVAL)"
    case (.ringSetup, .outOfMemory), (.ringRegister, .outOfMemory):
      "not enough lockable memory for io_uring: raise `ulimit -l` (ENOMEM)"
    case (.ringRegister, .invalid), (.ringRegister, .notSupported):
      "this kernel is too old: incremental provided buffers need Linux 6.12"
    default: description
    }
  }
}
