import Glibc
import Switchboard
import SwitchboardBase

/// Where a report is written: a page, Markdown, and a picture a file.
public struct ReportFolder: Sendable {
  private let path: String
  private static let (page, markdown) = ("report.html", "report.md")
  private static let wanted = "a folder that you may write to with --out"

  /// Makes the folder, and those above it, if they are not there, and finds out whether it can be
  /// written to, and whether something is in the way of the page.
  public init(_ path: String) throws(FileTrouble) {
    try self.init(path, holding: [ReportFolder.page, ReportFolder.markdown])
  }

  /// The same for files of these names.
  package init(_ path: String, holding names: [String]) throws(FileTrouble) {
    self.path = path
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.utf8.split(separator: UInt8(ascii: "/")) {
      made += "/" + String(decoding: part, as: UTF8.self)
      if !FileCalls.makeFolder(made), errno != EEXIST {
        throw FileTrouble(folder: path, Errno(rawValue: errno), wanted: ReportFolder.wanted)
      }
    }
    guard let found = FileCalls.status(path) else {
      throw FileTrouble(folder: path, Errno(rawValue: errno), wanted: ReportFolder.wanted)
    }
    guard found.isFolder else {
      throw FileTrouble(path, "is no folder; give \(ReportFolder.wanted)")
    }
    guard FileCalls.allows(path, W_OK | X_OK) else {
      throw FileTrouble(folder: path, Errno(rawValue: errno), wanted: ReportFolder.wanted)
    }
    for name in names { _ = try OutputFile(file(name)) }
  }

  /// The path of a file in it.
  package func file(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  /// Writes everything; answers the paths, the page first.
  public func write(_ report: Report) throws(FileTrouble) -> [String] {
    var files = [
      (ReportFolder.page, HTMLReport(report).text),
      (ReportFolder.markdown, MarkdownReport(report).text),
    ]
    for named in report.sections.flatMap(\.findings.pictures) {
      files.append(("\(named.name).svg", named.picture.drawn(width: ReportPage.wide).svg))
    }
    for (name, text) in files { try OutputFile(file(name)).write(text) }
    return files.map { file($0.0) }
  }
}
