import Foundation
import SwitchboardReport

/// Headless Chromium, where it is installed: it measures text with the fonts of this machine.
enum Browser {
  /// Where it is.
  static let path: String? = ["chromium", "chromium-browser", "google-chrome"]
    .map { "/usr/bin/\($0)" }.first { FileManager.default.isExecutableFile(atPath: $0) }

  /// It cannot be run.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Texts that overlap or leave their drawing, by the browser's own boxes.
  static func faults(of drawings: [String]) throws -> [String] {
    let lines = try found(by: page(drawings))
    guard lines.first == "measured \(drawings.count)" else {
      throw Failure(description: "Chromium measured not all: \(lines.first ?? "nothing")")
    }
    return Array(lines.dropFirst())
  }

  /// What makes a report scroll sideways at 400 points, and what its form for paper begins left of
  /// the page.
  static func overflow(of report: String) throws -> [String] {
    let printed = report.replacing("@media print", with: "@media all")
    let frames = [report, printed].map { text in
      "<iframe style=\"width:400px;height:900px\" srcdoc=\"\(attribute(text))\"></iframe>"
    }
    let lines = try found(
      by: """
        <!DOCTYPE html><meta charset="utf-8">\(frames.joined())
        <pre id="found"></pre>
        <script>
        onload = () => {
          const [phone, paper] = [...document.querySelectorAll('iframe')].map(f => f.contentDocument);
          const found = [];
          if (phone.documentElement.scrollWidth > 400) found.push('the page scrolls sideways');
          const parts = paper.querySelectorAll('svg,table,pre,p,h1,h2,li');
          for (const part of parts)
            if (part.getClientRects().length && part.getBoundingClientRect().left < 0)
              found.push(`${part.tagName} is cut: ${part.textContent.slice(0, 40)}`);
          document.getElementById('found').textContent =
            [`measured ${parts.length > 100}`, ...found].join('\\n');
        };
        </script>
        """)
    guard lines.first == "measured true" else {
      throw Failure(description: "Chromium measured no page: \(lines.first ?? "nothing")")
    }
    return Array(lines.dropFirst())
  }

  private static func attribute(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
  }

  /// The lines that a page's script has written into its element `found`.
  static func found(by page: String) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "page-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "page.html")
    try page.write(to: file, atomically: true, encoding: .utf8)
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: path ?? "/usr/bin/chromium")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(folder.path)/data",
      "--dump-dom", file.absoluteString,
    ]
    (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard let found = text.firstMatch(of: /<pre id="found">([\s\S]*?)<\/pre>/) else {
      throw Failure(description: "Chromium wrote no page: \(text.prefix(200))")
    }
    return found.1.split(separator: "\n").map(String.init)
  }

  private static func page(_ drawings: [String]) -> String {
    """
    <!DOCTYPE html><meta charset="utf-8"><style>\(ChartStyle.sheet)</style>
    \(drawings.joined(separator: "\n"))
    <pre id="found"></pre>
    <script>
    const found = [];
    const all = document.querySelectorAll('svg');
    for (const svg of all) {
      const [,, width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
      const boxes = [...svg.querySelectorAll('text')].map(text => [text.textContent, text.getBBox()]);
      boxes.forEach(([text, box], index) => {
        if (box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height)
          found.push(`'${text}' leaves the drawing`);
        for (const [other, its] of boxes.slice(index + 1))
          if (box.x < its.x + its.width && its.x < box.x + box.width
              && box.y < its.y + its.height && its.y < box.y + box.height)
            found.push(`'${text}' lies over '${other}'`);
      });
    }
    document.getElementById('found').textContent =
      [`measured ${all.length}`, ...found].join('\\n');
    </script>
    """
  }
}
