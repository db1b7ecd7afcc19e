import Foundation
import Switchboard
import SwitchboardArticle
import TestSupport
import Testing

extension Engine {
  /// Options at their ends: each works, or is named before anything has begun.
  @Suite struct Options {
    @Test(
      "Every option of a server at its ends works or is named",
      arguments: Server.BackendName.alone)
    func ofServer(_ backend: Server.BackendName) throws {
      for extreme in Extreme.ofOptions + Extreme.ofServer {
        do {
          try serving(EchoSession(), on: backend, configure: extreme.set) { port, handle in
            #expect(!extreme.isFault, "\(extreme) is accepted")
            let client = try Client(to: port)
            try client.send([0x78])
            let got = try? client.receive(exactly: 1)
            // Within a nanosecond everybody is idle.
            if !extreme.description.hasPrefix("idleTimeout = 1e-09") { #expect(got == [0x78]) }
            client.close()
            handle.drain()
          }
        } catch let error as SystemError {
          #expect(extreme.isFault, "\(extreme): \(error)")
          check(error, extreme.name)
        }
      }
    }

    /// It names the option, in one line, and says what to do.
    private func check(_ error: SystemError, _ name: String) {
      guard case .option(let fault) = error.operand else {
        Issue.record("\(error) names no option")
        return
      }
      #expect(fault.name == name)
      #expect(error.description.hasPrefix("option \(name) is \(fault.value); set it to "))
      #expect(!error.description.contains("\n"))
      #expect(error.advice == fault.remedy)
    }

    private typealias Change = (inout ReactorOptions) -> Void

    @Test("Every option of a reactor at its ends works or is named")
    func ofReactor() throws {
      let times: [Duration] = [
        .seconds(Int64.min), .seconds(-1), .zero, .nanoseconds(1), .seconds(Int64.max),
      ]
      var cases: [(name: String, isFault: Bool, change: Change)] = []
      for count in [Int.min, -1, 0, 1, .max] {
        cases += [
          ("maxConnections", count < 1, { $0.maxConnections = count }),
          ("acceptBudget", count < 1, { $0.acceptBudget = count }),
          ("eventsPerTurn", count < 1, { $0.eventsPerTurn = count }),
        ]
      }
      for time in times {
        cases += [
          ("idleTimeout", time <= .zero, { $0.idleTimeout = time }),
          ("drainTimeout", time < .zero, { $0.drainTimeout = time }),
          ("lingerTimeout", time < .zero, { $0.lingerTimeout = time }),
          ("connectTimeout", time <= .zero, { $0.connectTimeout = time }),
        ]
      }
      for one in cases {
        var service = FramesService(on: [.loopback(port: 0)])
        service.drainsOnSignals = false
        one.change(&service.options)
        do throws(SystemError) {
          try start(service, waitingWith: Epoll.self)
          try start(service, waitingWith: Poll.self)
          try start(service, waitingWith: Select.self)
          #expect(!one.isFault, "\(one.name) is accepted: \(service.options)")
        } catch {
          #expect(one.isFault, "\(error)")
          check(error, one.name)
        }
      }
    }

    /// Runs it for one client.
    private func start<P: Poller & ~Copyable>(_ service: FramesService, waitingWith poller: P.Type)
      throws(SystemError) where P.System == Linux
    {
      let isTiny = service.options.idleTimeout == .nanoseconds(1)
      _ = try service.run(
        FramesServer<Linux>(), waitingWith: poller,
        ready: { addresses, waker in
          let port = addresses[0].port
          Thread.detachNewThread {
            let client = try? Client(to: port).greeted()
            let answer = try? client?.ask("^in$")
            if !isTiny { #expect(answer == "jo") }
            client?.close()
            waker.drain()
          }
        })
    }
  }
}
