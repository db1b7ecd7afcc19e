import Testing

@testable import Switchboard

@Suite("Care")
struct CareTests {
  @Test("A call that is refused to the process is told once; what fails otherwise is not")
  func refusals() {
    let refused = RefusedCalls()
    let all: [(SystemError.Call, Errno, Bool)] = [
      (.receive, .connectionReset, false), (.receive, .notPermitted, true),
      (.receive, .notPermitted, false), (.send, .brokenPipe, false), (.send, .accessDenied, true),
      (.receive, .accessDenied, false), (.send, .notPermitted, false),
    ]
    for (call, errno, isNew) in all {
      #expect(refused.isNew(SystemError(call, errno)) == isNew)
    }
  }

  @Test("Whose progress the system does not tell made none that is known")
  func progress() {
    let kernel = ScriptedKernel()
    let now = Instant(nanoseconds: 5_000_000)
    for (answer, last) in [
      (Outcome.failure(.badDescriptor), nil), (.value(0), now),
      (.value(2), Instant(nanoseconds: 3_000_000)), (.value(6), Instant(nanoseconds: 0)),
    ] {
      kernel.script.error = answer
      #expect(kernel.lastProgress(on: Descriptor(rawValue: 9), now) == last)
    }
  }
}
