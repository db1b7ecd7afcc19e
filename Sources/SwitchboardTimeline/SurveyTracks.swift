import Switchboard

/// What rows did, slice of time by slice: small however long a recording is.
///
/// Slices begin fine. When there are more of them than a page is to have, two and two become one, in all
/// rows alike, so that nothing is lost but where within a slice something was: the sums stay those of the
/// recording.
struct SurveyTracks {
  /// What a row did in a slice; only slices in which it did something are kept.
  struct Cell: Hashable {
    /// Its place, from the recording's beginning on.
    var slice: UInt64
    /// Callbacks that began in it.
    var calls: UInt64 = 0
    /// Nanoseconds of callbacks, and of sending their output.
    var busy: UInt64 = 0
    /// Nanoseconds in which the row waited: a client for its turn, a loop for anybody.
    var waited: UInt64 = 0
  }

  /// Slices of the whole at the beginning, at most: more than a screen has points.
  static let finest = 8192
  /// Cells that a row has, if there are many.
  static let leastOfRow = 6

  /// The cells of each row, in order.
  private(set) var rows: [[Cell]]
  /// A slice takes two to the power of this many nanoseconds.
  private(set) var exponent: UInt64
  private let (from, to): (UInt64, UInt64)
  private let most: Int
  private var count = 0

  /// Nothing yet.
  ///
  /// - Parameter most: How many cells are kept; where there are many rows, six of each at least.
  init(rows: Int, from: Instant, to: Instant, most: Int) {
    self.rows = Array(repeating: [], count: rows)
    (self.from, self.to) = (from.nanoseconds, max(from, to).nanoseconds)
    self.most = max(most, Self.leastOfRow * rows)
    let span = self.to - self.from
    exponent = 0
    while span >> exponent >= UInt64(Self.finest) { exponent += 1 }
  }

  /// A callback that began then.
  mutating func call(at moment: Instant, in row: Int) {
    let place = min(max(moment.nanoseconds, from), to) - from
    change(place >> exponent, of: row) { $0.calls &+= 1 }
  }

  /// A callback took this long, or what it sent.
  mutating func busy(from start: Instant, to end: Instant, in row: Int) {
    spread(start, end, over: row) { $0.busy = $0.busy.addingSaturated($1) }
  }

  /// A row waited this long.
  mutating func waited(from start: Instant, to end: Instant, in row: Int) {
    spread(start, end, over: row) { $0.waited = $0.waited.addingSaturated($1) }
  }

  /// Divides a stretch of time exactly among the slices that it touches.
  private mutating func spread(
    _ start: Instant, _ end: Instant, over row: Int, _ add: (inout Cell, UInt64) -> Void
  ) {
    var place = min(max(start.nanoseconds, from), to) - from
    let last = min(max(end.nanoseconds, from), to) - from
    while place < last {
      let slice = place >> exponent
      // The next slice begins beyond the end, or at a number that there is.
      let rest = (1 << exponent) - (place & ((1 << exponent) - 1))
      let part = min(rest, last - place)
      change(slice, of: row) { add(&$0, part) }
      place += part
    }
  }

  private mutating func change(_ slice: UInt64, of row: Int, _ body: (inout Cell) -> Void) {
    guard rows.indices.contains(row) else { return }
    let end = rows[row].count
    var at = end
    // Nearly always the last one, or one behind it.
    while at > 0, rows[row][at - 1].slice >= slice { at -= 1 }
    if at == end || rows[row][at].slice != slice {
      rows[row].insert(Cell(slice: slice), at: at)
      count += 1
    }
    body(&rows[row][at])
    while count > most, exponent < 63 { coarsen() }
  }

  /// Makes one slice of two.
  mutating func coarsen() {
    exponent += 1
    count = 0
    for row in rows.indices {
      var coarse: [Cell] = []
      coarse.reserveCapacity(rows[row].count / 2 + 1)
      for cell in rows[row] {
        if let last = coarse.last, last.slice == cell.slice >> 1 {
          coarse[coarse.count - 1].take(cell)
        } else {
          var moved = cell
          moved.slice >>= 1
          coarse.append(moved)
        }
      }
      rows[row] = coarse
      count += coarse.count
    }
  }
}

extension SurveyTracks.Cell {
  fileprivate mutating func take(_ other: Self) {
    calls &+= other.calls
    busy = busy.addingSaturated(other.busy)
    waited = waited.addingSaturated(other.waited)
  }
}

extension UInt64 {
  /// The sum, or the largest number there is: a damaged recording's times are anything.
  func addingSaturated(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
