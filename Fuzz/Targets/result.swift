import SwitchboardBase
import SwitchboardLoad

/// The file of a result: whole, damaged, with numbers that no run has; and all that is made of it: the report, the
/// table, conditions, a comparison, the sum with others, and the file again. Either it is refused in a line, or each
/// of them is made.
func check(_ input: Input) {
  var input = input
  let (width, isColored) = (input.next() ?? 80, input.next() ?? 0 > 127)
  var bytes = input.bytes
  // What a fuzzer takes long to find: another number, in a place where one stands.
  while let place = input.next(), let value = input.next() {
    exchange(place, for: numbers[value % numbers.count], in: &bytes)
  }
  do throws(FileTrouble) {
    let document = try LoadDocument.decode(bytes, named: "input")
    let (result, other) = (document.result, document.against ?? document.result)
    guard let all = LoadResult.merged([result, other, result]) else { fatalError("nothing of three") }
    expect(all.window.due == 2 * result.window.due + other.window.due, "requests were lost")
    for result in [result, other, all] { show(result, beside: other, width, isColored) }
    let written = write(LoadDocument(result, against: document.against))
    let again = try LoadDocument.decode(written, named: "written")
    expect(
      write(LoadDocument(again.result, against: again.against)) == written, "it is read as another one")
  } catch { expect(!"\(error)".contains("\n"), "\(error)") }
}

private func show(_ result: LoadResult, beside other: LoadResult, _ width: Int, _ isColored: Bool) {
  let comparison = LoadComparison(result, with: other)
  let lines =
    LoadReport(result, width: width, color: isColored).lines
    + comparison.text(.baseline, width: width)
  for line in lines {
    expect(!line.contains("\n"), "a line of two: \(line)")
    expect(isColored || !line.contains("\u{1B}"), "a line that commands a terminal: \(line)")
  }
  for condition in conditions { expect(!condition.check(result).measured.isEmpty, "\(condition)") }
  let rows = LoadDocument.table(result).split(separator: 0x0A)
  expect(rows.count == result.series.count + 2, "\(rows.count) rows")
  _ = write(LoadDocument(result))
}

private func write(_ document: LoadDocument) -> [UInt8] {
  do { return try document.bytes } catch { fatalError("it cannot be written: \(error)") }
}

private let conditions = ["p99<5ms", "mean<1s", "rate>1", "errors==0", "missed<1", "cpu<60%"]
  .compactMap { LoadAssertion($0) }

private let numbers = [
  "0", "-1", "1e-300", "1e-9", "0.5", "1", "1200", "65536", "1e9", "8796093022208", "1e13", "1e300",
  "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1e400", "null", "[]", "true",
].map { Array($0.utf8) }

/// Puts another number where the text has one: at so many 256th parts of all its numbers.
private func exchange(_ place: Int, for number: [UInt8], in text: inout [UInt8]) {
  var ranges: [Range<Int>] = []
  var start: Int?
  for (index, byte) in text.enumerated() {
    let isDigit = "0123456789+-.eE".utf8.contains(byte)
    if let begin = start, !isDigit {
      ranges.append(begin..<index)
      start = nil
    }
    // Behind what comes before a value; elsewhere digits are part of a word.
    if start == nil, isDigit, index > 0, ":,[".utf8.contains(text[index - 1]) { start = index }
  }
  guard !ranges.isEmpty else { return }
  text.replaceSubrange(ranges[place * ranges.count / 256], with: number)
}
