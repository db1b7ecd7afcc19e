import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab

/// `switchboard backends`
struct Backends: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what servers can wait with on this machine, feature by feature.",
    discussion: """
      Every feature of io_uring is tried out, on a connection of this process with itself. The \
      last line tells what 'serve --backend auto' takes. Colour is left out where the output is no \
      terminal or NO_COLOR is set.

      Example:

        switchboard backends
      """)

  func run() throws {
    try reportingFailure(of: "backends") {
      try Linux().raiseDescriptorLimit()
      Offer.here().lines(width: Output.width, color: Output.wantsColor).forEach(Output.line)
    }
  }
}
