import Glibc
import SwitchboardBase
import TestSupport
import Testing

@testable import Switchboard
@testable import SwitchboardLoad

/// Where slow requests spent their time: recordings whose answer is known.
@Suite("Where the time went", .serialized, .timeLimit(.minutes(15)))
struct SpanFinderTests {
  private static let microsecond: UInt64 = 1000
  private static let begin: UInt64 = 1_000_000_000
  private static let peer = SocketAddress.loopback(port: 40_000)
  private static var mark: UInt64 { PeerMark(peer)?.rawValue ?? 0 }

  /// How one request goes, in microseconds, each from the moment of sending on.
  private struct Course {
    var (previousEnd, waitStart, waitEnd, first) = (-100, -20, 10, 15)
    var (handler, sending, back) = (20, 4, 11)
    var late = 0

    var answered: Int { first + handler + sending + back }
  }

  /// A request every 10 ms, and the records of its server.
  private static func script(
    _ courses: [Course], seen peer: SocketAddress? = peer
  ) -> (RequestTraces, [LoopRecord]) {
    var (traces, records) = (RequestTraces(capacity: courses.count), [LoopRecord]())
    var accepted = LoopRecord(
      code: LoopRecord.Kind.accepted.rawValue, loop: 0, connection: 1, start: begin - 1000)
    if let peer { PeerMark(peer)?.note(in: &accepted) }
    records.append(accepted)
    for (number, course) in courses.enumerated() {
      let sent = begin + UInt64(number) * 10_000 * microsecond
      let at = { (offset: Int) in UInt64(Int64(sent) + Int64(offset) * 1000) }
      traces.add(mark, due: at(-course.late), sent: sent, answered: at(course.answered))
      records.append(wait(from: at(course.previousEnd), to: at(course.previousEnd)))
      records.append(wait(from: at(course.waitStart), to: at(course.waitEnd)))
      var callback = LoopRecord(
        code: CallbackKind.receive.rawValue, loop: 0, connection: 1, start: at(course.first))
      callback.a = LoopRecord.packed(UInt64(course.handler) * microsecond)
      callback.b = LoopRecord.packed(UInt64(course.sending) * microsecond)
      (callback.c, callback.d) = (16, 16)
      records.append(callback)
    }
    return (traces, records)
  }

  private static func wait(from start: UInt64, to end: UInt64) -> LoopRecord {
    var wait = LoopRecord(
      code: LoopRecord.Kind.wait.rawValue, loop: 0, connection: 0, start: start)
    wait.wide = end - start
    return wait
  }

  private static func spans(
    _ traces: RequestTraces, _ records: [LoopRecord], backend: String = "epoll"
  ) -> LoadSpans {
    var finder = SpanFinder(traces, backend: backend)
    for record in records { finder.add(record) }
    return finder.finish()
  }

  private static func microseconds(_ group: LoadSpans.Group?) -> [Int] {
    (group?.nanoseconds ?? []).map { Int(($0 / 1000).rounded()) }
  }

  /// Two hundred of which each hundredth is special.
  private static func mostly(_ special: Course) -> [Course] {
    (0..<200).map { $0 % 100 == 50 ? special : Course() }
  }

