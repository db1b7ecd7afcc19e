// What all targets share: the entry that libFuzzer calls, and how a target reads its input.

/// Called by libFuzzer for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  check(Input(Array(UnsafeBufferPointer(start: start, count: count))))
  return 0
}

/// An input: first how many choices there are, then these, then the bytes to work on. So that a
/// mutation of one leaves the other alone.
struct Input {
  private var choices: ArraySlice<UInt8>
  /// The bytes to work on.
  let bytes: [UInt8]

  init(_ all: [UInt8]) {
    let count = min(Int(all.first ?? 0), max(0, all.count - 1))
    choices = all.dropFirst().prefix(count)
    bytes = Array(all.dropFirst(1 + count))
  }

  /// The next choice, nil when all were made.
  mutating func next() -> Int? { choices.popFirst().map(Int.init) }

  /// The bytes in pieces, cut where the choices say; mostly short ones, empty ones too.
  mutating func pieces() -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var rest = bytes[...]
    while let choice = next() {
      pieces.append(Array(rest.prefix(choice)))
      rest = rest.dropFirst(choice)
    }
    return pieces + [Array(rest)]
  }
}

/// Ends the run as a finding.
func expect(_ holds: Bool, _ what: @autoclosure () -> String) {
  if !holds { fatalError(what()) }
}
