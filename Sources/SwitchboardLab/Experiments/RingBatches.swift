import Switchboard
import SwitchboardArticle
import SwitchboardBase
import SwitchboardReport

/// How many requests share a system call on io_uring.
public struct RingBatches: Trial {
  public static let name = "ring-batches"
  public static let claim =
    "On io_uring a request costs one system call at most, and less where several come together; on "
    + "epoll it costs two and a share of a wait."
  public static let story =
    "A loop on io_uring makes one io_uring_enter a turn: it submits all sends and brings all that was "
    + "received. The engine serves more and more clients, each with one request under way, on a "
    + "kernel that counts its calls."
  public static let seconds = 12
  public static let needsQuiet = true

  /// System calls by backend and clients.
  public struct Measured: Sendable {
    /// One backend with so many clients.
    public struct Row: Sendable {
      public var backend: String
      public var connections: Int
      public var requests: Int
      public var calls: Int
      /// For each request.
      public var perRequest: Double { Double(calls) / Double(max(1, requests)) }
    }
    /// With the most clients there are several of each backend.
    public var rows: [Row]
    /// Why there is no io_uring here.
    public var absence: String?
  }

  public init() {}

  public func measure(_ laboratory: Laboratory) throws -> Measured {
    let sizes = laboratory.isQuick ? [1, 16, 256] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]
    let absence = Server.BackendName.auto.choice().reason
    var measured = Measured(rows: [], absence: absence)
    let backends: [Server.BackendName] = absence == nil ? [.epoll, .ioUring] : [.epoll]
    for backend in backends {
      let again = Array(repeating: sizes[sizes.count - 1], count: laboratory.rounds - 1)
      for size in sizes + again {
        measured.rows.append(try RingBatches.row(backend, size, laboratory))
      }
      let last = measured.rows.last.map { Figures.fixed($0.perRequest, places: 3) } ?? ""
      laboratory.progress("\(backend.rawValue): \(last) calls a request with \(sizes.last ?? 0)")
    }
    return measured
  }

  private static func row(
    _ backend: Server.BackendName, _ connections: Int, _ laboratory: Laboratory
  ) throws -> Measured.Row {
    let server = try CountedServer(on: backend, connections: connections + 64) { FramesSession() }
    var plan = VisitPlan()
    plan.rounds = max(5, (laboratory.isQuick ? 5_000 : 30_000) / connections)
    let group = try VisitorGroup(to: server.address, plan)
    // All are connected before anything is counted.
    try group.greet(connections, within: .seconds(10))
    let (before, already) = (server.counts.now, group.latencies.count)
    try group.finish(within: .seconds(20))
    let calls = server.counts.now.since(before)
    let requests = group.latencies.count - already
    guard group.failed == 0, requests > 0 else {
      throw TrialFailure("\(group.failed) of \(connections) clients were not served; run it again")
    }
    return Measured.Row(
      backend: backend.rawValue, connections: connections, requests: requests,
      calls: calls.receives + calls.sends + calls.waits)
  }

  /// One system call a request and two, but for those that are made between requests.
  private static let (one, two) = (1.05, 1.9)

  public func controls(_ measured: Measured) -> [Control] {
    guard measured.absence == nil else { return [] }
    let most = measured.rows.map(\.connections).max() ?? 0
    return [
      .atLeast(256, "clients at once", found: most),
      .atLeast(1000, "requests counted", found: measured.rows.map(\.requests).min() ?? 0),
    ]
  }

  public func findings(_ measured: Measured) -> Findings {
    if let absence = measured.absence { return Findings(.undecided(absence)) }
    let (ring, epoll) = (rows("io_uring", measured), rows("epoll", measured))
    guard let alone = ring.first, let busy = ring.last, let other = epoll.last, ring.count > 1
    else {
      return Findings(.undecided("too few sizes were measured; run it again"))
    }
    let verdict = Verdict.of(
      rounds: rounds("io_uring", busy.connections, measured).map { busy in
        ring.allSatisfy { $0.perRequest < RingBatches.one } && busy.perRequest < alone.perRequest
          && epoll.allSatisfy { $0.perRequest > RingBatches.two }
      },
      "With \(Figures.grouped(busy.connections)) clients io_uring took "
        + "\(Figures.fixed(busy.perRequest, places: 3)) system calls a request, epoll "
        + "\(Figures.fixed(other.perRequest, places: 2)); with "
        + "\(Figures.counted(alone.connections, "client")) io_uring took "
        + "\(Figures.fixed(alone.perRequest, places: 2)).")
    let series = [("epoll", epoll), ("io_uring", ring)].map { name, rows in
      LineChart.Series(
        name, .of(name), rows.map { .init(Double($0.connections), $0.perRequest) })
    }
    let chart = LineChart(
      title: "On io_uring a system call serves "
        + "\(Figures.fixed(1 / max(busy.perRequest, 1e-6), places: 0)) requests when there are "
        + "\(Figures.grouped(busy.connections)) clients",
      x: Axis("clients, each with one request under way", scale: .logarithmic),
      y: Axis("system calls a request", scale: .logarithmic), series: series)
    return Findings(
      verdict, pictures: [NamedPicture(RingBatches.name, chart)],
      tables: [table(ring, epoll)],
      notes: [
        "Receiving, sending and waiting, counted where the product calls the kernel. The clients run "
          + "beside the server, so how many requests meet in a turn depends on both."
      ])
  }

  private func rounds(_ backend: String, _ connections: Int, _ measured: Measured)
    -> [Measured.Row]
  {
    measured.rows.filter { $0.backend == backend && $0.connections == connections }
  }

  /// A backend's rows by number of clients: of several rounds the middle one.
  private func rows(_ backend: String, _ measured: Measured) -> [Measured.Row] {
    let sizes = Set(measured.rows.filter { $0.backend == backend }.map(\.connections))
    return sizes.sorted().compactMap { size in
      let same = rounds(backend, size, measured).sorted { $0.perRequest < $1.perRequest }
      return same.isEmpty ? nil : same[same.count / 2]
    }
  }

  private func table(_ ring: [Measured.Row], _ epoll: [Measured.Row]) -> Table {
    let rows = ring.map { row in
      let other = epoll.first { $0.connections == row.connections }
      return [
        Figures.grouped(row.connections), Figures.fixed(row.perRequest, places: 3),
        other.map { Figures.fixed($0.perRequest, places: 3) } ?? "",
      ]
    }
    return Table("System calls a request", ["clients", "io_uring", "epoll"], rows)
  }
}
