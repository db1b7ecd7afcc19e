import ArgumentParser
import SwitchboardBase
import SwitchboardLoad
import SwitchboardReport

/// `switchboard load diff`
struct LoadBeside: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Put results beside each other: percentile by percentile, with what is noise.",
    usage: "switchboard load diff <file> <file> ... [<options>]",
    discussion: """
      Every figure of the others is told as a ratio to that of the first, with the range in which it \
      would lie if the seconds of each run had been others, and the set-ups with what differs. Where \
      a file holds two servers that were measured by turns, both are taken. With --out the curves \
      are drawn upon each other.

      Examples:

        switchboard load diff old.json new.json
        switchboard load diff old.json new.json --out diff.html
      """)

  @Argument(
    help: ArgumentHelp(
      "Results that --out has written, the first to compare with.", valueName: "file"),
    completion: .file())
  var results: [String]

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Write a page, or diff.html into a folder.", valueName: "html"))
  var out: String?

  func validate() throws {
    if case .file(let path) = out.map(LoadPlace.init) {
      throw ValidationError(
        "'--out \(FileName.shown(path))' is no page: give a name that ends in .html, or a folder.")
    }
  }

  func run() throws {
    try reportingFailure(of: "load diff") {
      let file = try out.map { try LoadBeside.file(LoadPlace($0)) }
      Output.whenLost(.isToldUnlessClosed)
      let report = LoadDiffReport(LoadDiff(try sides()))
      var delivery = Delivery()
      if file != nil { delivery.add(report.html, to: file) }
      let trouble = delivery.deliver { print in
        report.lines(width: Output.width, color: Output.wantsColor).forEach(print)
      }
      if let trouble { throw trouble }
      if let file { Output.error("wrote \(file.path)") }
    }
  }

  private static func file(_ place: LoadPlace) throws -> OutputFile {
    switch place {
    case .file(let path), .page(let path): return try OutputFile(path)
    case .folder(let path):
      let name = "diff.html"
      return try OutputFile(try ReportFolder(path, holding: [name]).file(name))
    }
  }

  /// The results, each by the name of its file.
  private func sides() throws -> [LoadDiff.Side] {
    var sides: [LoadDiff.Side] = []
    for path in results {
      let document = try LoadDocument.read(path)
      let all = [document.result] + (document.against.map { [$0] } ?? [])
      for (place, result) in all.enumerated() {
        if let mistake = LoadDiff.mistake(in: result) { throw FileTrouble(path, mistake) }
        let which = all.count > 1 ? [", the first", ", the second"][place] : ""
        sides.append(LoadDiff.Side(path + which, result))
      }
    }
    guard (2...LoadDiff.most).contains(sides.count) else {
      throw LoadError.mistake(
        "\(Figures.counted(sides.count, "result")) cannot be compared: give from 2 to \(LoadDiff.most)"
      )
    }
    return sides
  }
}
