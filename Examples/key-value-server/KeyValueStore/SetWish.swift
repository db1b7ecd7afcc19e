import SwitchboardProtocols

/// What the options of `SET` ask for.
struct SetWish {
  /// Only where there is no key (true), or where there is one (false).
  private(set) var ifAbsent: Bool?
  /// Answer with the old value.
  private(set) var getsOld = false
  /// The new end; nil: keep the old one.
  private(set) var end: Int64? = Store.never

  init(_ words: Span<UInt8>, _ arguments: RESPArguments, now: Int64) throws(CommandError) {
    var (index, hasEnd) = (3, false)
    while index < arguments.count {
      let word = words.extracting(arguments[index])
      if word.spells("NX") {
        try setOnce(true)
      } else if word.spells("XX") {
        try setOnce(false)
      } else if word.spells("GET") {
        getsOld = true
      } else {
        // One of those that say when it ends.
        guard !hasEnd else { throw .syntax }
        hasEnd = true
        if word.spells("KEEPTTL") {
          end = nil
        } else {
          guard word.spells("EX") || word.spells("PX"), index + 1 < arguments.count else {
            throw .syntax
          }
          let time = words.extracting(arguments[index + 1])
          end = try now.after(time, inSeconds: word.spells("EX"), .set)
          index += 1
        }
      }
      index += 1
    }
  }

  private mutating func setOnce(_ value: Bool) throws(CommandError) {
    guard ifAbsent == nil || ifAbsent == value else { throw .syntax }
    ifAbsent = value
  }
}

extension Int64 {
  /// A moment so many seconds, or milliseconds, after this one, more than none.
  func after(
    _ time: Span<UInt8>, inSeconds: Bool, _ name: CommandName
  ) throws(CommandError) -> Int64 {
    guard let count = Int(decimal: time) else { throw .notInteger }
    let end = try after(Int64(count), inSeconds: inSeconds, name)
    guard end > self else { throw .invalidExpiry(name) }
    return end
  }

  /// A moment so many seconds, or milliseconds, after this one; before it, where they are less than none.
  func after(_ count: Int64, inSeconds: Bool, _ name: CommandName) throws(CommandError) -> Int64 {
    let (milliseconds, tooMuch) = count.multipliedReportingOverflow(by: inSeconds ? 1000 : 1)
    let (sum, overflows) = addingReportingOverflow(milliseconds)
    guard !tooMuch, !overflows, sum != Store.never else { throw .invalidExpiry(name) }
    return sum
  }
}
