import SwitchboardBase

/// What several runs found, on which machine, and how to repeat it: to be written as a page or as
/// Markdown.
public struct Report: Sendable {
  /// One run.
  public struct Section: Sendable {
    /// The experiment's name, which is also its anchor in the page.
    public var name: String
    /// The claim, in a sentence.
    public var claim: String
    /// What the claim is about, in a few sentences.
    public var story: String
    /// The command that repeats it.
    public var command: String
    public var findings: Findings
    /// How long it took.
    public var took: Duration

    /// A section.
    public init(
      name: String, claim: String, story: String, command: String, findings: Findings,
      took: Duration
    ) {
      (self.name, self.claim, self.story) = (name, claim, story)
      (self.command, self.findings, self.took) = (command, findings, took)
    }
  }

  public var title: String
  public var lead: String
  /// The command that repeats all of it.
  public var command: String
  /// Facts about the machine, by name.
  public var machine: [(name: String, value: String)]
  /// When, in local time.
  public var date: String
  public var sections: [Section]
  /// Whether it was run to see that it works, and not for figures.
  public var isQuick: Bool

  /// A report of this machine, now.
  public init(
    title: String, lead: String, command: String, sections: [Section], isQuick: Bool = false
  ) {
    (self.title, self.lead) = (title, lead)
    (self.command, self.sections, self.isQuick) = (command, sections, isQuick)
    machine = Machine.facts
    date = String(logTimestamp().prefix(16))
  }

  /// What a reader should know before all figures.
  var warnings: [String] {
    [isQuick ? Report.quickNote : nil, Machine.buildNote].compactMap(\.self)
  }

  /// What stands at the head of a quick run.
  public static let quickNote =
    "A quick run, not for figures: it shows that the experiments work here. Leave out --quick for figures."
}
