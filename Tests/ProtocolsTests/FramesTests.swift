import SwitchboardProtocols
import Testing

@Suite("Frames")
struct FramesTests {
  static let messages: [[UInt8]] = [
    bytes(""), bytes("^"), bytes("$"), bytes("^$"), bytes("^^$$"), bytes("$^^$^"),
    bytes("^abc$de^abte$f"), bytes("xyz^123"), bytes("25$^ab0000$abab"),
    bytes("^abc$^def$^ghi$"), bytes("no frame here at all, for more than a vector's width"),
    [0x5E] + Array(0...255) + [0x24],
    [0x5E] + Array(repeating: 0xFF, count: 100) + [0x24],
    bytes("^") + Array(repeating: 0x61, count: 200) + bytes("$")
      + Array(repeating: 0x62, count: 90) + bytes("^c"),
  ]

  @Test("the conversation of the article gets the article's replies, in one state")
  func articleScript() {
    var frames = Frames()
    #expect(Frames.greeting == UInt8(ascii: "*"))
    #expect(frames.replies(to: bytes("^abc$de^abte$f")) == bytes("bcdbcuf"))
    #expect(frames.replies(to: bytes("xyz^123")) == bytes("234"))
    #expect(frames.inFrame)
    #expect(frames.replies(to: bytes("25$^ab0000$abab")) == bytes("36bc1111"))
    #expect(!frames.inFrame)
  }

  @Test("a message cut anywhere gets the replies of the whole", arguments: messages)
  func splitInvariance(message: [UInt8]) {
    var whole = Frames()
    let expected = whole.replies(to: message)
    for cut in 0...message.count {
      var frames = Frames()
      let first = frames.replies(to: Array(message[..<cut]))
      let replies = first + frames.replies(to: Array(message[cut...]))
      #expect(replies == expected, "cut at \(cut)")
      #expect(frames == whole)
      var inPlace = Frames()
      let start = inPlace.repliesInPlace(to: Array(message[..<cut]))
      #expect(start + inPlace.repliesInPlace(to: Array(message[cut...])) == expected)
      #expect(inPlace == whole)
    }
  }

  @Test("a message read one byte at a time gets the replies of the whole", arguments: messages)
  func singleBytes(message: [UInt8]) {
    var whole = Frames()
    let expected = whole.replies(to: message)
    var frames = Frames()
    var inPlace = Frames()
    #expect(message.flatMap { frames.replies(to: [$0]) } == expected)
    #expect(message.flatMap { inPlace.repliesInPlace(to: [$0]) } == expected)
    #expect(frames == whole && inPlace == whole)
  }

  @Test("every byte inside a frame is answered by its successor, 255 by 0, and $ by nothing")
  func allBytesInside() {
    for byte: UInt8 in 0...255 {
      var frames = Frames()
      _ = frames.replies(to: bytes("^"))
      let expected = byte == Frames.closing ? [] : [byte &+ 1]
      #expect(frames.replies(to: [byte]) == expected)
      #expect(frames.inFrame == (byte != Frames.closing))
    }
  }

  @Test("every byte outside a frame is ignored, and only ^ opens one")
  func allBytesOutside() {
    for byte: UInt8 in 0...255 {
      var frames = Frames()
      #expect(frames.replies(to: [byte]) == [])
      #expect(frames.inFrame == (byte == Frames.opening))
    }
  }

  @Test("a run of 255 of any length is answered by as many zeros")
  func runsOfTheGreatestByte() {
    for length in 0...300 {
      let message = [0x5E] + [UInt8](repeating: 0xFF, count: length) + [0x24]
      var frames = Frames()
      var inPlace = Frames()
      #expect(frames.replies(to: message) == [UInt8](repeating: 0, count: length))
      #expect(inPlace.repliesInPlace(to: message) == [UInt8](repeating: 0, count: length))
    }
  }

  @Test("a frame of any length that ends at any place in a buffer ends there")
  func everyLengthAndPlace() {
    for lead in 0...70 {
      for length in 0...140 {
        let content = (0..<length).map { UInt8(0x61 + $0 % 26) }
        let junk = [UInt8](repeating: 0x2D, count: lead)
        let message = junk + [0x5E] + content + [0x24, 0x7A, 0x7A]
        let expected = content.map { $0 + 1 }
        var frames = Frames()
        var inPlace = Frames()
        guard
          frames.replies(to: message) == expected,
          inPlace.repliesInPlace(to: message) == expected
        else {
          Issue.record("lead \(lead), length \(length)")
          return
        }
      }
    }
  }

