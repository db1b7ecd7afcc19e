import Glibc

/// Where a report is written: a page, Markdown, and a picture a file.
public struct ReportFolder: Sendable {
  /// A file or a folder cannot be written.
  public struct Failure: Error, CustomStringConvertible {
    let path: String
    let reason: String
    /// One line with the next action.
    public var description: String {
      "cannot write \(path): \(reason); name a folder that you may write to with --out"
    }
  }

  private let path: String

  /// Makes the folder, and those above it, if they are not there.
  public init(_ path: String) throws(Failure) {
    self.path = path
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/") {
      made += "/" + part
      if unsafe mkdir(made, 0o777) != 0, errno != EEXIST {
        throw Failure(path: path, reason: unsafe String(cString: strerror(errno)))
      }
    }
    var found = stat()
    guard unsafe stat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR else {
      throw Failure(path: path, reason: "it is no folder")
    }
  }

  /// Writes everything; answers the paths, the page first.
  public func write(_ report: Report) throws(Failure) -> [String] {
    var files = [
      ("report.html", HTMLReport(report).text), ("report.md", MarkdownReport(report).text),
    ]
    for named in report.sections.flatMap(\.findings.pictures) {
      files.append(("\(named.name).svg", named.picture.drawn(width: HTMLReport.wide).svg))
    }
    for (name, text) in files { try write(text, to: name) }
    return files.map { "\(path)/\($0.0)" }
  }

  private func write(_ text: String, to name: String) throws(Failure) {
    let whole = "\(path)/\(name)"
    let file = unsafe open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      throw Failure(path: whole, reason: unsafe String(cString: strerror(errno)))
    }
    defer { close(file) }
    var text = text
    let failure = text.withUTF8 { bytes -> Int32 in
      var offset = 0
      while offset < bytes.count {
        let count = unsafe Glibc.write(
          file, bytes.baseAddress.unsafelyUnwrapped + offset, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return errno }
        offset += count
      }
      return 0
    }
    guard failure == 0 else {
      throw Failure(path: whole, reason: unsafe String(cString: strerror(failure)))
    }
  }
}
