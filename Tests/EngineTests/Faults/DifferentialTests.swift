import Foundation
import SwitchboardLab
import Testing

@testable import Switchboard

/// One scenario in every world: over real sockets with each way to wait, and in the simulation.
@Suite("The same scenario in every world", .serialized)
struct EveryWorld {
  private static let count = number("SWITCHBOARD_SCENARIOS") ?? 4
  /// The first scenario, so that a long run can be made in parts.
  private static let start = number("SWITCHBOARD_SCENARIOS_FROM") ?? 0
  private static let seeds = UInt64(start)..<UInt64(start + count)

  private static func number(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap(Int.init).map { max(0, min($0, 1 << 40)) }
  }

  @Test("What sessions and clients see is the same in every world")
  func differences() throws {
    var runs = 0
    for seed in Self.seeds {
      let scenario = Scenario(seed: seed)
      var first: (String, ScenarioReport)?
      for (name, report) in try reports(scenario) {
        runs += 1
        guard let (other, expected) = first else {
          first = (name, report)
          continue
        }
        if let difference = expected.difference(to: report) {
          Issue.record("scenario \(seed): \(other) and \(name) differ: \(difference)")
          return
        }
      }
    }
    print("\(Self.count) scenarios from \(Self.start) on, \(runs) runs, no difference")
  }

  @Test("A ring in the simulated world keeps to everything, whatever strikes")
  func simulatedRing() throws {
    var failures: [String] = []
    for workload in SimulatedWorkload.allCases {
      for seed in Self.seeds {
        do {
          try simulate(seed: seed, faults: .harsh) { world in
            workload.describe(world)
            world.backend = .ioUring
          }
        } catch { failures.append("\(workload.rawValue), \(error)") }
      }
    }
    #expect(failures.isEmpty, "\(failures.count): \(failures.prefix(8))")
  }

  private func reports(_ scenario: Scenario) throws -> [(String, ScenarioReport)] {
    var all: [(String, ScenarioReport)] = []
    for world in [FaultWorld.select, .poll, .epoll, .ring] {
      all.append((world.rawValue, try real(scenario, world)))
    }
    for backend in SimulatedWorld.Backend.allCases {
      all.append(("simulated " + backend.rawValue, try simulated(scenario, backend)))
      all.append(
        ("wide, simulated " + backend.rawValue, try simulated(scenario, backend, isWide: true)))
    }
    return all
  }

  // ------------------------------------------------------------------------ real sockets

  private func real(_ scenario: Scenario, _ world: FaultWorld) throws -> ScenarioReport {
    let notes = ScenarioNotes()
    var clients: [UInt8: [UInt8]] = [:]
    var endings: [UInt8: String] = [:]
    let report = try serve(world, CallFaults(), session: ScenarioSession(notes)) { server in
      var open = try scenario.plans.map { ($0, try server.client(), 0) }
      // In turns: one piece of each.
      while !open.isEmpty {
        for place in open.indices.reversed() {
          let (plan, client, step) = open[place]
          if step == 0 { try client.send([plan.number]) }
          if step < plan.pieces.count {
            let piece = plan.pieces[step]
            try client.send(piece)
            let reply = ScenarioSession.replies(to: [plan.number] + piece)
            clients[plan.number, default: []] += try client.receive(exactly: reply.count)
            open[place].2 += 1
          } else {
            endings[plan.number] = try end(client, plan.ending)
            open.remove(at: place)
          }
        }
      }
      let count = scenario.plans.count
      #expect(server.journal.wait { $0.closed == count }, "seed \(scenario.seed), \(world)")
    }
    #expect(report.isClean, "seed \(scenario.seed), \(world): \(report)")
    var seen = notes.report.withLock { $0 }
    (seen.clients, seen.endings) = (clients, endings)
    return seen
  }

  private func end(_ client: Client, _ ending: Scenario.Ending) throws -> String {
    switch ending {
    case .close:
      client.close()
      return "left"
    case .reset:
      client.reset()
      return "left"
    case .finish: client.finishSending()
    case .serverCloses, .serverAborts: break
    }
    let rest = try client.receiveToEnd()
    client.close()
    return rest.isEmpty ? "the end" : "\(rest.count) bytes too many"
  }

  // ---------------------------------------------------------------------- the simulation

  /// Those who only send as fast as they can, and read as fast.
  private static let flooding: [UInt8] = [101, 102]

  /// Several addresses, work that costs something, a busy process, and two peers that flood it.
  private func widen(_ world: SimulatedWorld) {
    world.addresses = [
      .loopback(port: 9090), .loopback(.v6, port: 9090), .loopback(port: 9091),
    ]
    world.machine.handshakes = true
    world.machine.hasOtherThreads = true
    world.costs.callback = .microseconds(3)
    world.costs.kibibyte = .nanoseconds(300)
    for number in Self.flooding {
      let bytes = [UInt8](repeating: number, count: 300_000)
      world.client(Int(number)) { client in
        client.comeNear()
        client.send([number] + bytes)
        client.expect([UInt8](repeating: number + 1, count: bytes.count))
      }
    }
  }

  private func simulated(
    _ scenario: Scenario, _ backend: SimulatedWorld.Backend, isWide: Bool = false
  ) throws -> ScenarioReport {
    let notes = ScenarioNotes()
    try simulate(seed: scenario.seed) { world in
      world.backend = backend
      world.options.lingerTimeout = .seconds(10)
      world.serve { ScenarioSession(notes) }
      // The server drains when the last client is done: not while what another said is on its way.
      world.client(100) { client in
        client.connect(after: .zero)
        client.wait(.seconds(5))
      }
      if isWide { widen(world) }
      for plan in scenario.plans {
        world.client(Int(plan.number)) { client in
          client.connect(to: Int(plan.number))
          client.connect(from: Int(plan.number) / 2)
          client.send([plan.number])
          for piece in plan.pieces {
            client.send(piece)
            client.expect(ScenarioSession.replies(to: [plan.number] + piece))
          }
          switch plan.ending {
          case .close: client.close()
          case .reset: client.reset()
          case .finish: client.finish()
          case .serverCloses, .serverAborts: break
          }
        }
      }
    }
    var seen = notes.report.withLock { $0 }
    for number in [0] + Self.flooding { seen.sessions[number] = nil }
    for plan in scenario.plans {
      // The simulation has compared every byte.
      seen.clients[plan.number] = plan.replies
      seen.endings[plan.number] = [.close, .reset].contains(plan.ending) ? "left" : "the end"
    }
    return seen
  }
}
