import Switchboard
import SwitchboardLab
import TestSupport
import Testing

/// Options at their ends, in a simulated world.
@Suite struct OptionTests {
  @Test(arguments: SimulatedWorld.Backend.allCases)
  func `every option at its ends works or is named, also under faults`(
    _ backend: SimulatedWorld.Backend
  ) throws {
    for extreme in Extreme.ofOptions where extreme.description != "idleTimeout = 1e-09 seconds" {
      for seed in 0..<4 as Range<UInt64> {
        do throws(SimulationFailure) {
          try simulate(seed: seed, faults: seed < 2 ? .none : .harsh) { world in
            describe(world, with: extreme)
            world.backend = backend
          }
          #expect(!extreme.isFault, "\(extreme) is accepted")
        } catch {
          guard case .loopFailed(let failure) = error.violation,
            case .option(let fault) = failure.operand
          else { throw error }
          #expect(extreme.isFault, "\(extreme): \(failure)")
          #expect(fault.name == extreme.name)
        }
      }
    }
  }

  /// A few clients that say one byte at a time, which fits any limit.
  private func describe(_ world: SimulatedWorld, with extreme: Extreme) {
    SimulatedWorkload.echo.serve(in: world)
    var server = Server(on: [])
    server.options = world.options
    extreme.set(&server)
    world.options = server.options
    // They all come from one address.
    world.clients(extreme.name == "maxConnectionsPerAddress" ? 1 : 3) { client in
      for byte in 0..<3 as Range<UInt8> {
        client.send([byte])
        client.awaitReplies()
      }
      client.finish()
    }
  }
}
