import Glibc
import Switchboard

/// Another process, started with two of our descriptors as its standard input and output. It needs no
/// /proc, and passes on nothing else that is open here and closes with a program's start.
public final class ChildProcess {
  /// It could not be started.
  public struct Failure: Error, CustomStringConvertible {
    /// One line with the next action.
    public let description: String
  }

  /// Its number.
  public let pid: Int32
  private var hasEnded = false

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - words: Its path and its arguments (see ``FileName``).
  ///   - errors: What it has as standard error; ours if nothing is said.
  public init(_ words: [String], input: Int32, output: Int32, errors: Int32 = 2) throws(Failure) {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (ours, number) in [(input, 0), (output, 1), (errors, 2)] as [(Int32, Int32)] {
      unsafe posix_spawn_file_actions_adddup2(&actions, ours, number)
    }
    let copies = unsafe words.map { unsafe FileName.withPath($0) { unsafe strdup($0) } }
    defer { for index in unsafe copies.indices { unsafe free(copies[index]) } }
    let name = words.first ?? ""
    guard let program = unsafe copies.first ?? nil else {
      throw Failure(description: "no memory is left to start '\(name)'; free some")
    }
    var pid: Int32 = 0
    let failure = unsafe posix_spawn(&pid, program, &actions, nil, copies + [nil], environ)
    guard failure == 0 else {
      let reason = Errno(rawValue: failure).meaning
      throw Failure(description: "cannot start '\(name)': \(reason); check the installation")
    }
    self.pid = pid
  }

  /// Whether it still runs.
  public var isAlive: Bool {
    var end = unsafe siginfo_t()
    let outcome = unsafe waitid(P_PID, id_t(pid), &end, WEXITED | WNOHANG | WNOWAIT)
    // Without a signal's number nothing has ended.
    return unsafe outcome == 0 && end.si_signo == 0
  }

  /// Waits for its end.
  public func wait() {
    guard !hasEnded else { return }
    hasEnded = true
    while waitpid(pid, nil, 0) < 0, errno == EINTR {}
  }
}
