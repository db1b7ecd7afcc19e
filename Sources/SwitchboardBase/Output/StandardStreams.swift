internal import CProcess
import Glibc
import Switchboard
import Synchronization

/// What a program does first: puts the process into a state in which output cannot go astray.
public enum StandardStreams {
  /// A bit for each that was closed, and one above that says whether this has been looked at.
  private static let closed = Atomic<UInt8>(0)
  private static let isPrepared: UInt8 = 0x80

  /// Puts /dev/null in the place of standard streams that are closed, so that no file and no socket
  /// gets their numbers; and has writes that cannot be made answer an error, where a signal would
  /// end the process: to a pipe without a reader, and beyond the size that files may have. Call it
  /// once, before anything is opened and any thread is started.
  public static func prepare() {
    guard closed.bitwiseOr(isPrepared, ordering: .relaxed).oldValue == 0 else { return }
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    for number: Int32 in 0...2 where fcntl(number, F_GETFD) < 0 {
      closed.bitwiseOr(1 << UInt8(number), ordering: .relaxed)
      // The lowest number that is free: this one. Where there is no /dev, a descriptor that can
      // neither be read nor written keeps the place.
      if unsafe open("/dev/null", number == 0 ? O_RDONLY : O_WRONLY) < 0 {
        _ = unsafe open("/", O_RDONLY | O_DIRECTORY)
      }
    }
  }

  /// Whether this standard stream was closed when the process began.
  public static func wereClosed(_ number: Int32) -> Bool {
    (0...2).contains(number) && closed.load(ordering: .relaxed) & 1 << UInt8(number) != 0
  }
}

/// What this process was started as.
public enum ProcessStart {
  /// The arguments, the program's name first; every byte of them (see ``FileName``), and also where
  /// /proc is not mounted.
  public static var arguments: [String] {
    let count = cp_argument_count()
    guard count > 0 else { return CommandLine.arguments }
    return (0..<count).map { place in
      unsafe cp_argument(place).map { unsafe FileName.text(of: $0) } ?? ""
    }
  }

  /// A path to start the same program by.
  public static var program: String {
    if FileCalls.allows("/proc/self/exe", X_OK) { return "/proc/self/exe" }
    let path = unsafe cp_program().map { unsafe FileName.text(of: $0) } ?? arguments.first
    return path.flatMap { FileCalls.real($0) } ?? "switchboard"
  }
}
