import SwitchboardBase
import SwitchboardLoad

extension LoadPage {
  /// Where slow requests spent their time, as bars and as a table; or why nothing is known of it.
  static func spans(_ spans: LoadSpans?) -> String {
    guard let spans else { return "" }
    let head = "<section id=\"spans\"><h2>Where the time went</h2>"
    guard spans.tail != nil else {
      return head + "<p class=\"warning\">\(Markup.escaped(spans.sentence))</p></section>"
    }
    return """
      \(head)
      <div class="columns">\(ReportPage.figure(chart(spans)))
      \(ReportPage.table(table(spans)))</div>
      <p class="small">\(Markup.escaped(spans.basis)). Each part is an average; \(prose)</p></section>
      """
  }

  /// What the names of the parts mean.
  private static let prose = """
    “there” ends when the loop's wait that brought the request returned, less what the loop was busy before it asked;
    “waiting for the loop” is that, and what it did between that wait and the request's callback. What happens in client
    and kernel on one way cannot be told apart, and is called by one name.
    """

  private static func chart(_ spans: LoadSpans) -> StackChart {
    StackChart(
      title: spans.sentence, axis: Axis("time of a request", unit: .duration),
      kinds: spans.kinds.map { .init($0.name, $0.hue) },
      bars: spans.groups.map { name, group in
        .init(name, spans.kinds.map(group.seconds), LoadSpans.time(group.seconds))
      })
  }

  private static func table(_ spans: LoadSpans) -> Table {
    let rows = spans.kinds.map { kind in
      [kind.name] + spans.groups.map { LoadSpans.time($0.group.seconds(kind)) }
    }
    let all = ["all"] + spans.groups.map { LoadSpans.time($0.group.seconds) }
    return Table("Parts of a request", [""] + spans.groups.map(\.name), rows + [all])
  }
}

extension LoadSpans.Kind {
  /// Amber is what was due and not sent, as in the curve; blue is served, as in a timeline.
  fileprivate var hue: Hue {
    switch self {
    case .late: .amber
    case .there: .grey
    case .loop: .vermilion
    case .handler: .blue
    case .between: .sky
    case .writing: .purple
    case .back: .green
    }
  }
}
