// A race, planted: two threads count without a lock. The thread sanitizer must find it, or what it
// says of the suites means nothing.
import Glibc

final class Counter: @unchecked Sendable { var count = 0 }
let counter = Counter()

var threads = [pthread_t](repeating: pthread_t(), count: 2)
for index in threads.indices {
  pthread_create(
    &threads[index], nil,
    { _ in
      for _ in 0..<10_000 { counter.count += 1 }
      return nil
    }, nil)
}
for thread in threads { pthread_join(thread, nil) }
