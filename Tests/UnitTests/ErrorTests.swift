import Testing

@testable import Switchboard

@Suite("Errors")
struct ErrorTests {
  private static let operands: [SystemError.Operand] = [
    .none, .descriptor(Descriptor(rawValue: 7)), .address(.loopback(.v6, port: 9090)),
  ]

  @Test("Every error is one line with a next action", arguments: SystemError.Call.allCases)
  func texts(_ call: SystemError.Call) {
    for number: Int32 in 1...140 {
      for operand in ErrorTests.operands {
        let error = SystemError(call, Errno(rawValue: number), on: operand)
        let text = error.description
        #expect(!text.contains { $0.isNewline })
        #expect(text.hasPrefix(call.rawValue))
        #expect(text.hasSuffix("; " + error.advice))
        #expect(error.advice.count >= 8)
      }
    }
  }

  @Test("An error names call, operand, reason and what to do")
  func example() {
    let address = SocketAddress.loopback(port: 9090)
    let error = SystemError(.bind, .addressInUse, on: .address(address))
    #expect(
      error.description == "bind 127.0.0.1:9090: address already in use (EADDRINUSE); stop the "
        + "program that has it (`ss -ltnp` names it), or choose another port")
    let other = SystemError(.send, .brokenPipe, on: .descriptor(Descriptor(rawValue: 7)))
    #expect(other.description.hasPrefix("send on descriptor 7: broken pipe (EPIPE); "))
  }

  @Test("Local ports that ran out are told apart from a port that somebody has and from a refusal")
  func ports() {
    let (any, one) = (SocketAddress.loopback(port: 0), SocketAddress.loopback(port: 9090))
    let advice = [
      SystemError(.connect, .addressNotAvailable, on: .address(one)),
      SystemError(.bind, .addressInUse, on: .address(any)),
      SystemError(.bind, .addressInUse, on: .address(one)),
      SystemError(.connect, .connectionRefused, on: .address(one)),
      SystemError(.bind, .addressNotAvailable, on: .address(any)),
    ].map(\.advice)
    #expect(advice[0].contains("no free local port") && advice[1] == advice[0])
    #expect(Set(advice).count == 4)
  }

  @Test("The manual page that an error points to has the right section")
  func manual() {
    #expect(SystemError(.receive, .badDescriptor).advice == "see recv(2)")
    #expect(SystemError(.startThread, .invalid).advice == "see pthread_create(3)")
  }

  @Test("select's limit, met by what a reactor watches, says so")
  func selectLimit() {
    let refused = RegistrationError.beyondSet(Descriptor(rawValue: 1030), capacity: 1024)
    let error = refused.asSystemError(Descriptor(rawValue: 1030))
    #expect(error.description.contains("1030") && error.description.contains("poll or epoll"))
    #expect(refused.description.contains("1030") && refused.description.contains("1023"))
  }

  @Test("An unknown number is told as such")
  func unknown() {
    #expect(Errno(rawValue: 12345).description == "errno 12345")
    #expect(Errno(rawValue: 12345).meaning == "unknown error")
    #expect(Errno.addressInUse.description == "EADDRINUSE, address already in use")
  }

  @Test("Exhaustion pauses accepting; what concerns one connection does not")
  func kinds() {
    for errno in [Errno.descriptorLimit, .systemDescriptorLimit, .noBuffers, .outOfMemory] {
      #expect(errno.isExhaustion && !errno.concernsOneQueuedConnection)
    }
    for errno in [Errno.connectionAborted, .protocolError, .notPermitted, .hostUnreachable] {
      #expect(errno.concernsOneQueuedConnection && !errno.isExhaustion)
    }
    for errno in [Errno.badDescriptor, .invalid] {
      #expect(!errno.concernsOneQueuedConnection && !errno.isExhaustion)
    }
  }

  @Test("An outcome is a value or an error number, never both")
  func outcome() {
    #expect(Outcome.value(5).isSuccess && Outcome.value(5).value == 5)
    #expect(Outcome.value(5).errno == nil)
    #expect(Outcome.value(-5).value == 0)
    #expect(!Outcome.failure(.wouldBlock).isSuccess)
    #expect(Outcome.failure(.wouldBlock).errno == .wouldBlock)
    #expect(Outcome(raw: -11) == .failure(.wouldBlock))
  }
}
