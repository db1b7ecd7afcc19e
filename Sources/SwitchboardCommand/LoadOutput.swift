import ArgumentParser
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// The options of `switchboard load` that say what to do with the result.
struct LoadOutput: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Write the whole result as JSON, histograms and all ('-' is standard output); a page of it where "
        + "the name ends in .html; both into a folder, which is there or ends in a slash.",
      valueName: "file"))
  var out: String?

  @Option(help: ArgumentHelp("Write a row for every second.", valueName: "file"))
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Compare with an earlier result that --out has written.", valueName: "file"))
  var baseline: String?

  @Option(
    name: .customLong("assert"),
    help: ArgumentHelp(
      "End with 99 unless this holds, such as 'p99<5ms', 'rate>=10k' or 'errors==0'; may be "
        + "repeated.", valueName: "condition"),
    transform: Read.assertion)
  var assertions: [LoadAssertion] = []

  @Flag(help: "Print no progress.")
  var quiet = false

  /// Where the result goes beside the terminal.
  struct Files {
    var out: OutputFile?
    var page: OutputFile?
    var csv: OutputFile?
  }

  /// Finds out before the run what would fail after it.
  func prepare() throws -> Files {
    let csv = try csv.map { try OutputFile($0) }
    switch out.map(LoadPlace.init) {
    case nil: return Files(csv: csv)
    case .file(let path): return Files(out: try OutputFile(path), csv: csv)
    case .page(let path): return Files(page: try OutputFile(path), csv: csv)
    case .folder(let path):
      let names = (page: "load.html", result: "load.json")
      let folder = try ReportFolder(path, holding: [names.page, names.result])
      return Files(
        out: try OutputFile(folder.file(names.result)),
        page: try OutputFile(folder.file(names.page)), csv: csv)
    }
  }

  func validate() throws {
    guard let out, out == csv, out != "/dev/null" else { return }
    throw ValidationError("'--out' and '--csv' are both '\(out)': give two files.")
  }

  func readBaseline() throws -> LoadResult? {
    try baseline.map { try LoadDocument.single($0) }
  }

  /// Writes and prints the result, and ends with what follows from it.
  func present(_ document: LoadDocument, baseline: LoadResult?, _ files: Files) throws {
    let result = document.result
    var delivery = Delivery()
    if files.out != nil { delivery.add(try document.bytes, to: files.out) }
    if files.page != nil { delivery.add(document.page, to: files.page) }
    if files.csv != nil { delivery.add(LoadDocument.table(result), to: files.csv) }
    let color = Output.wantsColor
    let trouble = delivery.deliver { print in
      for result in [result, document.against].compactMap(\.self) {
        LoadReport(result, width: Output.width, color: color).lines.forEach(print)
        if document.against != nil { print("") }
      }
      if let other = document.against {
        LoadComparison(result, with: other).text(.byTurns, width: Output.width).forEach(print)
      }
      if let baseline {
        print("")
        LoadComparison(result, with: baseline).text(.baseline, width: Output.width).forEach(print)
      }
      for (number, assertion) in assertions.enumerated() {
        if number == 0 { print("") }
        let (verdict, holds) = LoadOutput.verdict(assertion, result)
        if holds { print(verdict) } else { Output.error("switchboard load: \(verdict)") }
      }
    }
    if let trouble { throw trouble }
    if let page = files.page { Output.error("wrote \(page.path)") }
    try judge(document)
  }

  private static func verdict(_ assertion: LoadAssertion, _ result: LoadResult) -> (String, Bool) {
    let (holds, measured) = assertion.check(result)
    return ("assert \(assertion): \(holds ? "holds" : "does not hold") (\(measured))", holds)
  }

  /// Assertions are about the first; that both were answered, and rightly, is taken for granted.
  private func judge(_ document: LoadDocument) throws {
    let failed = assertions.contains { !LoadOutput.verdict($0, document.result).1 }
    if failed { throw ExitCode(99) }
    let names = assertions.map(\.description)
    let areJudged = names.contains { $0.hasPrefix("errors") }
    if !areJudged, !document.result.isFlawless { throw ExitCode(1) }
    if let other = document.against, !other.isFlawless { throw ExitCode(1) }
  }
}
