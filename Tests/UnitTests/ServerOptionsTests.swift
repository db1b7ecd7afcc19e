import Testing

@testable import Switchboard

@Suite("Options of a server")
struct ServerOptionsTests {
  private typealias Change = (inout ServerOptions) -> Void

  /// The option that is named as one that nobody can mean; nil when all are well.
  private func fault(_ change: Change) throws -> String? {
    var options = ServerOptions()
    change(&options)
    do throws(SystemError) {
      _ = try options.checked()
      return nil
    } catch {
      guard case .option(let fault) = error.operand else { throw error }
      #expect(error.advice == fault.remedy)
      return fault.name
    }
  }

  @Test("A number is as large as it must be, or the option is named")
  func numbers() throws {
    let least: [(String, Int, (Int) -> Change)] = [
      ("maxConnections", 1, { count in { $0.maxConnections = count } }),
      ("maxConnectionsPerAddress", 1, { count in { $0.maxConnectionsPerAddress = count } }),
      ("acceptBudget", 1, { count in { $0.acceptBudget = count } }),
      ("highWatermark", 0, { count in { ($0.highWatermark, $0.lowWatermark) = (count, 0) } }),
      ("lowWatermark", 0, { count in { ($0.highWatermark, $0.lowWatermark) = (.max, count) } }),
      ("outboxLimit", 1, { count in { $0.outboxLimit = count } }),
      ("totalOutboxLimit", 1, { count in { $0.totalOutboxLimit = count } }),
    ]
    for (name, least, set) in least {
      for count in [Int.min, -1, 0, 1, 2, .max] {
        #expect(try fault(set(count)) == (count < least ? name : nil), "\(name) = \(count)")
      }
    }
    #expect(try fault { ($0.maxConnections, $0.maxConnectionsPerAddress) = (nil, nil) } == nil)
  }

  @Test("A time is more than zero, or not less, or the option is named")
  func times() throws {
    let least: [(String, Bool, (Duration) -> Change)] = [
      ("idleTimeout", false, { time in { $0.idleTimeout = time } }),
      ("drainTimeout", true, { time in { $0.drainTimeout = time } }),
      ("lingerTimeout", true, { time in { $0.lingerTimeout = time } }),
      ("slowCallback", true, { time in { $0.slowCallback = time } }),
    ]
    for (name, maybeZero, set) in least {
      for time in [Duration.seconds(Int64.min), .nanoseconds(-1)] {
        #expect(try fault(set(time)) == name, "\(name) = \(time)")
      }
      #expect(try fault(set(.zero)) == (maybeZero ? nil : name))
      for time in [Duration.nanoseconds(1), .seconds(Int64.max)] {
        #expect(try fault(set(time)) == nil, "\(name) = \(time)")
      }
    }
    #expect(try fault { ($0.idleTimeout, $0.slowCallback) = (nil, nil) } == nil)
  }

  @Test("The low watermark is not above the high one, and neither above the limit")
  func watermarks() throws {
    #expect(try fault { ($0.lowWatermark, $0.highWatermark) = (6, 5) } == "lowWatermark")
    #expect(try fault { ($0.lowWatermark, $0.highWatermark) = (5, 5) } == nil)
    var options = ServerOptions()
    (options.lowWatermark, options.highWatermark, options.outboxLimit) = (50, 200, 100)
    var checked = try options.checked()
    #expect(checked.highWatermark == 100)
    #expect(checked.lowWatermark == 50)
    options.lowWatermark = 150
    checked = try options.checked()
    #expect(checked.lowWatermark == 100)
    #expect(checked.outboxLimit == 100)
    checked = try ServerOptions().checked()
    #expect(checked == ServerOptions())
  }

  @Test("Times of a loop are whole milliseconds, rounded up, and 24 days at most")
  func milliseconds() {
    #expect(Duration.zero.milliseconds == 0)
    #expect(Duration.nanoseconds(1).milliseconds == 1)
    #expect(Duration.milliseconds(1).milliseconds == 1)
    #expect(Duration.nanoseconds(1_000_001).milliseconds == 2)
    #expect(Duration.seconds(24 * 86400).milliseconds == 24 * 86_400_000)
    #expect(Duration.seconds(25 * 86400).milliseconds == 24 * 86_400_000)
    #expect(Duration.seconds(Int64.max).milliseconds == 24 * 86_400_000)
  }
}
