@testable import SwitchboardLab
@testable import SwitchboardLoad
@testable import SwitchboardReport

/// Figures as a run might measure them, for each experiment: what holds, what does not, and what is
/// missing.
enum Samples {
  /// Findings by experiment and by what the figures say.
  static let all: [(name: String, outcome: Verdict.Outcome?, findings: Findings)] =
    waits + threads + one + stalls + walls + linear + ten + controls + rings + pressure + loops
    + idle + comparisons

  typealias Sample = (name: String, outcome: Verdict.Outcome?, findings: Findings)

  // ------------------------------------------------------------------------- sequential

  static func clients(_ count: Int, oneAtATime: Bool) -> [SequentialWaits.Client] {
    (0..<count).map { index in
      let start = oneAtATime ? Double(index) * 0.402 : 0.001
      return .init(begun: 0.0001 * Double(index), greeted: start, done: start + 0.401)
    }
  }

  static var waits: [Sample] {
    let trial = SequentialWaits()
    return [
      (
        SequentialWaits.name, .held,
        trial.findings(.init(clients: clients(8, oneAtATime: true), unserved: 0))
      ),
      (
        SequentialWaits.name, .failed,
        trial.findings(.init(clients: clients(8, oneAtATime: false), unserved: 0))
      ),
      (SequentialWaits.name, .undecided, trial.findings(.init(clients: [], unserved: 8))),
    ]
  }

  static var threads: [Sample] {
    func measured(each: Int, switches: Double) -> ThreadsCost.Measured {
      .init(
        rows: [10, 100, 1000, 2000].flatMap { count in
          [
            .init(
              model: "threads", clients: count, threads: count + 1, memory: count * each,
              kernelStacks: count * 16384, switches: switches),
            .init(
              model: "epoll", clients: count, threads: 1, memory: 40 * count,
              kernelStacks: 0, switches: 0.02),
          ]
        })
    }
    let trial = ThreadsCost()
    return [
      (ThreadsCost.name, .held, trial.findings(measured(each: 12_000, switches: 1.9))),
      (ThreadsCost.name, .failed, trial.findings(measured(each: 12_000, switches: 0.01))),
      (ThreadsCost.name, .undecided, trial.findings(.init(rows: []))),
    ]
  }

  static var one: [Sample] {
    func measured(_ slowest: Double, threads: Int) -> OneThreadServesAll.Measured {
      .init(
        rows: [
          .init(model: "epoll", clients: 1, elapsed: 0.402, unserved: 0),
          .init(model: "epoll", clients: 100, elapsed: 0.41, unserved: 0),
          .init(model: "epoll", clients: 3000, elapsed: slowest, unserved: 0),
          .init(model: "sequential", clients: 1, elapsed: 0.402, unserved: 0),
          .init(model: "sequential", clients: 20, elapsed: 8.05, unserved: 0),
        ], threads: threads, conversations: clients(3000, oneAtATime: false))
    }
    let trial = OneThreadServesAll()
    return [
      (OneThreadServesAll.name, .held, trial.findings(measured(0.55, threads: 1))),
      (OneThreadServesAll.name, .failed, trial.findings(measured(5.5, threads: 1))),
      (OneThreadServesAll.name, .failed, trial.findings(measured(0.55, threads: 2))),
    ]
  }

  static var stalls: [Sample] {
    func row(_ name: String, _ scale: Double) -> SlowCallbackStalls.Measured.Row {
      .init(
        name: name, requests: 10_000,
        percentiles: zip(SlowCallbackStalls.shares, [1, 1.4, 3, 5, 9, 10]).map { ($0, $1 * scale) },
        failures: 0)
    }
    let trial = SlowCallbackStalls()
    let (calm, slow) = (1e-4, 1.1e-2)
    let (undisturbed, loop, pool) = (
      SlowCallbackStalls.undisturbed, SlowCallbackStalls.loop, SlowCallbackStalls.pool
    )
    return [
      (
        SlowCallbackStalls.name, .held,
        trial.findings(.init(rows: [row(undisturbed, calm), row(loop, slow), row(pool, calm)]))
      ),
      (
        SlowCallbackStalls.name, .failed,
        trial.findings(.init(rows: [row(undisturbed, calm), row(loop, slow), row(pool, slow)]))
      ),
    ]
  }

