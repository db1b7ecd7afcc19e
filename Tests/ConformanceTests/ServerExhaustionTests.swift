import Glibc
import Switchboard
import Testing

extension Conformance {
  /// When descriptors run out. Each test has a process of its own, since the limit is a process's.
  @Suite struct Exhaustion {
    @Test(
      "Without descriptors accepting pauses, costs nothing, and resumes at a close",
      arguments: Backend.allCases)
    func resumesAtClose(_ backend: Backend) async {
      await #expect(processExitsWith: .success) { [backend = backend as Backend] in
        let before = openSockets()
        try withServer(backend) { server in
          let (served, waiting) = try server.exhaust()
          guard case .failed(let error) = server.record.entries.with({ $0.pauses[0] }) else {
            Issue.record("paused for another reason")
            return
          }
          #expect(error.call == .accept && error.errno.rawValue == EMFILE)

          // Half a second in which nothing happens but a few attempts, further and further apart.
          let (waits, time) = (server.ledger.waits, processorTime())
          #expect(!server.record.wait(milliseconds: 500) { $0.connected > served.count })
          #expect(server.ledger.waits - waits < 40)
          #expect(processorTime() - time < .milliseconds(100))
          #expect(try served[0].ask("^here$") == "ifsf")

          #expect(server.ledger.entries.with { $0.failedAccepts } > 0)
          served[0].close()
          #expect(try waiting.greeted().ask("^ab$") == "bc")
          // The first attempt after the close is the one that succeeded.
          #expect(server.ledger.entries.with { $0.failedBeforeLast } == 0)
          #expect(server.record.wait { $0.resumed == 1 })
          #expect(server.record.entries.with { $0.pauses.count } == 1)
          waiting.close()
          for client in served { client.close() }
        }
        #expect(openSockets() == before)
      }
    }

    @Test(
      "Without a close of ours accepting resumes all the same",
      arguments: Backend.allCases)
    func resumesByItself(_ backend: Backend) async {
      await #expect(processExitsWith: .success) { [backend = backend as Backend] in
        try withServer(backend) { server in
          let (served, waiting) = try server.exhaust()
          setDescriptorLimit(1200)
          #expect(try waiting.greeted().ask("^ab$") == "bc")
          #expect(try served[0].ask("^here$") == "ifsf")
        }
      }
    }

    @Test(
      "select serves as many as its set holds, refuses once, and goes on after a close",
      arguments: Backend.allCases)
    func fullSet(_ backend: Backend) async {
      await #expect(processExitsWith: .success) { [backend = backend as Backend] in
        try Linux().raiseDescriptorLimit()
        try withServer(backend) { server in
          fillDescriptors(to: 1014)
          // About ten numbers are left below 1024, and perhaps the test library takes one of them or
          // gives one back: the server says when the set is full.
          var served: [Client] = []
          var refused: Client?
          while served.count < 20 {
            let client = try Client(to: server.port, high: true)
            guard (try? client.greeted().ask("^ab$")) == "bc" else {
              refused = client
              break
            }
            served.append(client)
          }
          if backend == .select {
            // The next could not be watched and was closed; the one after it waits.
            #expect(server.record.wait { $0.pauses.count == 1 })
            let pause = server.record.entries.with { $0.pauses.first }
            guard case .refused(.beyondSet(_, capacity: 1024)) = pause else {
              Issue.record("\(served.count) served, and the set was not full")
              return
            }
            #expect((try? refused?.receiveToEnd()) ?? [] == [])
            let waiting = try Client(to: server.port, high: true)
            #expect(try served[0].ask("^still$") == "tujmm")
            served.removeLast().close()
            #expect(try waiting.greeted().ask("^ab$") == "bc")
            #expect(server.record.wait { $0.resumed == 1 && $0.pauses.count == 1 })
          } else {
            #expect(served.count == 20)
          }
          for client in served.prefix(3) { #expect(try client.ask("^ab$") == "bc") }
        }
      }
    }
  }
}

extension Server {
  /// A client that is served, and one that waits because no descriptor is left for it.
  ///
  /// Every number is taken, and one given back for the waiting client. But the test library opens and
  /// closes descriptors as it pleases. Where it took that number another one is given back, and where it
  /// left one the client is served: then it stays, and the next one waits.
  fileprivate func exhaust() throws -> (served: [Client], waiting: Client) {
    // Numbers as low as the limit: one that closes gives back two, the second for the accept that
    // finds nobody, which takes a number before it looks.
    var served = [try Client(to: port, high: false).greeted()]
    #expect(record.wait { $0.connected == 1 })
    let next = fcntl(0, F_DUPFD_CLOEXEC, 0)
    setDescriptorLimit(UInt(next) + 17)
    var taken = [next]
    while case let number = fcntl(0, F_DUPFD_CLOEXEC, 0), number >= 0 { taken.append(number) }
    while let number = taken.popLast() {
      close(number)
      guard let one = try? Client(to: port, high: false) else { continue }
      #expect(record.wait { $0.pauses.count == 1 || $0.connected > served.count })
      if record.entries.with({ $0.pauses.count }) == 1 { return (served, one) }
      served.append(one)
    }
    throw SystemError(.accept, Errno(rawValue: EMFILE))
  }
}

/// Sets how many descriptors this process may hold.
private func setDescriptorLimit(_ count: UInt) {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = min(count, limit.rlim_max)
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}

/// Takes all numbers below `first`.
private func fillDescriptors(to first: Int32) {
  while true {
    let number = fcntl(0, F_DUPFD_CLOEXEC, 0)
    guard number >= first else { continue }
    close(number)
    return
  }
}

/// Sockets alone: timers and the like are opened by the test library as it pleases.
private func openSockets() -> Set<Int32> {
  Set(
    (0..<2048).filter { number in
      var status = stat()
      return fstat(number, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    })
}

/// What this process has used of the processor, in user and kernel mode.
private func processorTime() -> Duration {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let micros = { (time: timeval) in Int(time.tv_sec) * 1_000_000 + Int(time.tv_usec) }
  return .microseconds(micros(usage.ru_utime) + micros(usage.ru_stime))
}
