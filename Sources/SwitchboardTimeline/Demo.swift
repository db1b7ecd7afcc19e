import Glibc
import Switchboard
import SwitchboardBase

/// The demo: a server, some clients, and who was served when.
package enum Demonstration {
  /// How many clients there may be: each is a row of the picture.
  package static let clients = 1...100
  /// How many there are if nobody says.
  package static let usualClients = 3

  /// Starts an epoll server on a free port of the loopback address, in a thread; runs the clients against it
  /// in this one; writes what they say, and then a picture of what the server's thread did.
  ///
  /// - Parameters:
  ///   - clients: How many, within ``clients``.
  ///   - program: The name that errors begin with.
  /// - Returns: The process's exit code: 0 if every reply was right.
  /// - Throws: when the server cannot be started, or no client can connect.
  package static func show(clients: Int, program: String) throws(SystemError) -> Int32 {
    try Linux().raiseDescriptorLimit()
    let run = try runRecorded(
      connections: clients, ready: { Output.error("listening on \($0) (epoll)") },
      log: Output.line)
    Output.line(run.client.elapsedLine)
    Output.line("")
    let picture = Timeline(run.server).lines(width: Output.width, color: Output.wantsColor)
    picture.forEach(Output.line)
    guard run.client.failed > 0 else { return 0 }
    Output.error("\(program): \(run.client.failed) of \(clients) clients failed")
    return 1
  }
}

/// The main program of the demo: `[-n N]`.
package func runExampleDemo() -> Never {
  StandardStreams.prepare()
  EndSignals.endFirstProcess()
  Output.setProgram("demo")
  guard let clients = demoClients(Array(ProcessStart.arguments.dropFirst())) else {
    let range = Demonstration.clients
    Output.error(
      "usage: demo [-n N]    (N clients, from \(range.lowerBound) to \(range.upperBound); "
        + "\(Demonstration.usualClients) if left out)")
    exit(64)
  }
  do throws(SystemError) {
    exit(Output.end(try Demonstration.show(clients: clients, program: "demo")))
  } catch {
    Output.error("demo: \(error)")
    exit(1)
  }
}

/// How many clients the arguments ask for; nil where they cannot be understood.
private func demoClients(_ arguments: [String]) -> Int? {
  if arguments.isEmpty { return Demonstration.usualClients }
  guard arguments.count == 2, arguments[0] == "-n", let count = Int(arguments[1]) else {
    return nil
  }
  return Demonstration.clients.contains(count) ? count : nil
}
