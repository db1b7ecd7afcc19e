import Glibc

/// What this process uses.
enum Mapped {
  /// Its address space, in bytes.
  static var bytes: Int {
    var text = [UInt8](repeating: 0, count: 64)
    let file = open("/proc/self/statm", O_RDONLY)
    defer { close(file) }
    guard read(file, &text, 63) > 0 else { return 0 }
    let digits = text.prefix { $0 >= 0x30 && $0 <= 0x39 }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) } * Int(getpagesize())
  }

  /// The processor's time for this thread, in seconds.
  static var processorTime: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Whether it stays about the same, however often something is done that takes 8 MiB. Others may
  /// take some at the same time, but not each time.
  static func isBounded(rounds: Int, _ body: () -> Void) -> Bool {
    body()
    for _ in 0..<8 {
      let before = bytes
      for _ in 0..<rounds { body() }
      if bytes - before < 64 << 20 { return true }
    }
    return false
  }
}
