import SwitchboardLoad

/// What the page of a load has of it: the histograms of its spans of time, with as many places as there is room for.
///
/// A histogram is bytes in base 64: for each place that counts something the distance from the place before, and the
/// count; both as LEB128, seven bits a byte from the lowest on, the eighth saying that more follow.
struct LoadPageData {
  private let result: LoadResult
  /// What is drawn over time. Of repeated runs the times before their windows lie over each other, and are left out.
  let spans: [LoadSecond]
  private let room: Int

  /// What all spans together may take, in characters.
  static let room = 800_000
  /// The whole run's curve is told apart to 0.4 %.
  private static let whole = 8
  /// Two to these powers are the places of an octave, the finest first: from 2 % to a quarter.
  private static let finenesses = [5, 4, 3, 2]

  /// What a result has.
  init(_ result: LoadResult, room: Int = LoadPageData.room) {
    (self.result, self.room) = (result, room)
    spans = result.series.filter {
      $0.seconds > 0 && ($0.isMeasured || result.replicates.count <= 1)
    }
  }

  /// As JSON, without a character that means something in markup.
  var json: String {
    let (fineness, due, sent) = histograms
    let times = spans.map { span in
      let ends = [span.start, span.seconds].map { LoadPageData.brief($0) }.joined(separator: ",")
      return "[\(ends),\(span.isMeasured ? 1 : 0),\(span.requests),\(span.failures)]"
    }
    let steps = steps.map { "[\(LoadPageData.brief($0)),\(LoadPageData.brief($1))]" }
    let whole = [result.latency, isSplit ? result.uncorrected : LatencyHistogram()]
      .map { "\"\(LoadPageData.packed($0, LoadPageData.whole))\"" }
    return """
      {"open":\(isSplit),"fine":\(1 << fineness),"wholeFine":\(1 << LoadPageData.whole),
      "whole":[\(whole.joined(separator: ","))],
      "spans":[\(times.joined(separator: ","))],
      "steps":[\(steps.joined(separator: ","))],
      "due":[\(due.joined(separator: ",\n"))],
      "sent":[\(sent.joined(separator: ",\n"))]}
      """
  }

  /// Whether sending is apart from being due.
  private var isSplit: Bool { result.isOpenLoop && !result.uncorrected.isEmpty }

  /// When each step begins, and the rate that was asked for; of a single rate that one.
  private var steps: [(start: Double, rate: Double)] {
    guard result.replicates.count <= 1, result.steps.count > 1 else {
      let rates = (result.setup["rate"] ?? "").split(separator: ",").compactMap { Double($0) }
      return rates.count == 1 ? [(0, rates[0])] : []
    }
    var start = 0.0
    return result.steps.map { step in
      defer { start += step.seconds }
      return (start, step.asked)
    }
  }

  /// Each span's, with the finest places that all of them have room with.
  private var histograms: (fineness: Int, due: [String], sent: [String]) {
    let full = spans.map { ($0.latency, isSplit ? $0.uncorrected : LatencyHistogram()) }
    var packed: (Int, [String], [String]) = (0, [], [])
    for fineness in LoadPageData.finenesses {
      let due = full.map { "\"\(LoadPageData.packed($0.0, fineness))\"" }
      let sent = full.map { "\"\(LoadPageData.packed($0.1, fineness))\"" }
      packed = (fineness, due, sent)
      if (due + sent).reduce(0, { $0 + $1.utf8.count + 2 }) <= room { break }
    }
    return packed
  }

  // ---------------------------------------------------------------------------- writing

  static func packed(_ histogram: LatencyHistogram, _ fineness: Int) -> String {
    var (bytes, place): ([UInt8], Int) = ([], 0)
    for entry in CoarseHistogram(histogram, fineness: fineness).entries {
      append(entry.place - place, to: &bytes)
      append(entry.count, to: &bytes)
      place = entry.place
    }
    return base64(bytes)
  }

  private static func append(_ number: Int, to bytes: inout [UInt8]) {
    var rest = UInt64(max(0, number))
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// RFC 4648, 4.
  static func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for place in stride(from: 0, to: bytes.count, by: 3) {
      let three = (0..<3).map { place + $0 < bytes.count ? UInt32(bytes[place + $0]) : 0 }
      let bits = three[0] << 16 | three[1] << 8 | three[2]
      for (number, shift) in [18, 12, 6, 0].enumerated() {
        let isPadding = place + number > bytes.count
        text.append(isPadding ? UInt8(ascii: "=") : letters[Int(bits >> UInt32(shift) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// A number to the microsecond of a second, or a thousandth of a request, without a zero too many.
  static func brief(_ value: Double) -> String {
    let rounded = (value * 1e6).rounded() / 1e6
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
  }
}
