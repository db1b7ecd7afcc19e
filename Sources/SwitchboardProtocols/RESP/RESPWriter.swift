/// What a ``RESPWriter`` writes to: a connection, or an array of bytes.
public protocol RESPSink: ~Copyable {
  /// Appends bytes.
  mutating func write(_ bytes: Span<UInt8>)
  /// Appends at most `count` bytes that `body` produces; it gets an output of that capacity.
  mutating func write(atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void)
}

extension [UInt8]: RESPSink {
  /// Appends bytes.
  public mutating func write(_ bytes: Span<UInt8>) { append(copying: bytes, most: .max) }

  /// Appends at most `count` bytes that `body` produces.
  public mutating func write(atMost count: Int, _ body: (inout OutputSpan<UInt8>) -> Void) {
    append(addingCapacity: count, initializingWith: body)
  }
}

/// Which replies a peer understands.
public enum RESPVersion: Int, Sendable, Hashable {
  /// RESP2: what lacks a type of its own is told as an array, a string or a number.
  case two = 2
  /// RESP3.
  case three = 3
}

/// Writes replies in Redis' protocol, in the version that the peer asked for.
///
/// ```swift
/// let reply = RESPWriter(.three)
/// reply.map(1, to: &connection)
/// reply.bulk("proto", to: &connection)
/// reply.integer(3, to: &connection)
/// ```
///
/// A reply that has parts (an array, map, set or push) is begun with their number, and they are written behind it.
/// Nothing is allocated for a reply. What it is made for is written to: a type that conforms to ``RESPSink``.
///
/// A value; any thread may use it.
public struct RESPWriter: Sendable, Hashable {
  /// In which version.
  public var version: RESPVersion

  /// A writer of such replies.
  public init(_ version: RESPVersion = .two) { self.version = version }

  /// The most bytes that a decimal number has.
  @inlinable public static var mostDigits: Int { 20 }
  // A type's byte, a number, CR and LF.
  @inlinable static var mostOfHead: Int { 1 + mostDigits + 2 }

  // ------------------------------------------------------------------------------- one line

  /// A text of one line that says that something was done. What would end the line becomes a blank.
  public func simple(_ text: String, to sink: inout some RESPSink & ~Copyable) {
    line(0x2B, text, to: &sink)
  }

  /// An error: a word in capitals that clients may look at, such as `ERR`, and a text of one line. What would end
  /// the line becomes a blank.
  public func error(_ text: String, to sink: inout some RESPSink & ~Copyable) {
    line(0x2D, text, to: &sink)
  }

  /// `OK`.
  @inlinable
  public func ok(to sink: inout some RESPSink & ~Copyable) {
    sink.write(atMost: 5) { output in
      output.append(0x2B)
      output.append(0x4F)
      output.append(0x4B)
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  /// A whole number.
  @inlinable
  public func integer(_ value: Int, to sink: inout some RESPSink & ~Copyable) {
    head(0x3A, value, to: &sink)
  }

  private func line(_ type: UInt8, _ text: String, to sink: inout some RESPSink & ~Copyable) {
    let text = text.utf8
    sink.write(atMost: text.count + 3) { output in
      output.append(type)
      for byte in text { output.append(byte == RESP.cr || byte == RESP.lf ? 0x20 : byte) }
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  // -------------------------------------------------------------------------------- strings

  /// Bytes of any kind.
  @inlinable
  public func bulk(_ bytes: Span<UInt8>, to sink: inout some RESPSink & ~Copyable) {
    head(RESP.bulk, bytes.count, to: &sink)
    sink.write(bytes)
    end(to: &sink)
  }

  /// A string's UTF-8.
  public func bulk(_ text: String, to sink: inout some RESPSink & ~Copyable) {
    let utf8 = text.utf8
    bulk(utf8.span, to: &sink)
  }

  /// A whole number as a string.
  public func bulk(_ value: Int, to sink: inout some RESPSink & ~Copyable) {
    head(RESP.bulk, value.decimalCount, to: &sink)
    sink.write(atMost: RESPWriter.mostDigits + 2) { output in
      output.append(decimal: value)
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  /// A text for people; a string in RESP2.
  public func verbatim(_ text: String, to sink: inout some RESPSink & ~Copyable) {
    guard version == .three else { return bulk(text, to: &sink) }
    let (utf8, kind) = (text.utf8, "txt:".utf8)
    head(0x3D, utf8.count + kind.count, to: &sink)
    sink.write(kind.span)
    sink.write(utf8.span)
    end(to: &sink)
  }

  // --------------------------------------------------------------------------- other values

  /// Nothing, where there could be a string.
  @inlinable
  public func null(to sink: inout some RESPSink & ~Copyable) { none(RESP.bulk, to: &sink) }

  /// Nothing, where there could be an array.
  @inlinable
  public func nullArray(to sink: inout some RESPSink & ~Copyable) { none(RESP.array, to: &sink) }

  @inlinable
  func none(_ type: UInt8, to sink: inout some RESPSink & ~Copyable) {
    guard version == .three else { return head(type, -1, to: &sink) }
    sink.write(atMost: 3) { output in
      output.append(0x5F)
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  /// Yes or no; 1 or 0 in RESP2.
  public func boolean(_ value: Bool, to sink: inout some RESPSink & ~Copyable) {
    guard version == .three else { return integer(value ? 1 : 0, to: &sink) }
    sink.write(atMost: 4) { output in
      output.append(0x23)
      output.append(value ? 0x74 : 0x66)
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  /// A number with a fraction; a string in RESP2. In as few digits as are read as the same number again.
  public func double(_ value: Double, to sink: inout some RESPSink & ~Copyable) {
    if let whole = Int(exactly: value), whole.magnitude < RESPWriter.exactBelow {
      return version == .three ? head(0x2C, whole, to: &sink) : bulk(whole, to: &sink)
    }
    guard version == .three else { return bulk("\(value)", to: &sink) }
    line(0x2C, "\(value)", to: &sink)
  }

  // Above that, doubles are written with an exponent.
  private static let exactBelow: UInt = 1 << 53

  // -------------------------------------------------------------------------------- parts

  /// So many replies follow, as one.
  @inlinable
  public func array(_ count: Int, to sink: inout some RESPSink & ~Copyable) {
    head(RESP.array, count, to: &sink)
  }

  /// So many pairs of replies follow, a key and its value; an array in RESP2.
  @inlinable
  public func map(_ pairs: Int, to sink: inout some RESPSink & ~Copyable) {
    if version == .three { head(0x25, pairs, to: &sink) } else { array(pairs &* 2, to: &sink) }
  }

  /// So many replies follow whose order means nothing; an array in RESP2.
  @inlinable
  public func set(_ count: Int, to sink: inout some RESPSink & ~Copyable) {
    head(version == .three ? 0x7E : RESP.array, count, to: &sink)
  }

  /// So many replies follow that the peer did not just ask for; an array in RESP2.
  @inlinable
  public func push(_ count: Int, to sink: inout some RESPSink & ~Copyable) {
    head(version == .three ? 0x3E : RESP.array, count, to: &sink)
  }

  @inlinable
  func head(_ type: UInt8, _ value: Int, to sink: inout some RESPSink & ~Copyable) {
    sink.write(atMost: RESPWriter.mostOfHead) { output in
      output.append(type)
      output.append(decimal: value)
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }

  @inlinable
  func end(to sink: inout some RESPSink & ~Copyable) {
    sink.write(atMost: 2) { output in
      output.append(RESP.cr)
      output.append(RESP.lf)
    }
  }
}
