import Switchboard
import Testing

extension Engine {
  /// Limits of descriptors as shells and containers have them.
  @Suite struct DescriptorLimits {
    @Test(
      "Under any limit of descriptors a server serves, in address space of a sensible size",
      arguments: [16, 64, 1 << 20, 1_073_741_816, 1 << 31], Server.BackendName.alone + [.auto])
    func serves(_ limit: Int, _ backend: Server.BackendName) throws {
      let words = try helper("limit", "\(limit)", backend.rawValue).split(separator: " ")
      try #require(words.count == 3, "\(words)")
      #expect(words[0] == "served")
      #expect(try #require(Int(words[1])) < 4096, "MiB of address space")
      if backend == .auto { #expect(words[2] == Server.BackendName.auto.resolved().rawValue) }
    }
  }
}
