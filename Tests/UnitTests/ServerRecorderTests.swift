import Testing

@testable import Switchboard

/// Records on their way from a loop to whoever takes them.
@Suite struct ServerRecorderTests {
  private func record(_ number: UInt64) -> LoopRecord {
    LoopRecord(code: CallbackKind.receive.rawValue, loop: 3, connection: 1, start: number)
  }

  private func take(_ recorder: ServerRecorder) -> [LoopRecord] {
    var taken: [LoopRecord] = []
    recorder.take { records in
      for index in records.indices { taken.append(records[index]) }
    }
    return taken
  }

  @Test func `A record has 32 bytes, as in a file`() {
    #expect(MemoryLayout<LoopRecord>.size == 32)
    #expect(MemoryLayout<LoopRecord>.stride == 32)
    var one = LoopRecord(code: 0x11, loop: 0x4433, connection: 0x8877_6655, start: 0x0102)
    one.detail = 0x22
    one.wide = 0xA8A7_A6A5_A4A3_A2A1
    (one.c, one.d) = (0xC0, 0xD0)
    let bytes = withUnsafeBytes(of: one) { Array($0) }
    #expect(
      bytes == [
        0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 2, 1, 0, 0, 0, 0, 0, 0, 0xA1, 0xA2, 0xA3,
        0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xC0, 0, 0, 0, 0xD0, 0, 0, 0,
      ])
  }

  @Test func `Nothing is taken before it is published, and everything once`() {
    let recorder = ServerRecorder(capacity: 8)
    let ring = recorder.ring()
    _ = ring.append(record(1))
    #expect(take(recorder) == [])
    ring.publish()
    #expect(take(recorder).map(\.start) == [1])
    #expect(take(recorder) == [])
  }

  @Test func `A record can be changed until it is published`() {
    let recorder = ServerRecorder(capacity: 8)
    let ring = recorder.ring()
    let place = ring.append(record(1))
    ring.change(place) { $0.d = 77 }
    ring.change(-1) { $0.d = 78 }
    ring.publish()
    #expect(take(recorder).map(\.d) == [77])
  }

  @Test func `The order is kept when the ring comes round again and again`() {
    let recorder = ServerRecorder(capacity: 8)
    let ring = recorder.ring()
    var taken: [UInt64] = []
    for round in 0..<100 as Range<UInt64> {
      for place in 0..<5 as Range<UInt64> { _ = ring.append(record(round * 5 + place)) }
      ring.publish()
      taken += take(recorder).map(\.start)
    }
    #expect(taken == Array(0..<500))
  }

  @Test func `What does not fit is lost and counted, and the count stands where it happened`() {
    let recorder = ServerRecorder(capacity: 8)
    let ring = recorder.ring()
    for number in 0..<20 as Range<UInt64> { _ = ring.append(record(number)) }
    ring.publish()
    let first = take(recorder).map(\.start)
    #expect(first == Array(0..<UInt64(first.count)) && first.count >= 7)
    _ = ring.append(record(20))
    ring.publish()
    let rest = take(recorder)
    #expect(rest.map(\.code) == [LoopRecord.Kind.missed.rawValue, CallbackKind.receive.rawValue])
    #expect(rest.first?.wide == UInt64(20 - first.count))
    #expect(rest.first?.loop == 3)
    #expect(rest.last?.start == 20)
  }

  @Test func `What was lost at the very end is told too`() {
    let recorder = ServerRecorder(capacity: 4)
    let ring = recorder.ring()
    for number in 0..<10 as Range<UInt64> { _ = ring.append(record(number)) }
    ring.publish()
    let first = take(recorder).count
    ring.close(loop: 3, at: Instant(nanoseconds: 99))
    let last = take(recorder)
    #expect(last.map(\.wide) == [UInt64(10 - first)])
    #expect(last.map(\.start) == [99])
  }

  @Test func `A duration is exact below two seconds, and at most half an hour`() {
    let exact: [UInt64] = [0, 1, 999, 1 << 31 - 1]
    #expect(exact.map { LoopRecord.unpacked(LoopRecord.packed($0)) } == exact)
    #expect(LoopRecord.unpacked(LoopRecord.packed(5_123_456_789)) == 5_123_456_000)
    #expect(LoopRecord.unpacked(LoopRecord.packed(.max)) == 2_147_483_647_000)
  }
}
