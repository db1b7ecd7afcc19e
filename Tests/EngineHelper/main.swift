// What the engine's tests cannot do in their own process.
//
//   EngineHelper choice ERRNO      what `auto` comes to where io_uring_setup answers that
//   EngineHelper leaks BACKEND     descriptors and threads before and after a server's life
//   EngineHelper crowd             a ring with fewer descriptors than connections allowed, and a crowd
//   EngineHelper dropped           descriptors before and after a reactor that was not run to its end
//   EngineHelper signals BACKEND   what servers and reactors change of what signals do
//   EngineHelper blocked BACKEND   the same where the signals were blocked before
//   EngineHelper children BACKEND  what processes inherit that callbacks and jobs start
//   EngineHelper hung BACKEND      a server whose callback never comes back
//   EngineHelper limit N BACKEND   a server under a limit of N descriptors
//
// And what drills drive (Drills/families/connecting.py), by lines of standard input:
//
//   EngineHelper names PORT SECONDS BACKEND            connects to names
//   EngineHelper dead COUNT SECONDS BACKEND            an echo server with many look-ups that nobody answers
//   EngineHelper often COUNT PORT SOURCE BACKEND       many connections to an echo server; from an address, or -
//   EngineHelper broadcast SIZE BACKEND                sends to all who have connected
//   EngineHelper readers COUNT SIZE PORT BACKEND       who connect there

import Foundation
import Switchboard
import SwitchboardArticle
import SystemCallFilter

/// How many entries a folder of this process has.
func count(_ folder: String) -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/\(folder)").count) ?? -1
}

/// Whether a condition comes to hold within a minute.
func eventually(_ holds: () -> Bool) -> Bool {
  let limit = Linux().now() + .seconds(60)
  while !holds() {
    if Linux().now() > limit { return false }
    usleep(200)
  }
  return true
}

/// Prints the choice, how long it took of a processor in microseconds, and the reason.
func choose(_ error: UInt32) {
  if error != 0, filter_system_call(filter_ring_setup(), error) != 0 { exit(3) }
  let before = Linux().threadNanoseconds()
  let choice = Server.BackendName.auto.choice()
  let microseconds = (Linux().threadNanoseconds() - before) / 1000
  print("\(choice.backend.rawValue) \(microseconds) \(choice.reason ?? "")")
}

/// Connects so often, and holds all of it until each has been greeted.
func converse(_ count: Int, with address: SocketAddress) {
  var open = Slots()
  for _ in 0..<count { open.connect(to: address) }
  if !eventually({ open.areGreeted() }) { exit(5) }
}

/// Connections of the helper's own.
struct Slots {
  private var sockets: [Descriptor] = []

  mutating func connect(to address: SocketAddress) {
    let made = Linux().socket(address.family)
    guard made.isSuccess else { return }
    let descriptor = Descriptor(rawValue: Int32(made.value))
    _ = Linux().connect(descriptor, to: address)
    sockets.append(descriptor)
  }

  /// Closes those that have been sent something: whether none is left.
  mutating func areGreeted() -> Bool {
    sockets.removeAll { descriptor in
      var bytes = [UInt8](repeating: 0, count: 16)
      let outcome = bytes.withUnsafeMutableBytes { Linux().receive(descriptor, into: $0) }
      if outcome.isSuccess { _ = Linux().close(descriptor) }
      return outcome.isSuccess
    }
    return sockets.isEmpty
  }
}

/// Serves some connections and ends, a few times over; prints what is open before and after.
func live(_ backend: Server.BackendName) throws {
  func once(_ number: Int) throws {
    var server = Server(on: [.loopback(port: 0)])
    server.backend = backend
    // A pool serves as many at once as it has threads.
    server.loops = backend == .pool ? 20 : 2
    let pool = try OffloadPool(threads: 2)
    try server.run(
      ready: { handle in
        Thread.detachNewThread {
          converse(20, with: handle.addresses[0])
          if number % 2 == 0 { handle.drain() } else { handle.stop() }
        }
      }, session: { FramesSession() })
    pool.close()
  }
  try once(0)
  // Threads of the kernel's own, and the one above, end a moment later.
  if !eventually({ count("task") == 1 }) { exit(6) }
  let before = (count("fd"), count("task"))
  for number in 0..<5 { try once(number) }
  var after = before
  let isSame = eventually {
    after = (count("fd"), count("task"))
    return after == before
  }
  print(isSame ? "same" : "\(before) \(after)")
}

