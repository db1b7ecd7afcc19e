import ArgumentParser
import Switchboard
import SwitchboardBase
import SwitchboardLab

/// `switchboard explain`
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a page that teaches six ways to serve, step by step on one clock.",
    usage: "switchboard explain --out <html>",
    discussion: """
      One at a time, a thread each, select, poll, epoll and io_uring serve the same clients. The four \
      loops are real traces of this library's own loop over a simulated kernel, each with its \
      digest; the two that block are a model, which says so. The page is complete in itself and \
      asks no network for anything: step on and back, play, change the clients, let one of them \
      ask for something slow, and see who pays. docs/EXPLAIN.md says how to read it.

      Example:

        switchboard explain --out explain.html
      """)

  @Option(
    name: .shortAndLong, help: ArgumentHelp("Where the page goes.", valueName: "html"))
  var out: String

  func run() throws {
    try reportingFailure(of: "explain") {
      let file = try OutputFile(out)
      var delivery = Delivery()
      delivery.add(try ExplainPage.html(), to: file)
      try delivery.deliver()
    }
  }
}