  @Test func `A slow handler is blamed, and what is usual stands beside it`() {
    var slow = Course()
    slow.handler = 5000
    let (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(slow))
    let spans = SpanFinderTests.spans(traces, records)
    #expect(SpanFinderTests.microseconds(spans.tail) == [0, 10, 5, 5000, 0, 4, 11])
    #expect(SpanFinderTests.microseconds(spans.middle) == [0, 10, 5, 20, 0, 4, 11])
    #expect((spans.tail?.count, spans.tail?.largest) == (2, .handler))
    #expect(spans.found == spans.sought)
    #expect(
      spans.sentence
        == "Of 5.03 ms, the average of the slowest hundredth, 5.00 ms were spent in the handler.")
  }

  @Test func `A loop that was busy before it asked, or after, let the request wait`() {
    var (before, after) = (Course(), Course())
    (before.waitStart, before.waitEnd, before.first) = (3000, 3001, 3002)
    after.first = 4000
    for (slow, loop, there) in [(before, 3001, 1), (after, 3990, 10)] {
      let (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(slow))
      let tail = SpanFinderTests.spans(traces, records).tail
      #expect(SpanFinderTests.microseconds(tail) == [0, there, loop, 20, 0, 4, 11])
      #expect(tail?.largest == .loop)
    }
  }

  @Test func `What a wait did not bring had not come yet`() {
    var slow = Course()
    (slow.previousEnd, slow.waitStart, slow.waitEnd, slow.first) = (2000, 2100, 2500, 2500)
    let (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(slow))
    let tail = SpanFinderTests.spans(traces, records).tail
    #expect(SpanFinderTests.microseconds(tail) == [0, 2400, 100, 20, 0, 4, 11])
  }

  @Test func `A client that was late is told apart from its server`() {
    var slow = Course()
    (slow.late, slow.back) = (7000, 500)
    let (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(slow))
    let tail = SpanFinderTests.spans(traces, records).tail
    #expect(SpanFinderTests.microseconds(tail) == [7000, 10, 5, 20, 0, 4, 500])
  }

  @Test func `A ring's answer waits until the loop's next call`() {
    var slow = Course()
    slow.back = 3000
    var (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(slow))
    // Behind the callback of each slow request the loop goes on for 1 ms.
    for place in records.indices.reversed()
    where records[place].code == CallbackKind.receive.rawValue {
      let end = records[place].start + UInt64(records[place].a)
      records.insert(
        SpanFinderTests.wait(from: end + 1_000_000, to: end + 1_000_000), at: place + 1)
    }
    let ring = SpanFinderTests.spans(traces, records, backend: "io_uring").tail
    #expect(SpanFinderTests.microseconds(ring) == [0, 10, 5, 20, 0, 1000, 2004])
    traces = RequestTraces(merging: [traces])
    let poller = SpanFinderTests.spans(traces, records).tail
    #expect(SpanFinderTests.microseconds(poller) == [0, 10, 5, 20, 0, 4, 3000])
  }

  @Test func `Whatever a recording holds, the parts are the whole and none is negative`() {
    var chance = Chance(seed: 7)
    for _ in 0..<200 {
      let courses = (0..<50).map { _ in Course() }
      var (traces, records) = SpanFinderTests.script(courses)
      for place in records.indices {
        guard chance.next() % 2 == 0 else { continue }
        switch chance.next() % 6 {
        case 0: records[place].start = chance.next()
        case 1: records[place].wide = chance.next()
        case 2: records[place].start &+= chance.next() % 40_000_000
        case 3: records[place].code = UInt8(truncatingIfNeeded: chance.next())
        case 4: records[place].loop = UInt16(truncatingIfNeeded: chance.next() % 3)
        default: records[place].d = UInt32(truncatingIfNeeded: chance.next())
        }
      }
      traces.add(SpanFinderTests.mark, due: 5, sent: 9, answered: 3)
      let spans = SpanFinderTests.spans(
        traces, records, backend: ["epoll", "io_uring"].randomElement(using: &chance) ?? "")
      #expect(spans.isPlausible)
      #expect((spans.tail == nil) == (spans.reason != nil))
      if let tail = spans.tail, tail.count == 1 {
        #expect(abs(tail.seconds - 50e-6) < 1e-9, "\(tail.nanoseconds)")
      }
    }
  }

  @Test func `A recording that does not fit says why, in one line with what to do`() {
    let (traces, records) = SpanFinderTests.script(SpanFinderTests.mostly(Course()))
    let late = records.map { record in
      var record = record
      record.start += 3600 * SpanFinderTests.begin
      return record
    }
    let (_, unmarked) = SpanFinderTests.script(SpanFinderTests.mostly(Course()), seen: nil)
    let (_, others) = SpanFinderTests.script(
      SpanFinderTests.mostly(Course()), seen: .loopback(port: 40_001))
    let cases: [([LoopRecord], String)] = [
      ([], "is empty"), (late, "does not cover the load"),
      (unmarked, "does not say who connected"),
      (others, "No connection of the load"),
      (Array(records.dropFirst()), "begins after the connections"),
      (
        Array(records.prefix(1)) + [records[records.count - 3]], "are not in the server's recording"
      ),
    ]
    for (records, words) in cases {
      let spans = SpanFinderTests.spans(traces, records)
      #expect(spans.tail == nil && spans.sentence.contains(words), "\(words): \(spans.sentence)")
      #expect(spans.sentence.contains(": ") && !spans.sentence.contains("\n"))
    }
    #expect(SpanFinderTests.spans(RequestTraces(), records).sentence.contains("No request"))
  }

  @Test func `A sample is bounded, even, and that of several threads no finer than the coarsest`() {
    var (few, many) = (RequestTraces(capacity: 256), RequestTraces(capacity: 256))
    for number in 0..<200 { few.add(1, due: 0, sent: UInt64(number), answered: 1000) }
    for number in 0..<100_000 { many.add(2, due: 0, sent: UInt64(number), answered: 1_000_000) }
    #expect(few.requests.count == 200)
    #expect((64...256).contains(many.requests.count), "\(many.requests.count)")
    let late = many.requests.count { $0.sent >= 50_000 }
    #expect((many.requests.count / 4...many.requests.count * 3 / 4).contains(late))
    let both = RequestTraces(merging: [few, many])
    #expect(both.seen == 100_200)
    #expect(both.requests.count { $0.peer == 2 } == many.requests.count)
    #expect(both.requests.count { $0.peer == 1 } < 20)
    var none = RequestTraces()
    none.add(1, due: 0, sent: 0, answered: 1)
    #expect(none.requests.isEmpty && none.seen == 1)
  }

  /// An echo of which each twentieth request takes long.
  private struct SometimesSlow: Session {
    static let pause: UInt32 = 100_000
    var count = 0

    mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
      count += 1
      if count % 20 == 0 { usleep(SometimesSlow.pause) }
      connection.write(bytes)
    }
  }

  @Test(arguments: backends)
  func `A server whose callback is slow now and then is blamed for it`(
    backend: Server.BackendName
  ) throws {
    let recorder = ServerRecorder()
    var traces = RequestTraces()
    let configure = { (server: inout Server) in server.recorder = recorder }
    try serving(SometimesSlow(), on: backend, configure: configure) { port, _ in
      var options = LoadOptions(on: [.loopback(port: port)])
      (options.speaking, options.requests, options.warmUp) = (.echo, 400, .zero)
      (options.duration, options.keepsTraces) = (.seconds(600), true)
      let run = LoadRun(options)
      _ = try run.run()
      traces = run.traces
    }
    #expect(traces.requests.count == 400)
    var finder = SpanFinder(traces, backend: backend.rawValue)
    recorder.take { records in for place in records.indices { finder.add(records[place]) } }
    let spans = finder.finish()
    #expect(spans.tail?.largest == .handler, "\(spans)")
    #expect(spans.found == spans.sought && spans.sought > 4, "\(spans)")
  }
}
