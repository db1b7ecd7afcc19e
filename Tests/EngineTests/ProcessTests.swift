import Foundation
import Switchboard
import Testing

extension Engine {
  /// What concerns the whole process, in a process of its own.
  @Suite struct Processes {
    @Test(
      "Where io_uring is refused, auto is epoll and says why",
      arguments: [(1, "EPERM"), (38, "ENOSYS"), (95, "EOPNOTSUPP")])
    func fallback(_ errno: Int, _ symbol: String) throws {
      let words = try helper("choice", "\(errno)").split(separator: " ", maxSplits: 2)
      try #require(words.count == 3)
      #expect(words[0] == "epoll")
      #expect(words[2].contains(symbol))
      #expect(try #require(Int(words[1])) < 10_000)
    }

    @Test("A ring accepts no more than its table of descriptors holds: those beyond wait")
    func crowd() throws {
      #expect(try helper("crowd") == "32 0")
    }

    @Test("A server leaves no descriptor and no thread behind", arguments: Server.BackendName.each)
    func leaks(_ backend: Server.BackendName) throws {
      #expect(try helper("leaks", backend.rawValue) == "same")
    }

    @Test("A reactor that is dropped leaves no descriptor behind")
    func dropped() throws {
      #expect(try helper("dropped") == "same")
    }
  }
}