  static var walls: [Sample] {
    func measured(_ wall: Int, isAlive: Bool) -> SelectWall.Measured {
      let asked = [200, 600, 1000, 1200, 2000]
      return .init(
        rows: ["select", "poll", "epoll"].map { backend in
          .init(
            backend: backend, asked: asked,
            served: backend == "select" ? asked.map { min($0, wall) } : asked,
            isAlive: isAlive || backend != "select")
        })
    }
    let trial = SelectWall()
    return [
      (SelectWall.name, .held, trial.findings(measured(1016, isAlive: true))),
      (SelectWall.name, .failed, trial.findings(measured(1016, isAlive: false))),
      (SelectWall.name, .failed, trial.findings(measured(1200, isAlive: true))),
    ]
  }

  static func waitingCosts(pollGrows: Bool) -> SelectIsLinear.Measured {
    let sizes = [2, 5, 10, 20, 50, 100, 200, 500, 950, 2000, 5000, 9000]
    let rows = ["select", "poll", "epoll"].flatMap { name in
      sizes.compactMap { size -> SelectIsLinear.Measured.Row? in
        if name == "select", size > 1000 { return nil }
        let grows = name == "epoll" ? false : pollGrows
        let median = 4e-7 + (grows ? 8e-8 * Double(size) : 5e-7) + (name == "epoll" ? 3e-7 : 0)
        return .init(
          mechanism: name, watched: size, median: median, p10: median * 0.9, p90: median * 1.3)
      }
    }
    return .init(rows: rows, refusedAt: ["select": 2000])
  }

  static var linear: [Sample] {
    let trial = SelectIsLinear()
    return [
      (SelectIsLinear.name, .held, trial.findings(waitingCosts(pollGrows: true))),
      (SelectIsLinear.name, .failed, trial.findings(waitingCosts(pollGrows: false))),
      (SelectIsLinear.name, .undecided, trial.findings(.init(rows: [], refusedAt: [:]))),
    ]
  }

  // ------------------------------------------------------------------------------- load

  static func cell(_ model: String, _ connections: Int, rate: Double, failures: Int = 0) -> LoadCell
  {
    var failed = LoadFailures()
    for _ in 0..<failures { failed.add(.connectTimeout, "connect 127.0.0.1:9090") }
    return LoadCell(
      model, connections,
      [0.9, 1, 1.1].map { factor in
        .init(
          rate: rate * factor, p50: Double(connections) / rate,
          p99: 1.7 * Double(connections) / rate,
          memory: (4 << 20) + connections * (model == "threads" ? 30_000 : 42), serverTime: 5.2,
          failures: failed, isLimited: connections == 10)
      })
  }

  static var ten: [Sample] {
    func measured(_ share: Double, failures: Int = 0) -> TenThousand.Measured {
      .init(
        cells: [100, 1000, 10_000].flatMap { size in
          ["poll", "epoll", "io_uring"].map { model in
            cell(
              model, size, rate: size == 10_000 ? 150_000 * share : 150_000, failures: failures)
          }
        })
    }
    let trial = TenThousand()
    let few = TenThousand.Measured(cells: [cell("epoll", 100, rate: 1000)])
    return [
      (TenThousand.name, .held, trial.findings(measured(0.7))),
      (TenThousand.name, .failed, trial.findings(measured(0.3))),
      (TenThousand.name, .failed, trial.findings(measured(0.7, failures: 1))),
      (TenThousand.name, .undecided, trial.findings(few)),
    ]
  }

  static var comparisons: [Sample] {
    let models = ["sequential", "threads", "pool", "select", "poll", "epoll", "io_uring"]
    let cells = [1, 10, 100, 1000, 10_000].flatMap { size in
      models.enumerated().compactMap { index, model -> LoadCell? in
        let most = ["sequential": 1, "pool": 128, "select": 1000][model] ?? .max
        guard size <= most else { return nil }
        return cell(model, size, rate: 20_000 * Double(index + 1) / (size == 1 ? 3 : 1))
      }
    }
    let comparison = Comparison(
      models: ServedModel.allCases, connections: [1, 10, 100, 1000, 10_000])
    return [
      (
        "compare", nil,
        comparison.findings(
          .init(cells: cells, omissions: ["select beyond 1,000: its sets end"], rounds: 3))
      ),
      ("compare", nil, comparison.findings(.init(cells: [], omissions: ["none"], rounds: 3))),
    ]
  }

