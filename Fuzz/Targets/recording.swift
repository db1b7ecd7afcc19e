import Switchboard
import SwitchboardBase
import SwitchboardTimeline

/// The file of a recording, whole or cut anywhere, and all that is made of it: the picture for a terminal in
/// some width, the page, the trace. Either it is refused in a line, or each of them is made.
func check(_ input: Input) {
  var input = input
  let (width, isColored) = (input.next() ?? 80, input.next() ?? 0 > 127)
  var bytes = input.bytes
  // A head that is right takes a fuzzer long to find: it is there unless the input says otherwise.
  if input.next() ?? 0 < 240 { bytes = head + bytes }
  do throws(FileTrouble) {
    let recording = try RecordingFile.decode(bytes, named: "input")
    let whole = max(0, bytes.count - head.count) / RecordingFile.recordSize
    let told = recording.callbacks.count + recording.waits.count + recording.sends.count
    expect(told <= whole, "\(told) records of \(whole)")
    let timeline = Timeline(recording)
    for line in timeline.lines(width: width, color: isColored, clients: 1 + width % 40) {
      expect(!line.contains("\n"), "a line of two: \(line)")
    }
    expect(timeline.page(title: "input").hasSuffix("</html>\n"), "a page without an end")
    expect(timeline.svg(width: 900).hasSuffix("</svg>\n"), "a drawing without an end")
    expect(!timeline.trace().isEmpty, "no trace")
  } catch { expect(!"\(error)".contains("\n"), "\(error)") }
}

private let head = RecordingFile.encode(
  .init(
    loops: 3, start: Instant(nanoseconds: 1), wallClock: 1, backend: "epoll", process: 7))
