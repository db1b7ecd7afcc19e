import Glibc
import Switchboard
import SwitchboardBase

/// What the demo's own program was asked for: the command has a parser, which the demo does without.
private struct DemoArguments {
  var clients = Demonstration.usualClients
  var isTranscript = false
  var page: String?
  var svg: String?

  /// Nil where they cannot be understood.
  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let option = rest.popFirst() {
      if option == "--transcript" {
        isTranscript = true
        continue
      }
      guard let value = rest.popFirst() else { return nil }
      switch option {
      case "-n":
        guard let count = Int(value), Demonstration.clients.contains(count) else { return nil }
        clients = count
      case "--out": page = value
      case "--svg": svg = value
      default: return nil
      }
    }
    if isTranscript, page != nil || svg != nil { return nil }
  }
}

/// The main program of the demo: `[-n N] [--out HTML] [--svg SVG]`, or `[-n N] --transcript`.
package func runExampleDemo() -> Never {
  StandardStreams.prepare()
  EndSignals.endFirstProcess()
  Output.setProgram("demo")
  guard let wanted = DemoArguments(Array(ProcessStart.arguments.dropFirst())) else {
    let range = Demonstration.clients
    Output.error(
      "usage: demo [-n N] [--transcript | --out HTML --svg SVG]    (N clients, from "
        + "\(range.lowerBound) to \(range.upperBound); \(Demonstration.usualClients) if left out)")
    exit(64)
  }
  do {
    let code =
      wanted.isTranscript
      ? try Demonstration.transcript(clients: wanted.clients, program: "demo")
      : try Demonstration.race(
        clients: wanted.clients, program: "swift run demo", page: wanted.page, svg: wanted.svg)
    exit(Output.end(code))
  } catch {
    Output.error("demo: \(error)")
    exit(1)
  }
}
