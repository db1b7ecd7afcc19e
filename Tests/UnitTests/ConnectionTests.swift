import TestSupport
import Testing

@testable import Switchboard

@Suite("What a session writes")
struct ConnectionTests {
  /// The backend's memory, with marks around it.
  private final class Region {
    static let mark: UInt8 = 0xEE
    let memory: UnsafeMutablePointer<UInt8>
    let count: Int

    init(_ count: Int) {
      self.count = count
      memory = .allocate(capacity: count + 2)
      memory.initialize(repeating: Region.mark, count: count + 2)
    }

    deinit { memory.deallocate() }

    var output: OutputRegion { OutputRegion(start: memory + 1, capacity: count) }
    var isWhole: Bool { memory[0] == Region.mark && memory[count + 1] == Region.mark }
  }

  private func connection(limit: Int = 1 << 20) -> Connection {
    Connection(
      loop: LoopContext(box: Region(1)),
      handle: LoopHandle(
        jobs: MessageBox(mail: MailFlag {}), requests: MessageBox(mail: MailFlag {})),
      now: Instant(nanoseconds: 1_000_000), limit: limit)
  }

  private func bytes(_ count: Int, _ random: inout SeededGenerator) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
  }

  /// Says nothing of draining.
  private struct Plain: Session {
    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
  }

  @Test("A session that says nothing of draining closes then")
  func draining() {
    var session = Plain()
    var connection = connection()
    session.draining(&connection)
    let requests = connection.requests
    #expect(requests == .close)
  }

  @Test(
    "However it is written, it stands there in order, in the region or in a buffer",
    arguments: 1...12 as ClosedRange<UInt64>)
  func order(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let region = Region([0, 1, 7, 64, 300].randomElement(using: &random) ?? 1)
    var connection = connection()
    for callback in 0..<20 {
      connection.begin(Key(index: 1, generation: 1), 5, region.output)
      var wanted: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        let piece = bytes(Int.random(in: 0...90, using: &random), &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0:
          for byte in piece { connection.write(byte) }
          wanted += piece
        case 1:
          connection.write(piece.span)
          wanted += piece
        case 2:
          connection.write(String(piece.count))
          wanted += Array(String(piece.count).utf8)
        case 3:
          let used = Int.random(in: 0...piece.count, using: &random)
          connection.write(atMost: piece.count) { output in
            #expect(output.capacity == piece.count)
            #expect(output.count == 0)
            for byte in piece[..<used] { output.append(byte) }
          }
          wanted += piece[..<used]
        default:
          let used = Int.random(in: -3...piece.count + 3, using: &random)
          connection.write(
            atMost: piece.count,
            filling: { span in
              #expect(span.count == piece.count)
              for index in span.indices { span[index] = piece[index] }
              return used
            })
          wanted += piece[..<min(max(0, used), piece.count)]
        }
      }
      #expect(connection.written.elementsEqual(wanted), "in callback \(callback)")
      #expect(connection.count == wanted.count)
      #expect(connection.isSpilled || wanted.count <= region.count)
      #expect(region.isWhole)
      #expect(connection.requests.isEmpty)
    }
  }

  @Test("What fits into the region exactly stays in it, one byte more does not")
  func exact() {
    let region = Region(10)
    for way in 0..<4 {
      for count in 9...11 {
        var connection = connection()
        connection.begin(Key(index: 1, generation: 1), 5, region.output)
        let piece = [UInt8](repeating: 7, count: count)
        switch way {
        case 0: for byte in piece { connection.write(byte) }
        case 1: connection.write(piece.span)
        case 2:
          connection.write(atMost: count) { output in
            while !output.isFull { output.append(7) }
          }
        default: connection.write(atMost: count, filling: { _ in count })
        }
        #expect(connection.count == count)
        #expect(connection.isSpilled == (count > 10), "way \(way), \(count) bytes")
      }
    }
  }

  @Test("Exactly the limit can be written; one byte more asks for the end, and writes nothing")
  func limit() {
    let region = Region(4)
    var connection = connection(limit: 100)
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    connection.write([UInt8](repeating: 1, count: 100).span)
    #expect(connection.count == 100)
    #expect(!connection.requests.contains(.overflow))
    connection.write(2)
    #expect(connection.count == 100)
    #expect(connection.requests.contains(.overflow))
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    #expect(connection.requests.isEmpty)
    connection.write([UInt8](repeating: 1, count: 101).span)
    var isCalled = false
    connection.write(atMost: 101) { _ in isCalled = true }
    connection.write(
      atMost: .max,
      filling: { _ in
        isCalled = true
        return 0
      })
    #expect(!isCalled)
    #expect(connection.count == 0)
    #expect(connection.requests.contains(.overflow))
  }

  @Test("Less than nothing is nothing")
  func negative() {
    let region = Region(8)
    var connection = connection()
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    connection.write(atMost: -1) { output in #expect(output.capacity == 0) }
    connection.write(
      atMost: .min,
      filling: { span in
        #expect(span.count == 0)
        return 1
      })
    #expect(connection.count == 0)
    #expect(connection.isSpilled == false)
  }

  @Test("A buffer grows by doubling and is gone in the next callback")
  func growth() {
    let region = Region(8)
    var connection = connection()
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    var moves = 0
    var start = connection.written.baseAddress
    for _ in 0..<100_000 {
      connection.write(1)
      if connection.written.baseAddress != start { moves += 1 }
      start = connection.written.baseAddress
    }
    #expect(moves <= 16, "moved \(moves) times for 100,000 bytes")
    connection.begin(Key(index: 2, generation: 3), 6, region.output)
    #expect(connection.written.baseAddress == UnsafeRawPointer(region.output.start))
    #expect(connection.count == 0)
    #expect(connection.isSpilled == false)
  }

  @Test("A buffer has room for what was written, twice of what there was, and the limit at most")
  func capacity() {
    let region = Region(8)
    for (count, capacity) in [(9, 16), (16, 16), (17, 17), (60, 60), (61, 61)] {
      var connection = connection(limit: 61)
      connection.begin(Key(index: 1, generation: 1), 5, region.output)
      connection.write([UInt8](repeating: 1, count: count).span)
      #expect(connection.capacity == capacity, "\(count) bytes")
    }
    var connection = connection(limit: 61)
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    for _ in 0..<33 { connection.write(1) }
    #expect(connection.capacity == 61)
  }

  @Test("Of pausing and resuming the last one counts, and of timers")
  func requests() {
    let region = Region(8)
    var connection = connection()
    connection.begin(Key(index: 1, generation: 1), 5, region.output)
    connection.pauseReading()
    connection.resumeReading()
    #expect(connection.requests == .resume)
    connection.pauseReading()
    #expect(connection.requests == .pause)
    connection.setTimer(after: .milliseconds(3))
    connection.setTimer(after: .milliseconds(2))
    #expect(connection.alarm == Instant(nanoseconds: 3_000_000))
    connection.cancelTimer()
    #expect(connection.alarm == nil)
    #expect(connection.requests == [.pause, .timer])
    connection.setTimer(after: .seconds(1_000_000_000))
    #expect(connection.alarm == Instant(nanoseconds: 1_000_000) + .seconds(24 * 86400))
  }
}
