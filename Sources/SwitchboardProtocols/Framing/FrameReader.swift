/// Reads frames from a stream of bytes, however the stream is cut into pieces.
///
/// ```swift
/// var frames = FrameReader(LengthPrefixed(.uint32(.bigEndian)), limit: 1 << 20)
///
/// var place = 0
/// while let message = try frames.next(in: bytes, from: &place) {
///   message.withBytes(of: bytes) { answer($0) }
/// }
/// ```
///
/// A frame that lies within one piece is lent where it is, without a copy or an allocation. Only the
/// beginning of a frame whose end has not come is kept, never more than ``limit`` and what the
/// framing adds, and memory is taken for bytes that have come, not for those that a length announces.
/// Between frames a reader holds nothing: an idle connection costs the value alone, and two
/// readers may take turns where a protocol changes its framing.
///
/// A value; any thread may use it, one at a time.
public struct FrameReader<Format: Framing>: Sendable {
  /// How the stream is divided. It may be changed where a frame has ended, when ``heldCount`` is 0.
  public var format: Format
  /// The most bytes that a payload may have.
  public let limit: Int

  // The beginning of a frame whose end has not come; without storage when empty.
  @usableFromInline var held: [UInt8]
  // How many bytes that frame has at least; 0 when that is not known.
  @usableFromInline var wanted: Int
  @usableFromInline var failure: FramingError?

  /// A reader at the beginning of a frame.
  ///
  /// - Parameters:
  ///   - format: How the stream is divided.
  ///   - limit: The most bytes that a payload may have; not negative.
  @inlinable
  public init(_ format: Format, limit: Int) {
    precondition(limit >= 0, "a limit is not negative")
    self.format = format
    self.limit = limit
    held = []
    wanted = 0
    failure = nil
  }

  /// How many bytes are held of a frame whose end has not come. At the end of a stream, anything
  /// but 0 means that the last frame was cut off.
  @inlinable
  public var heldCount: Int { held.count }

  /// The next frame's payload; nil when no further frame ends within `input`.
  ///
  /// - Parameters:
  ///   - input: The bytes that follow those of the call before.
  ///   - place: How much of `input` is taken already, from 0 to `input.count`; moved behind the
  ///     frame. When there is no further frame it is moved to the end, and what is left is held.
  /// - Throws: What is wrong with the next frame, after all frames in front of it were handed out;
  ///   which those are does not depend on how the stream is cut. Where the frame after it begins is
  ///   then unknown: every further call throws the same, and nothing is held.
  @inlinable
  public mutating func next(
    in input: Span<UInt8>, from place: inout Int
  ) throws(FramingError) -> Payload? {
    if let failure { throw failure }
    guard held.isEmpty else { return try goOn(in: input, from: &place) }
    let rest = input.extracting(place...)
    if rest.isEmpty { return nil }
    if case .whole(let payload, let end) = try locate(in: rest, searched: 0) {
      let start = place
      place += end
      return Payload(nil, start + payload.lowerBound..<start + payload.upperBound)
    }
    held.append(copying: rest, most: mostHeld)
    place = input.count
    return nil
  }

  /// The next frame's payload, where its beginning is held.
  @inlinable
  mutating func goOn(
    in input: Span<UInt8>, from place: inout Int
  ) throws(FramingError) -> Payload? {
    // Out of `self`: so it grows in place, is lent while `self` changes, and is gone when that throws.
    var frame: [UInt8] = []
    swap(&frame, &held)
    let (start, before) = (place, frame.count)
    while place < input.count {
      let searched = frame.count
      let end = place + min(portion(behind: searched), input.count - place)
      frame.append(copying: input.extracting(place..<end), most: mostHeld)
      place = end
      if case .whole(let payload, let end) = try locate(in: frame.span, searched: searched) {
        place = start + (end - before)
        return Payload(frame, payload)
      }
    }
    swap(&frame, &held)
    return nil
  }

  /// Asks the format, and sees to it that a frame is within the limit, or can be when it is whole.
  @inlinable
  mutating func locate(
    in bytes: Span<UInt8>, searched: Int
  ) throws(FramingError) -> FrameLocation {
    do throws(FramingError) {
      let location = try format.locate(in: bytes, searched: searched, limit: limit)
      wanted = 0
      if case .whole(let payload, let end) = location {
        precondition(
          payload.lowerBound >= 0 && payload.upperBound <= end && end > searched
            && end <= bytes.count, "a framing found a frame outside of the bytes it was given")
        guard payload.count <= limit else { throw FramingError.frameTooLong(limit: limit) }
        return location
      }
      if case .needs(let count) = location { wanted = count }
      guard max(wanted, bytes.count + 1) <= mostHeld else {
        throw FramingError.frameTooLong(limit: limit)
      }
      return location
    } catch {
      failure = error
      throw error
    }
  }

  /// How many bytes to take next. Where a frame's length is not known, as many again as there are, so that
  /// what is copied is in proportion to the frame, and not to what lies behind it.
  @inlinable
  func portion(behind count: Int) -> Int {
    let wish = wanted > count ? wanted - count : max(count, FrameReader.leastPortion)
    return max(1, min(wish, mostHeld - count))
  }

  /// The most bytes of any frame that is within the limit; what is not whole has fewer.
  @inlinable
  var mostHeld: Int {
    let (sum, overflows) = limit.addingReportingOverflow(format.mostOverhead)
    return overflows ? .max : sum
  }

  @inlinable
  static var leastPortion: Int { 64 }
}

extension FrameReader: Equatable where Format: Equatable {}

extension FrameReader: Hashable where Format: Hashable {}

extension FrameReader<FixedLength> {
  /// A reader of frames that all have the same length, which is the limit as well.
  public init(_ format: FixedLength) { self.init(format, limit: format.count) }
}