  static var loops: [Sample] {
    func measured(_ closed: Double) -> OpenVersusClosedLoop.Measured {
      func row(_ name: String, _ high: [Double]) -> OpenVersusClosedLoop.Measured.Row {
        .init(
          name: name, requests: 9_000,
          percentiles: zip(OpenVersusClosedLoop.shares, high).map { ($0, $1) })
      }
      let hidden = [1e-4, 2e-4, 3e-4, 4e-4, closed, closed, 1, 1]
      return .init(
        rows: [
          row(OpenVersusClosedLoop.closed, hidden), row(OpenVersusClosedLoop.uncorrected, hidden),
          row(OpenVersusClosedLoop.open, [1e-4, 2e-4, 0.5, 0.75, 0.95, 0.98, 1, 1]),
        ], stall: 1, window: 5)
    }
    let trial = OpenVersusClosedLoop()
    return [
      (OpenVersusClosedLoop.name, .held, trial.findings(measured(6e-4))),
      (OpenVersusClosedLoop.name, .failed, trial.findings(measured(0.9))),
    ]
  }

  // ------------------------------------------------------------------------------ counts

  static var controls: [Sample] {
    func measured(_ article: Int, _ immediate: Int) -> EpollControlCalls.Measured {
      .init(rows: [
        .init(
          name: EpollControlCalls.article, requests: 1000, receives: 1001, sends: 1000,
          controls: article, waits: 40),
        .init(
          name: EpollControlCalls.immediate, requests: 1000, receives: 1001, sends: 1000,
          controls: immediate, waits: 20),
      ])
    }
    let trial = EpollControlCalls()
    return [
      (EpollControlCalls.name, .held, trial.findings(measured(2000, 3))),
      (EpollControlCalls.name, .failed, trial.findings(measured(2000, 900))),
      (EpollControlCalls.name, .undecided, trial.findings(.init(rows: []))),
    ]
  }

  static var rings: [Sample] {
    func measured(_ busy: Int) -> RingBatches.Measured {
      .init(
        rows: [1, 8, 64, 1000].flatMap { size in
          [
            .init(
              backend: "io_uring", connections: size, requests: 10_000,
              calls: size == 1 ? 10_100 : busy),
            .init(backend: "epoll", connections: size, requests: 10_000, calls: 20_200),
          ]
        }, absence: nil)
    }
    let trial = RingBatches()
    return [
      (RingBatches.name, .held, trial.findings(measured(300))),
      (RingBatches.name, .failed, trial.findings(measured(9_000))),
      (
        RingBatches.name, .undecided,
        trial.findings(.init(rows: [], absence: "io_uring is forbidden here"))
      ),
    ]
  }

  static var pressure: [Sample] {
    func measured(_ bounded: Int) -> Backpressure.Measured {
      .init(
        rows: [
          .init(
            name: Backpressure.with, sent: [0, 4 << 20, 6 << 20, 6 << 20],
            memory: [0, bounded / 2, bounded, bounded], otherWaited: 0.3),
          .init(
            name: Backpressure.without, sent: [0, 4 << 20, 64 << 20, 128 << 20],
            memory: [0, 1 << 20, 58 << 20, 122 << 20], otherWaited: 5.1),
        ], offered: 128 << 20)
    }
    let trial = Backpressure()
    return [
      (Backpressure.name, .held, trial.findings(measured(200_000))),
      (Backpressure.name, .failed, trial.findings(measured(20 << 20))),
      (Backpressure.name, .undecided, trial.findings(.init(rows: [], offered: 0))),
    ]
  }

  static var idle: [Sample] {
    func measured(_ each: Int) -> IdleCosts.Measured {
      .init(
        rows: ["poll", "epoll", "io_uring"].map { model in
          .init(
            model: model, connections: [1000, 5000, 10_000],
            resident: [4 << 20, 4 << 20 + 4000 * each, 4 << 20 + 9000 * each], kernelEach: 7000)
        })
    }
    let trial = IdleCosts()
    return [
      (IdleCosts.name, .held, trial.findings(measured(42))),
      (IdleCosts.name, .failed, trial.findings(measured(420))),
      (IdleCosts.name, .undecided, trial.findings(.init(rows: []))),
    ]
  }
}
