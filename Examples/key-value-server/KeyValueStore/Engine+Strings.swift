import Switchboard
import SwitchboardProtocols

/// Commands for strings.
extension Engine {
  mutating func carryOutString(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .append: try append(words, reply, &connection)
    case .decrby: try add(words, try amount(words, isNegative: true), reply, &connection)
    case .incrby: try add(words, try amount(words, isNegative: false), reply, &connection)
    case .incrbyfloat: try addFraction(words, reply, &connection)
    case .getset: try getAndSet(words, reply, &connection)
    case .mget: getMany(words, reply, &connection)
    case .mset: try setMany(words, reply, &connection)
    case .setnx: setIfAbsent(words, reply, &connection)
    default: try length(words, reply, &connection)
    }
  }

  /// Where a string is; nil where the key is not there.
  @inline(__always)
  mutating func findString(_ key: Span<UInt8>) throws(CommandError) -> Store.Place? {
    guard let place = store.find(key) else { return nil }
    guard store[place].collection == nil else { throw .wrongType }
    return place
  }

  mutating func get(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard let place = try findString(words.extracting(range(1))) else {
      return reply.null(to: &connection)
    }
    reply.bulk(store[place].bytes.span, to: &connection)
  }

  private mutating func getMany(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) {
    reply.array(arguments.count - 1, to: &connection)
    for index in 1..<arguments.count {
      if let place = store.find(words.extracting(range(index))), store[place].collection == nil {
        reply.bulk(store[place].bytes.span, to: &connection)
      } else {
        reply.null(to: &connection)
      }
    }
  }

  private mutating func length(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let place = try findString(words.extracting(range(1)))
    reply.integer(place.map { store[$0].bytes.count } ?? 0, to: &connection)
  }

  // -------------------------------------------------------------------------------- setting

  /// Gives a key a string, whatever it had.
  @inline(__always)
  mutating func setString(_ key: Span<UInt8>, _ value: Span<UInt8>, _ end: Int64? = Store.never) {
    let hash = store.seed.hash(key)
    guard let place = store.find(key, hash) else {
      var stored = Stored(bytes: Array(copying: value))
      stored.end = end ?? Store.never
      store.insert(key, hash, stored)
      return
    }
    store.setBytes(place, value)
    if let end, store[place].end != end { store.setEnd(place, end) }
  }

  mutating func set(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let (key, value) = (words.extracting(range(1)), words.extracting(range(2)))
    guard arguments.count > 3 else {
      setString(key, value)
      return reply.ok(to: &connection)
    }
    let wish = try SetWish(words, arguments, now: store.now)
    let place = store.find(key)
    if wish.getsOld {
      if let place, store[place].collection != nil { throw .wrongType }
      if let place {
        reply.bulk(store[place].bytes.span, to: &connection)
      } else {
        reply.null(to: &connection)
      }
    }
    let isWanted = place == nil ? wish.ifAbsent != false : wish.ifAbsent != true
    if isWanted { setString(key, value, wish.end) }
    if wish.getsOld { return }
    if isWanted { reply.ok(to: &connection) } else { reply.null(to: &connection) }
  }

  private mutating func setIfAbsent(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) {
    let key = words.extracting(range(1))
    let isAbsent = store.find(key) == nil
    if isAbsent { setString(key, words.extracting(range(2))) }
    reply.integer(isAbsent ? 1 : 0, to: &connection)
  }

  private mutating func setMany(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard arguments.count % 2 == 1 else {
      throw .other("ERR wrong number of arguments for 'mset' command")
    }
    for index in stride(from: 1, to: arguments.count, by: 2) {
      let (key, value) = (words.extracting(range(index)), words.extracting(range(index + 1)))
      setString(key, value)
    }
    reply.ok(to: &connection)
  }

  private mutating func getAndSet(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    try get(words, reply, &connection)
    setString(words.extracting(range(1)), words.extracting(range(2)))
  }

  private mutating func append(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let (key, more) = (words.extracting(range(1)), words.extracting(range(2)))
    guard let place = try findString(key) else {
      setString(key, more)
      return reply.integer(more.count, to: &connection)
    }
    guard store[place].bytes.count + more.count <= options.limits.bulk else { throw .valueTooLong }
    store.change(place) { $0.bytes.extend(with: more) }
    reply.integer(store[place].bytes.count, to: &connection)
  }

  // -------------------------------------------------------------------------------- numbers

  /// The third argument of `INCRBY` or `DECRBY`.
  private func amount(_ words: Span<UInt8>, isNegative: Bool) throws(CommandError) -> Int {
    guard let given = Int(decimal: words.extracting(range(2))) else { throw .notInteger }
    guard isNegative else { return given }
    guard given != Int.min else { throw .other("ERR decrement would overflow") }
    return -given
  }

  mutating func add(
    _ words: Span<UInt8>, _ amount: Int, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    guard let place = try findString(key) else {
      var stored = Stored()
      stored.bytes.replace(with: amount)
      store.insert(key, store.seed.hash(key), stored)
      return reply.integer(amount, to: &connection)
    }
    guard let old = Int(decimal: store[place].bytes.span) else { throw .notInteger }
    let (sum, overflows) = old.addingReportingOverflow(amount)
    guard !overflows else { throw .overflow }
    store.change(place) { $0.bytes.replace(with: sum) }
    reply.integer(sum, to: &connection)
  }

  private mutating func addFraction(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let key = words.extracting(range(1))
    guard let amount = Double(given: words.extracting(range(2))) else { throw .notFloat }
    let place = try findString(key)
    var sum = 0.0
    if let place {
      guard let old = Double(given: store[place].bytes.span) else { throw .notFloat }
      sum = old
    }
    sum += amount
    guard sum.isFinite else { throw .notANumber }
    let text = Array(sum.shown.utf8)
    if let place {
      store.setBytes(place, text.span)
    } else {
      setString(key, text.span)
    }
    reply.bulk(text.span, to: &connection)
  }
}

extension Store {
  /// Gives a key that is there a string, in the memory of the old one where it fits.
  @inline(__always)
  mutating func setBytes(_ place: Place, _ value: Span<UInt8>) {
    change(place) { stored in
      stored.bytes.replace(with: value)
      stored.collection = nil
    }
  }
}

extension Double {
  /// A number as peers write it; nil for what is none, "not a number" too.
  init?(given text: Span<UInt8>) {
    if text.count <= Self.exactDigits, let whole = Int(decimal: text) {
      self = Double(whole)
      return
    }
    // Longer ones are no numbers that anybody means.
    guard !text.isEmpty, text.count <= 512, let value = Double(text.text), !value.isNaN else {
      return nil
    }
    self = value
  }

  /// Whole numbers of so many digits are what they are.
  private static var exactDigits: Int { 15 }

  /// In as few digits as are read as the same number again, and without a fraction that says nothing.
  var shown: String {
    let text = "\(self)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
