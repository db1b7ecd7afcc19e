import Glibc
import Synchronization

/// SIGHUP, by which programs are told to read their files anew.
enum ReloadSignal {
  private static let hasCome = Atomic<Bool>(false)

  /// From here on it does not end the process.
  static func install() {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      ReloadSignal.hasCome.store(true, ordering: .relaxed)
    }
    action.sa_flags = Int32(SA_RESTART)
    sigaction(SIGHUP, &action, nil)
  }

  /// Whether it has come since this was asked last. Any thread; one of them is told.
  static func take() -> Bool {
    hasCome.load(ordering: .relaxed) && hasCome.exchange(false, ordering: .relaxed)
  }
}
