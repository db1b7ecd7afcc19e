import Foundation
import Switchboard
import SwitchboardArticle
import Synchronization

/// What this process does about signals: what its main thread blocks, what is ignored and handled.
private func dispositions() -> [String] {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  return status.split(separator: "\n").map(String.init).filter {
    $0.hasPrefix("SigBlk") || $0.hasPrefix("SigIgn") || $0.hasPrefix("SigCgt")
  }
}

/// Runs servers and reactors that end in every way there is; prints what is not as it was found.
func leaveSignals(_ backend: Server.BackendName, blocked: Bool) throws {
  if blocked { block() }
  // Foundation has handlers of its own from its first thread on.
  Thread.detachNewThread {}
  let before = dispositions()
  func look(_ after: String) {
    let now = dispositions()
    if now != before { print("\(after): \(now), before: \(before)") }
  }
  func run(
    _ how: String, _ ready: (ServerHandle) -> Void, _ change: (inout Server) -> Void = { _ in }
  ) {
    var server = Server(on: [.loopback(port: 0)])
    server.backend = backend
    server.loops = backend.isBlocking ? 1 : 2
    server.drainsOnSignals = true
    change(&server)
    do {
      try server.run(ready: ready) { EchoSession() }
      print("\(how) returned")
    } catch { print("\(how) threw") }
    look(how)
  }
  run("stopped", { $0.stop() })
  run("drained", { _ in kill(getpid(), SIGTERM) })
  run("refused", { _ in }, { $0.options.acceptBudget = 0 })
  let taken = try Listener(on: .loopback(port: 0), system: Linux())
  run("taken", { _ in }, { $0.addresses = [taken.address] })
  var service = FramesService(on: [.loopback(port: 0)])
  service.options.maxConnections = 1
  try service.run(waitingWith: Epoll.self, ready: { _ in kill(getpid(), SIGINT) })
  look("reactor")
  print("looked")
}

private func block() {
  var set = sigset_t()
  sigemptyset(&set)
  sigaddset(&set, SIGINT)
  sigaddset(&set, SIGTERM)
  pthread_sigmask(SIG_BLOCK, &set, nil)
}

/// What a process started from here blocks and ignores.
private func inherited() -> String {
  guard let pipe = popen("grep -E 'Sig(Blk|Ign)' /proc/self/status", "r") else { return "no pipe" }
  defer { pclose(pipe) }
  var text = [UInt8](repeating: 0, count: 256)
  let count = fread(&text, 1, text.count, pipe)
  return String(decoding: text[..<count], as: UTF8.self)
}

/// Starts processes from callbacks and from a pool's job of a running server; prints "same" if they
/// begin as one that is started before.
func startChildren(_ backend: Server.BackendName) throws {
  // A shell starts what is in its background with SIGINT ignored; of a signal that the server handles, a
  // process that is started gets the default.
  for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  let before = inherited()
  let pool = try OffloadPool(threads: 1)
  defer { pool.close() }
  let found = Mutex<[String]>([])
  let told = DispatchSemaphore(value: 0)
  @Sendable func tell() {
    let text = inherited()
    found.withLock { $0.append(text) }
    told.signal()
  }
  var server = Server(on: [.loopback(port: 0)])
  server.backend = backend
  server.loops = backend.isBlocking ? 1 : 2
  server.drainsOnSignals = true
  try server.run(
    ready: { handle in
      Thread.detachNewThread {
        for loop in handle.loops { loop.run { tell() } }
        _ = pool.submit { tell() }
        for _ in 0...handle.loops.count { told.wait() }
        handle.stop()
      }
    }, session: { EchoSession() })
  let all = found.withLock { $0 }
  print(Set(all) == [before] ? "same" : "\(before) and then \(all)")
}

/// A session whose callback never comes back.
private struct Hung: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    print("hung")
    fflush(nil)
    while true { pause() }
  }
}

/// Serves; the first bytes hang the loop that gets them.
func hang(_ backend: Server.BackendName) throws {
  var server = Server(on: [.loopback(port: 0)])
  server.backend = backend
  server.drainsOnSignals = true
  try server.run(
    ready: { handle in
      print(handle.addresses[0].port)
      fflush(nil)
    }, session: { Hung() })
}

/// Serves under a pretended limit of descriptors, or with a real one of few; prints whether a client is
/// served, the address space in mebibytes, and what serves.
func serve(_ backend: Server.BackendName, under limit: UInt) throws {
  if limit < 1024 {
    var few = rlimit(rlim_cur: limit, rlim_max: limit)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &few)
  } else {
    pretend(limit)
  }
  var server = Server(on: [.loopback(port: 0)])
  server.backend = backend
  let chosen = server.choice()
  try server.run(
    ready: { handle in
      Thread.detachNewThread {
        var open = Slots()
        open.connect(to: handle.addresses[0])
        var isServed = false
        for _ in 0..<20_000 where !isServed {
          isServed = open.areGreeted()
          if !isServed { usleep(1000) }
        }
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let size =
          status.split(separator: "\n").first { $0.hasPrefix("VmSize:") }
          .flatMap { $0.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } } ?? 0
        print(isServed ? "served" : "silent", size >> 10, chosen.backend.rawValue)
        handle.stop()
      }
    }, session: { FramesSession() })
}
