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
}
