import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// The page that explains: six ways to serve the same clients, step by step on one clock.
///
/// It is complete in itself, asks no network for anything, and opens from disk. What its text says stands
/// without the script.
package enum ExplainPage {
  /// All runs that the page has, and the page.
  ///
  /// - Throws: what a simulation finds to be wrong.
  package static func html() throws(SimulationFailure) -> String {
    var scenarios: [String] = []
    for scenario in ExplainedScenario.all {
      let runs = try runs(of: scenario)
      scenarios.append(
        "{\"clients\":\(scenario.clients),\"idle\":\(scenario.idle),"
          + "\"slow\":\(scenario.isSlow ? 1 : 0),\"deaf\":\(scenario.deaf ?? 0),"
          + "\"runs\":[\(runs.map(\.json).joined(separator: ",\n"))]}")
    }
    return page("[\(scenarios.joined(separator: ",\n"))]")
  }

  /// The same clients, served in each way.
  package static func runs(
    of scenario: ExplainedScenario
  ) throws(SimulationFailure) -> [ExplainedRun] {
    var runs: [ExplainedRun] = []
    for model in ExplainedRun.Model.allCases {
      switch model {
      case .sequential, .threads: runs.append(ExplainedModel.run(scenario, model))
      case .select, .poll, .epoll, .ioUring: runs.append(try .simulated(scenario, model))
      }
    }
    return runs
  }

  /// The page of a recording: one loop of a real server, step by step.
  ///
  /// - Parameter title: What was recorded; the file's name.
  package static func html(of recording: Recording, title: String) -> String {
    let explained = ExplainedRecording(recording)
    let model = ExplainedRun.Model(rawValue: recording.backend) ?? .epoll
    return page(
      "[\(explained.json(model))]", title: title,
      body: """
        <main class="recorded">
        \(introduction(explained, of: title))
        \(widget)
        </main>
        """)
  }

  private static func page(_ data: String) -> String {
    page(
      data, title: "Six ways to serve",
      body: """
        <main>
        \(introduction)
        \(widget)
        \(chapters)
        </main>
        """)
  }

  private static func page(_ data: String, title: String, body: String) -> String {
    DrawingPage.html(
      title: "\(title) · switchboard explain", style: style,
      body: """
        \(body)
        <script type="application/json" id="data">\(data)</script>
        <script>
        \(reading)
        \(state)
        \(drawing)
        \(controls)
        </script>
        """)
  }
}
