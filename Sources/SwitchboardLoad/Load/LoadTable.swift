/// A fixed number of rows of plain memory that never moves, each access checked.
@safe
struct LoadTable<Row: BitwiseCopyable>: ~Copyable {
  private let rows: UnsafeMutablePointer<Row>
  let count: Int

  init(count: Int, repeating row: Row) {
    self.count = count
    unsafe rows = .allocate(capacity: max(1, count))
    unsafe rows.initialize(repeating: row, count: count)
  }

  deinit { unsafe rows.deallocate() }

  subscript(index: Int) -> Row {
    @inline(__always) unsafeAddress {
      precondition(index >= 0 && index < count, "row out of range")
      return unsafe UnsafePointer(rows + index)
    }
    @inline(__always) unsafeMutableAddress {
      precondition(index >= 0 && index < count, "row out of range")
      return unsafe rows + index
    }
  }
}

/// A queue of bounded length.
struct LoadQueue<Element: BitwiseCopyable>: ~Copyable {
  private var rows: LoadTable<Element>
  private var head = 0
  private(set) var count = 0

  init(capacity: Int, filler: Element) {
    rows = LoadTable(count: max(1, capacity), repeating: filler)
  }

  var isEmpty: Bool { count == 0 }
  var isFull: Bool { count == rows.count }
  /// The element that comes next; there must be one.
  var first: Element { rows[head] }

  /// Adds at the end. Who adds sees to it that there is room.
  mutating func append(_ element: Element) {
    precondition(count < rows.count, "the queue is full")
    var place = head + count
    if place >= rows.count { place -= rows.count }
    rows[place] = element
    count += 1
  }

  /// Takes the first; there must be one.
  mutating func removeFirst() -> Element {
    precondition(count > 0, "the queue is empty")
    let element = rows[head]
    head = head + 1 == rows.count ? 0 : head + 1
    count -= 1
    return element
  }
}
