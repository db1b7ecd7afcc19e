import Switchboard
import Testing

@testable import SwitchboardLoad

/// What each of several processes does of a load.
@Suite struct PartTests {
  private static func options(_ change: (inout LoadOptions) -> Void = { _ in }) -> LoadOptions {
    var options = LoadOptions(on: [1, 2, 3].map { .loopback(port: $0) })
    (options.connections, options.idle, options.seed) = (10, 7, 40)
    change(&options)
    return options
  }

  private static func parts(_ options: LoadOptions, _ count: Int) -> [LoadOptions] {
    (0..<count).map { options.part($0, of: count) }
  }

  @Test(arguments: [1, 2, 3, 4, 10, 13])
  func `Together the parts are the whole`(count: Int) {
    let closed = Self.parts(Self.options { $0.requests = 101 }, count)
    #expect(closed.reduce(0) { $0 + $1.connections } == 10)
    #expect(closed.reduce(0) { $0 + $1.idle } == 7)
    #expect(closed.reduce(0) { $0 + ($1.requests ?? 0) } == 101)
    for value in [\LoadOptions.connections, \.idle] {
      let shares = closed.map { $0[keyPath: value] }
      #expect((shares.max() ?? 0) - (shares.min() ?? 0) <= 1)
    }
    let open = Self.parts(Self.options { $0.rates = [100, 700] }, count)
    for step in 0..<2 {
      let rate = open.reduce(0) { $0 + ($1.rates.isEmpty ? 0 : $1.rates[step]) }
      #expect(abs(rate - [100, 700][step]) < 1e-9)
    }
  }

  @Test func `Who has no connection makes no requests, and holds its idle ones`() {
    let parts = Self.parts(Self.options { ($0.connections, $0.requests) = (2, 9) }, 3)
    #expect(parts.map(\.connections) == [1, 1, 0] && parts.map(\.requests) == [5, 4, 0])
    #expect(parts.map(\.idle) == [3, 2, 2])
    let open = Self.parts(Self.options { ($0.connections, $0.rates) = (2, [10]) }, 3)
    #expect(open.map(\.rates) == [[5], [5], []])
    // They take turns as two, not as three.
    #expect(
      open.prefix(2).map(\.process) == [.init(number: 0, count: 2), .init(number: 1, count: 2)])
    #expect(open[2].process == .init(number: 2, count: 3))
  }

  @Test func `Parts begin with other servers, from other addresses, with other payloads`() {
    let parts = Self.parts(Self.options(), 4)
    #expect(
      parts.map { $0.targets.map(\.port) } == [[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3]])
    #expect(parts.map(\.seed) == [40, 41, 42, 43])
    // One address is enough for each.
    #expect(parts.map(\.sourceOffset) == [0, 1, 2, 3])
    let crowd = Self.parts(Self.options { $0.connections = 600_000 }, 3)
    let sources = crowd.flatMap { $0.allSources.map(\.description) }
    #expect(sources.count > 9 && Set(sources).count == sources.count)
  }
}