/// Serves on a ring with 64 descriptors and room for a thousand connections, and prints how many of a
/// hundred were greeted, and how many closed.
func serveCrowd() throws {
  var limit = rlimit(rlim_cur: 64, rlim_max: 0)
  var old = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &old)
  limit.rlim_max = old.rlim_max
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  var server = Server(on: [.loopback(port: 0)])
  server.backend = .ioUring
  server.options.maxConnections = 1000
  try server.run(
    ready: { handle in
      // The ring is made; the crowd is in this process too.
      limit.rlim_cur = min(1024, old.rlim_max)
      let raised = limit
      Thread.detachNewThread {
        withUnsafePointer(to: raised) {
          _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), $0)
        }
        var crowd = Slots()
        for _ in 0..<100 { crowd.connect(to: handle.addresses[0]) }
        let (greeted, closed) = crowd.settle()
        print(greeted, closed)
        handle.stop()
      }
    }, session: { FramesSession() })
}

extension Slots {
  /// How many were greeted and how many closed, when one who was has had fifty answers since the last.
  func settle() -> (greeted: Int, closed: Int) {
    var (greeted, closed): (Set<Int32>, Set<Int32>) = ([], [])
    let limit = Linux().now() + .seconds(60)
    while Linux().now() < limit {
      var isQuiet = true
      for one in sockets where !greeted.contains(one.rawValue) && !closed.contains(one.rawValue) {
        guard let count = Slots.receive(one) else { continue }
        isQuiet = false
        if count > 0 { greeted.insert(one.rawValue) } else { closed.insert(one.rawValue) }
      }
      guard let first = greeted.first else {
        usleep(100)
        continue
      }
      for _ in 0..<50 { Slots.ask(Descriptor(rawValue: first)) }
      if isQuiet { break }
    }
    return (greeted.count, closed.count)
  }

  /// A byte of what has come: none at the end, nil when there is nothing.
  private static func receive(_ descriptor: Descriptor) -> Int? {
    var byte: UInt8 = 0
    let outcome = withUnsafeMutableBytes(of: &byte) { Linux().receive(descriptor, into: $0) }
    return outcome.isSuccess ? outcome.value : nil
  }

  private static func ask(_ descriptor: Descriptor) {
    _ = Array("^a$".utf8).withUnsafeBytes { Linux().send(descriptor, from: $0) }
    _ = eventually { receive(descriptor) != nil }
  }
}

/// Connects, and says nothing.
struct Silent: ReactorHandler, ~Copyable {
  typealias System = Linux
  var connected = 0

  mutating func peerConnected(_ peer: inout Peer<Linux>) -> Interest {
    connected += 1
    return .read
  }
  mutating func readyToReceive(_ peer: inout Peer<Linux>) -> Interest { .read }
  mutating func readyToSend(_ peer: inout Peer<Linux>) -> Interest { .read }
}

/// As a program owns one.
final class ReactorOwner<P: Poller & ~Copyable> where P.System == Linux {
  private var reactor: Reactor<P, Silent>

  init(_ poller: consuming P, to address: SocketAddress) throws {
    reactor = try Reactor(poller: poller, handler: Silent(), system: Linux())
    for _ in 0..<10 { try reactor.connect(to: address) }
    while reactor.handler.connected < 10 { try reactor.turn() }
  }
}

/// Drops reactors with connections that stand; prints what is open before and after.
func drop() throws {
  let listener = try Listener(on: .loopback(port: 0), system: Linux())
  func local() throws {
    var reactor = try Reactor(
      poller: Epoll(system: Linux()), handler: Silent(), system: Linux())
    for _ in 0..<10 { try reactor.connect(to: listener.address) }
    while reactor.handler.connected < 10 { try reactor.turn() }
    if count("fd") < 15 { exit(4) }
    _ = reactor.finish()
  }
  let before = count("fd")
  try local()
  _ = try ReactorOwner(Epoll(system: Linux()), to: listener.address)
  _ = try ReactorOwner(Poll(system: Linux()), to: listener.address)
  _ = try ReactorOwner(Select(system: Linux()), to: listener.address)
  let after = count("fd")
  print(before == after ? "same" : "\(before) \(after)")
  if before != after { exit(1) }
}

/// Has the library believe in another limit of descriptors.
func pretend(_ limit: UInt) { pretend_descriptor_limit(limit) }

let arguments = CommandLine.arguments
let backendArgument = Server.BackendName(rawValue: arguments.last ?? "") ?? .auto
switch arguments.dropFirst().first {
case "choice": choose(UInt32(arguments.last ?? "") ?? 0)
case "leaks": try live(Server.BackendName(rawValue: arguments.last ?? "") ?? .auto)
case "crowd": try serveCrowd()
case "dropped": try drop()
case "signals": try leaveSignals(backendArgument, blocked: false)
case "blocked": try leaveSignals(backendArgument, blocked: true)
case "children": try startChildren(backendArgument)
case "hung": try hang(backendArgument)
case "limit": try serve(backendArgument, under: arguments.count > 2 ? UInt(arguments[2]) ?? 0 : 0)
case "names", "dead", "often", "broadcast", "readers": try drill(arguments, backendArgument)
default: exit(2)
}
