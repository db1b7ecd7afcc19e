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

  static func clients(_ count: Int, oneAtATime: Bool, each: Double = 0.401)
    -> [SequentialWaits.Client]
  {
    (0..<count).map { index in
      let start = oneAtATime ? Double(index) * (each + 0.001) : 0.001
      return .init(begun: 0.0001 * Double(index), greeted: start, done: start + each)
    }
  }

  static var waits: [Sample] {
    let trial = SequentialWaits()
    return [
      (
        SequentialWaits.name, .held,
        trial.judged(.init(clients: clients(8, oneAtATime: true), unserved: 0))
      ),
      (
        SequentialWaits.name, .failed,
        trial.judged(.init(clients: clients(8, oneAtATime: false), unserved: 0))
      ),
      (SequentialWaits.name, .undecided, trial.judged(.init(clients: [], unserved: 8))),
      // It holds, and one client was left out.
      (
        SequentialWaits.name, .undecided,
        trial.judged(.init(clients: clients(8, oneAtATime: true), unserved: 1))
      ),
      (
        SequentialWaits.name, .undecided,
        trial.judged(.init(clients: clients(8, oneAtATime: true, each: 0.7), unserved: 0))
      ),
    ]
  }

  static var threads: [Sample] {
    func measured(
      each: Int = 12_000, switches: [Double] = [1.1, 1.9, 1.2], most: Int = 2000, loop: Int = 40,
      unserved: Int = 0
    ) -> ThreadsCost.Measured {
      let rounds = switches.map { (most, $0) }
      return .init(
        rows: ([(10, 1.1), (100, 1.2)] + rounds).flatMap { count, switches in
          [
            .init(
              model: "threads", clients: count, threads: count + 1, memory: count * each,
              kernelStacks: count * 16384, switches: switches, unserved: unserved),
            .init(
              model: "epoll", clients: count, threads: 1, memory: loop * count,
              kernelStacks: 0, switches: 0.02),
          ]
        })
    }
    let trial = ThreadsCost()
    return [
      (ThreadsCost.name, .held, trial.judged(measured())),
      // More switches than the loop, and none for each request.
      (ThreadsCost.name, .failed, trial.judged(measured(switches: [0.5, 0.4, 0.5]))),
      (ThreadsCost.name, .failed, trial.judged(measured(each: -16_200, switches: [1.1]))),
      (ThreadsCost.name, .undecided, trial.judged(measured(switches: [1.1, 0.4, 1.1]))),
      (ThreadsCost.name, .undecided, trial.judged(measured(most: 200))),
      (ThreadsCost.name, .undecided, trial.judged(measured(loop: 0))),
      (ThreadsCost.name, .undecided, trial.judged(measured(unserved: 3))),
      (ThreadsCost.name, .undecided, trial.judged(.init(rows: []))),
    ]
  }

  static var one: [Sample] {
    func measured(
      _ slowest: [Double] = [0.55, 0.6, 0.5], threads: Int = 1, most: Int = 1000,
      alone: Double = 0.402, unserved: Int = 0
    ) -> OneThreadServesAll.Measured {
      .init(
        rows: [
          .init(model: "epoll", clients: 1, elapsed: alone, unserved: 0),
          .init(model: "epoll", clients: 100, elapsed: 0.41, unserved: 0),
        ]
          + slowest.map {
            .init(model: "epoll", clients: most, elapsed: $0, unserved: unserved)
          } + [
            .init(model: "sequential", clients: 1, elapsed: 0.402, unserved: 0),
            .init(model: "sequential", clients: 20, elapsed: 8.05, unserved: 0),
          ], threads: threads, conversations: clients(3000, oneAtATime: false))
    }
    let trial = OneThreadServesAll()
    return [
      (OneThreadServesAll.name, .held, trial.judged(measured())),
      (OneThreadServesAll.name, .failed, trial.judged(measured([5.5, 5.6, 5.7]))),
      (OneThreadServesAll.name, .failed, trial.judged(measured(threads: 2))),
      (OneThreadServesAll.name, .undecided, trial.judged(measured([0.5, 5.6, 0.5]))),
      (OneThreadServesAll.name, .undecided, trial.judged(measured(most: 999))),
      (OneThreadServesAll.name, .undecided, trial.judged(measured(alone: 0.7))),
      (OneThreadServesAll.name, .undecided, trial.judged(measured(unserved: 1))),
    ]
  }

  static var stalls: [Sample] {
    func row(_ name: String, _ scale: Double, limited: Bool = false, share: Double = 1)
      -> SlowCallbackStalls.Measured.Row
    {
      .init(
        name: name, requests: 10_000,
        percentiles: zip(SlowCallbackStalls.shares, [1, 1.4, 3, 5, 9, 10]).map { ($0, $1 * scale) },
        failures: 0, answeredShare: share, isLimited: limited)
    }
    let trial = SlowCallbackStalls()
    let (quiet, slow) = (1e-4, 1.1e-2)
    func measured(
      calm: Double = quiet, loop: Double = slow, pool: [Double] = [quiet, quiet, quiet],
      limited: Bool = false, share: Double = 1
    ) -> SlowCallbackStalls.Measured {
      .init(
        rows: pool.flatMap { pool in
          [
            row(SlowCallbackStalls.undisturbed, calm),
            row(SlowCallbackStalls.loop, loop, limited: limited),
            row(SlowCallbackStalls.pool, pool, share: share),
          ]
        })
    }
    let name = SlowCallbackStalls.name
    return [
      (name, .held, trial.judged(measured())),
      (name, .failed, trial.judged(measured(pool: [slow, slow, slow]))),
      (name, .failed, trial.judged(measured(loop: 1e-3))),
      (name, .undecided, trial.judged(measured(pool: [quiet, slow, quiet]))),
      // 216 ms undisturbed, 96 ms with the slow callback: that says nothing.
      (name, .undecided, trial.judged(measured(calm: 2.4e-2))),
      (name, .undecided, trial.judged(measured(limited: true))),
      (name, .undecided, trial.judged(measured(share: 0.9))),
      (name, .undecided, trial.judged(.init(rows: []))),
    ]
  }

  static var walls: [Sample] {
    func measured(_ wall: Int, isAlive: Bool, most: Int = 2000) -> SelectWall.Measured {
      let asked = [200, 600, 1000, 1200, 2000].filter { $0 <= most }
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
      (SelectWall.name, .held, trial.judged(measured(1016, isAlive: true))),
      (SelectWall.name, .failed, trial.judged(measured(1016, isAlive: false))),
      (SelectWall.name, .failed, trial.judged(measured(1200, isAlive: true))),
      (SelectWall.name, .undecided, trial.judged(measured(1016, isAlive: true, most: 1000))),
      (SelectWall.name, .undecided, trial.judged(.init(rows: []))),
    ]
  }

  static func waitingCosts(pollGrows: Bool, quickGrow: Bool? = nil, most: Int = 9000)
    -> SelectIsLinear.Measured
  {
    let sizes = [2, 5, 10, 20, 50, 100, 200, 500, 950, 2000, 5000, 9000].filter { $0 <= most }
    let rows = ["select", "poll", "epoll"].flatMap { name in
      sizes.compactMap { size -> SelectIsLinear.Measured.Row? in
        if name == "select", size > 1000 { return nil }
        let grows = name == "epoll" ? false : pollGrows
        func wait(_ grows: Bool) -> Double {
          4e-7 + (grows ? 8e-8 * Double(size) : 5e-7) + (name == "epoll" ? 3e-7 : 0)
        }
        let quick = name == "epoll" ? false : quickGrow ?? pollGrows
        return .init(
          mechanism: name, watched: size, median: wait(grows), p10: wait(quick) * 0.9,
          p90: wait(grows) * 1.3)
      }
    }
    return .init(rows: rows, refusedAt: ["select": 2000])
  }

  static var linear: [Sample] {
    let trial = SelectIsLinear()
    return [
      (SelectIsLinear.name, .held, trial.judged(waitingCosts(pollGrows: true))),
      (SelectIsLinear.name, .failed, trial.judged(waitingCosts(pollGrows: false))),
      (SelectIsLinear.name, .undecided, trial.judged(.init(rows: [], refusedAt: [:]))),
      (
        SelectIsLinear.name, .undecided,
        trial.judged(waitingCosts(pollGrows: true, quickGrow: false))
      ),
      (SelectIsLinear.name, .undecided, trial.judged(waitingCosts(pollGrows: true, most: 100))),
    ]
  }

  // ------------------------------------------------------------------------------- load

  static func cell(
    _ model: String, _ connections: Int, rate: Double, times: [Double] = [5.1, 5.2, 5.3],
    failures: Int = 0, limited: Bool? = nil, share: Double = 1
  ) -> LoadCell {
    var failed = LoadFailures()
    for _ in 0..<failures { failed.add(.connectTimeout, "connect 127.0.0.1:9090") }
    return LoadCell(
      model, connections,
      zip([0.9, 1, 1.1], times).map { factor, time in
        .init(
          rate: rate * factor, answeredShare: share, p50: Double(connections) / rate,
          p99: 1.7 * Double(connections) / rate,
          memory: (4 << 20) + connections * (model == "threads" ? 30_000 : 42), serverTime: time,
          failures: failed, isLimited: limited ?? (connections == 10))
      })
  }

  static var ten: [Sample] {
    func measured(
      _ factors: [Double] = [1.4, 1.5, 1.6], failures: Int = 0, limited: Bool = false,
      share: Double = 1, most: Int = 10_000
    ) -> TenThousand.Measured {
      .init(
        cells: ["poll", "epoll", "io_uring"].flatMap { model in
          [100, 1000, most].map { size in
            cell(
              model, size, rate: 20_000,
              times: size == most ? factors.map { 10 * $0 } : [10, 10, 10],
              failures: failures, limited: limited, share: share)
          }
        })
    }
    let trial = TenThousand()
    let few = TenThousand.Measured(cells: [cell("epoll", 100, rate: 1000)])
    let name = TenThousand.name
    return [
      (name, .held, trial.judged(measured())),
      (name, .failed, trial.judged(measured([2.2, 2.3, 2.4]))),
      (name, .failed, trial.judged(measured(failures: 1))),
      (name, .undecided, trial.judged(measured([1.9, 2.3, 2.4]))),
      (name, .undecided, trial.judged(measured(limited: true))),
      (name, .undecided, trial.judged(measured(share: 0.9))),
      (name, .undecided, trial.judged(measured([0, 0, 0]))),
      (name, .undecided, trial.judged(measured(most: 5000))),
      (name, .undecided, trial.judged(few)),
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
    func measured(
      _ closed: [Double] = [6e-4, 6e-4, 6e-4], calm: Double = 1e-4, stalled: Double = 1,
      requests: Int = 4000, limited: Bool = false
    ) -> OpenVersusClosedLoop.Measured {
      func row(_ name: String, _ high: [Double]) -> OpenVersusClosedLoop.Measured.Row {
        .init(
          name: name, requests: requests,
          percentiles: zip(OpenVersusClosedLoop.shares, high).map { ($0, $1) }, longest: stalled,
          isLimited: limited)
      }
      return .init(
        rows: closed.flatMap { closed in
          let hidden = [calm, 2e-4, 3e-4, 4e-4, closed, closed, 1, 1]
          return [
            row(OpenVersusClosedLoop.closed, hidden),
            row(OpenVersusClosedLoop.uncorrected, hidden),
            row(OpenVersusClosedLoop.open, [1e-4, 2e-4, 0.5, 0.75, 0.95, 0.98, 1, 1]),
          ]
        }, stall: 1, window: 3)
    }
    let trial = OpenVersusClosedLoop()
    let name = OpenVersusClosedLoop.name
    return [
      (name, .held, trial.judged(measured())),
      (name, .failed, trial.judged(measured([0.9, 0.9, 0.9]))),
      (name, .undecided, trial.judged(measured([6e-4, 0.9, 6e-4]))),
      (name, .undecided, trial.judged(measured(calm: 2e-2))),
      (name, .undecided, trial.judged(measured(stalled: 0.2))),
      (name, .undecided, trial.judged(measured(requests: 3000))),
      (name, .undecided, trial.judged(measured(limited: true))),
    ]
  }

  // ------------------------------------------------------------------------------ counts

  static var controls: [Sample] {
    func measured(_ article: Int, _ immediate: Int, receives: Int = 1001)
      -> EpollControlCalls.Measured
    {
      .init(rows: [
        .init(
          name: EpollControlCalls.article, requests: 1000, receives: receives, sends: 1000,
          controls: article, waits: 40),
        .init(
          name: EpollControlCalls.immediate, requests: 1000, receives: 1001, sends: 1000,
          controls: immediate, waits: 20),
      ])
    }
    let trial = EpollControlCalls()
    return [
      (EpollControlCalls.name, .held, trial.judged(measured(2000, 3))),
      (EpollControlCalls.name, .failed, trial.judged(measured(2000, 900))),
      (EpollControlCalls.name, .undecided, trial.judged(measured(2000, 3, receives: 640))),
      (EpollControlCalls.name, .undecided, trial.judged(.init(rows: []))),
    ]
  }

  static var rings: [Sample] {
    func measured(_ busy: [Int] = [300, 2620, 400], alone: Int = 10_100, most: Int = 1000)
      -> RingBatches.Measured
    {
      let rounds = busy.map { (most, $0) }
      return .init(
        rows: ([(1, alone), (8, 4000), (64, 2000)] + rounds).flatMap { size, calls in
          [
            .init(backend: "io_uring", connections: size, requests: 10_000, calls: calls),
            .init(backend: "epoll", connections: size, requests: 10_000, calls: 20_200),
          ]
        }, absence: nil)
    }
    let trial = RingBatches()
    return [
      (RingBatches.name, .held, trial.judged(measured())),
      (RingBatches.name, .failed, trial.judged(measured([10_200, 10_300, 10_200]))),
      (RingBatches.name, .failed, trial.judged(measured(alone: 20_000))),
      (RingBatches.name, .undecided, trial.judged(measured([300, 10_200, 300]))),
      (RingBatches.name, .undecided, trial.judged(measured(most: 128))),
      (
        RingBatches.name, .undecided,
        trial.judged(.init(rows: [], absence: "io_uring is forbidden here"))
      ),
    ]
  }

  static var pressure: [Sample] {
    func measured(_ bounded: Int, sent: Int = 128 << 20) -> Backpressure.Measured {
      .init(
        rows: [
          .init(
            name: Backpressure.with, sent: [0, 4 << 20, 6 << 20, 6 << 20],
            memory: [0, bounded / 2, bounded, bounded], otherWaited: 0.3),
          .init(
            name: Backpressure.without, sent: [0, 4 << 20, min(64 << 20, sent), sent],
            memory: [0, 1 << 20, min(64 << 20, sent), sent], otherWaited: 5.1),
        ], offered: 128 << 20)
    }
    let trial = Backpressure()
    return [
      (Backpressure.name, .held, trial.judged(measured(200_000))),
      (Backpressure.name, .failed, trial.judged(measured(20 << 20))),
      (Backpressure.name, .undecided, trial.judged(measured(0))),
      (Backpressure.name, .undecided, trial.judged(measured(200_000, sent: 8 << 20))),
      (Backpressure.name, .undecided, trial.judged(.init(rows: [], offered: 0))),
    ]
  }

  static var idle: [Sample] {
    func measured(_ each: Int, unserved: Int = 0) -> IdleCosts.Measured {
      .init(
        rows: ["poll", "epoll", "io_uring"].map { model in
          .init(
            model: model, connections: [1000, 5000, 10_000],
            resident: [4 << 20, 4 << 20 + 4000 * each, 4 << 20 + 9000 * each], kernelEach: 7000,
            unserved: unserved)
        })
    }
    let trial = IdleCosts()
    return [
      (IdleCosts.name, .held, trial.judged(measured(42))),
      (IdleCosts.name, .failed, trial.judged(measured(420))),
      (IdleCosts.name, .undecided, trial.judged(measured(0))),
      (IdleCosts.name, .undecided, trial.judged(measured(42, unserved: 1))),
      (IdleCosts.name, .undecided, trial.judged(.init(rows: []))),
    ]
  }
}
