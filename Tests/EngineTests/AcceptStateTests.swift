import Testing

@testable import Switchboard

extension Engine {
  /// When a loop that does not accept tries again.
  @Suite struct AcceptStates {
    private func retries(_ reason: ReactorNotice.Pause, isEmpty: Bool = false) -> Bool {
      var state = AcceptState()
      _ = state.begin(reason, isEmpty: isEmpty, Instant(nanoseconds: 0), entropy: 0)
      return state.retryAt != nil
    }

    @Test("A registration that the system refused does not stop accepting until a peer leaves")
    func refused() {
      let noMemory = SystemError(.epollControl, .outOfMemory)
      #expect(retries(.refused(.system(noMemory))))
      #expect(retries(.failed(SystemError(.accept, .descriptorLimit))))
    }

    @Test("Where only a close of ours makes room, time is not waited for")
    func full() {
      let beyond = RegistrationError.beyondSet(Descriptor(rawValue: 1024), capacity: 1024)
      #expect(!retries(.refused(beyond)))
      #expect(!retries(.connectionLimit(5)))
      #expect(retries(.refused(beyond), isEmpty: true))
    }
  }
}
