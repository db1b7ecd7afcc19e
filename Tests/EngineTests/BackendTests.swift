import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  /// The contract of ``Backend``, where sessions do not show it.
  @Suite struct Backends {
    @Test("A socket that is full takes nothing, and that is no failure")
    func full() throws {
      let system = Linux()
      try fill(Proactor(poller: Select(system: system), acceptBudget: 1, system: system))
      try fill(Proactor(poller: Poll(system: system), acceptBudget: 1, system: system))
      try fill(Proactor(poller: Epoll(system: system), acceptBudget: 1, system: system))
      try fill(Proactor(poller: EdgeEpoll(system: system), acceptBudget: 1, system: system))
      try fill(URing(sizes: URing<Linux>.Sizes(), connections: 8, system: system))
    }

    private func fill<B: Backend & ~Copyable>(_ made: consuming B) throws
    where B.System == Linux {
      var backend = made
      var slots = try SlotTable(capacity: 8)
      let listener = try Listener(on: .loopback(port: 0), system: Linux())
      try backend.watch(listener.descriptor, .accepted)
      backend.setRoom(1, within: nil)
      let client = try Client(to: listener.address.port, receiveBuffer: 4096)
      let accepted = try #require(try completion(.accepted, of: &backend, &slots))
      let key = slots.take(descriptor: Int32(accepted.value))
      try backend.open(key, &slots)
      backend.setRoom(0, within: nil)
      // Until a part is left, and then once more.
      var total = 0
      while try send(60_000, key, &backend, &slots) == 60_000, total < 100 << 20 { total += 60_000 }
      #expect(total < 100 << 20)
      // On a busy machine what was taken may still be on its way, and leave room behind it.
      var taken: Int? = 1
      while taken != 0, total < 100 << 20 {
        taken = try send(10, key, &backend, &slots)
        total += 10
      }
      #expect(taken == 0)
      client.close()
      slots[key.index].flags.insert(.closed)
      if backend.close(key, &slots) { return }
      let closed = try completion(.closed, of: &backend, &slots)
      #expect(closed?.key == key)
    }

    /// Sends so many bytes; how many were taken, nil when it failed.
    private func send<B: Backend & ~Copyable>(
      _ count: Int, _ key: Key, _ backend: inout B, _ slots: inout SlotTable
    ) throws -> Int? {
      #expect(backend.outputRegion(for: key).capacity >= count)
      switch backend.send(.written(count), atMost: .max, key, &slots) {
      case .took(let taken): return taken
      case .failed: return nil
      case .later:
        // Silence is success.
        try backend.wait(until: Linux().now(), isHurried: false)
        var taken: Int? = count
        while let completion = backend.next(&slots) {
          if completion.kind == .sentInPlace { taken = count - completion.received.count }
          if completion.kind == .sendFailed { taken = nil }
        }
        return taken
      }
    }

    /// The first completion of a kind, in time.
    private func completion<B: Backend & ~Copyable>(
      _ kind: Completion.Kind, of backend: inout B, _ slots: inout SlotTable
    ) throws -> Completion? {
      let limit = Linux().now() + .seconds(longestWait)
      while Linux().now() < limit {
        try backend.wait(until: limit, isHurried: false)
        while let completion = backend.next(&slots) {
          if completion.kind == kind { return completion }
        }
      }
      return nil
    }
  }
}
