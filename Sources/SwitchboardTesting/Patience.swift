import Glibc

/// How long anything here waits unless told otherwise: a minute. It costs nothing when what is waited for
/// comes, and a busy machine may be many times as slow as a quiet one.
public let longestPatience = Duration.seconds(60)

/// Something did not happen in time.
public struct Late: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was waited for, and did not come.
  public let what: String
  /// How long it was waited for.
  public let patience: Duration

  /// Something that did not happen in time.
  ///
  /// - Parameters:
  ///   - what: What should have happened.
  ///   - patience: How long it was waited for.
  public init(_ what: String, after patience: Duration = longestPatience) {
    (self.what, self.patience) = (what, patience)
  }

  /// `the server did not end within 60.0 seconds`
  public var description: String { "\(what) within \(patience)" }
}

/// The same socket with a number from 1100 on, where the limit of descriptors allows it: a server over
/// `select` in the same process needs the low ones.
package func aboveThoseOfSelect(_ descriptor: Int32) -> Int32 {
  _ = moreDescriptors
  let high = fcntl(descriptor, F_DUPFD_CLOEXEC, 1100)
  guard high >= 0 else { return descriptor }
  close(descriptor)
  return high
}

/// Allows this process more than the thousand descriptors that are usual, once: many tests share it.
private let moreDescriptors: Void = {
  var limit = rlimit()
  unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = max(limit.rlim_cur, min(8192, limit.rlim_max))
  unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}()
