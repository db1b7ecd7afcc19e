/// Why a poller refused a registration.
public enum RegistrationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The mechanism has no room for a descriptor with this number, ever: `select(2)` holds those
  /// below FD_SETSIZE.
  case beyondSet(Descriptor, capacity: Int)
  /// The system call failed.
  case system(SystemError)

  /// One line with the next action.
  public var description: String {
    switch self {
    case .beyondSet(let descriptor, let capacity):
      "select cannot watch descriptor \(descriptor): its set ends at \(capacity - 1) (FD_SETSIZE); "
        + "use poll or epoll for more connections"
    case .system(let error): error.description
    }
  }
}