  @Test("random bytes get the replies of the byte at a time reference", arguments: [2, 8, 40, 400])
  func randomAgainstReference(rarity: Int) {
    var generator = Seeded(state: UInt64(rarity))
    for length in 0...300 {
      for inFrame in [false, true] {
        let message = generator.frameBytes(length, rarity: rarity)
        var reference = FramesReference(inFrame: inFrame)
        var frames = Frames()
        frames.inFrame = inFrame
        var inPlace = frames
        let expected = reference.step(message)
        #expect(frames.replies(to: message) == expected, "length \(length)")
        #expect(inPlace.repliesInPlace(to: message) == expected, "length \(length)")
        #expect(frames.inFrame == reference.inFrame && inPlace == frames)
      }
    }
  }

  @Test("replies into initialised bytes stay within them, and stop where these end")
  func intoMutableSpan() {
    var generator = Seeded(state: 13)
    for length in 0...200 {
      let message = generator.frameBytes(length, rarity: 30)
      for room in [0, 1, 8, 15, 64, 65, 129, 200] {
        var reference = FramesReference(inFrame: true)
        var frames = Frames()
        frames.inFrame = true
        var buffer = [UInt8](repeating: 0xA5, count: 5 + room)
        var span = buffer.mutableSpan
        let (taken, end) = frames.step(message.span, into: &span, from: 5)
        let expected = reference.step(Array(message[..<taken]))
        #expect(Array(buffer[5..<end]) == expected)
        #expect(frames.inFrame == reference.inFrame)
        #expect(taken == length || end == buffer.count)
        #expect((buffer[..<5] + buffer[end...]).allSatisfy { $0 == 0xA5 })
      }
    }
  }

  @Test("a part of a span at any offset gets the replies of the reference")
  func everyAlignment() {
    var generator = Seeded(state: 7)
    let message = generator.frameBytes(400, rarity: 50)
    for start in 0..<80 {
      for end in [start, start + 1, start + 15, start + 64, start + 129, start + 300] {
        var reference = FramesReference(inFrame: true)
        var frames = Frames()
        frames.inFrame = true
        let replies = [UInt8](capacity: 500) { output in
          // An odd place in the output, too.
          for _ in 0..<(start % 17) { output.append(0x55) }
          _ = frames.step(message.span.extracting(start..<end), into: &output)
        }
        let expected = reference.step(Array(message[start..<end]))
        #expect(Array(replies[(start % 17)...]) == expected)
        #expect(replies.prefix(start % 17).allSatisfy { $0 == 0x55 })
      }
    }
  }

  @Test("with room for few replies, or none, stepping stops and goes on where it stopped")
  func outputSmallerThanInput() {
    var generator = Seeded(state: 11)
    for length in stride(from: 0, through: 300, by: 7) {
      let message = generator.frameBytes(length, rarity: 30)
      var reference = FramesReference(inFrame: true)
      let expected = reference.step(message)
      for room in [1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 130, 500] {
        var frames = Frames()
        frames.inFrame = true
        var replies: [UInt8] = []
        var taken = 0
        while taken < message.count {
          var progress = 0
          replies += [UInt8](capacity: room) { output in
            progress = frames.step(message.span.extracting(taken...), into: &output)
            let full = output.isFull
            #expect(full || taken + progress == message.count)
          }
          guard progress > 0 else { break }
          taken += progress
        }
        #expect(taken == message.count && replies == expected, "\(length) bytes, room \(room)")
        #expect(frames.inFrame == reference.inFrame)
      }
    }
  }

  @Test("without any room, what needs no answer is taken all the same")
  func noRoom() {
    var output = OutputSpan<UInt8>()
    var frames = Frames()
    let message = bytes("junk^$more^abc")
    #expect(frames.step(message.span, into: &output) == bytes("junk^$more^").count)
    #expect(frames.inFrame)
    #expect(frames.step(bytes("abc").span, into: &output) == 0)
    #expect(frames.step(bytes("$x").span, into: &output) == 2)
    #expect(!frames.inFrame)
  }

  @Test("a count beyond the span, or below zero, is clamped")
  func countIsClamped() {
    var buffer = bytes("^abc")
    var span = buffer.mutableSpan
    var frames = Frames()
    #expect(frames.stepInPlace(&span, count: -1) == 0)
    #expect(frames.stepInPlace(&span, count: 100) == 3)
    #expect(Array(buffer[..<3]) == bytes("bcd"))
  }
}
