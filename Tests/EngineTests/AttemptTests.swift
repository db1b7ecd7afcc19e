import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  /// How a loop is told that attempts to connect have ended.
  @Suite struct AttemptTests {
    private static let oneShot: UInt32 = 1 << 30

    /// An epoll beside the backend that watches attempts, each until it has been told of.
    private final class Attempts {
      let system: any ReadinessKernel
      let descriptor: Descriptor

      init(_ system: any ReadinessKernel) {
        self.system = system
        descriptor = system.epollCreate().descriptor
      }

      deinit { _ = system.close(descriptor) }

      func add(_ attempt: Descriptor) {
        let added = system.epollControl(
          descriptor, .add, attempt,
          events: PollEvents.output.rawValue | AttemptTests.oneShot, key: UInt64(attempt.rawValue))
        #expect(added.isSuccess)
      }

      func remove(_ attempt: Descriptor) {
        let removed = system.epollControl(descriptor, .remove, attempt, events: 0, key: 0)
        #expect(removed.isSuccess)
      }

      /// Those that have ended since it was asked last.
      func ended() -> [Descriptor] {
        var events = [EpollEvent](repeating: EpollEvent(), count: 16)
        let count = events.withUnsafeMutableBufferPointer {
          system.epollWait(descriptor, into: $0, milliseconds: 0)
        }
        return events[..<max(0, count.value)].map { Descriptor(rawValue: Int32($0.key)) }
      }
    }

    @Test(
      "That attempts have ended is told as long as nobody has looked, and not afterwards",
      arguments: DrivenBackend.allCases)
    func attempts(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      let attempts = Attempts(driven.system)
      try driven.watch(attempts.descriptor, .attempted)
      for _ in 0..<3 {
        var begun: Set<Descriptor> = []
        for _ in 0..<3 {
          let own = try driven.connecting()
          attempts.add(own)
          begun.insert(own)
        }
        var ended: Set<Descriptor> = []
        while ended != begun, try driven.next(.attempted) != nil {
          // Whatever is readable is told again by what tells of levels.
          if !backend.isRing { #expect(try driven.next(.attempted) != nil) }
          for own in attempts.ended() { #expect(ended.insert(own).inserted) }
          driven.told = []
        }
        #expect(ended == begun)
        try driven.turn(until: driven.system.now() + .milliseconds(5))
        try driven.turn(until: driven.system.now() + .milliseconds(5))
        // What had been told before somebody looked may have been on its way.
        driven.told = []
        try driven.turn(until: driven.system.now() + .milliseconds(5))
        #expect(driven.told.isEmpty)
        for own in begun {
          #expect(driven.system.get(.error, on: own) == .value(0))
          attempts.remove(own)
          _ = driven.system.close(own)
        }
      }
      #expect(driven.audit.wrong() == "[]")
    }

    @Test(
      "An attempt that is refused is told of as one that stands", arguments: DrivenBackend.allCases)
    func refused(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      let attempts = Attempts(driven.system)
      try driven.watch(attempts.descriptor, .attempted)
      // A port that was ours a moment ago, and that nobody listens on.
      let gone = driven.system.socket(.v4).descriptor
      _ = driven.system.bind(gone, to: .loopback(port: 0))
      var address = SocketAddress.any(port: 0)
      _ = driven.system.localAddress(gone, into: &address)
      let own = driven.system.socket(.v4).descriptor
      let begun = driven.system.connect(own, to: address)
      guard begun.errno == .inProgress else {
        #expect(begun.errno == .connectionRefused)
        return
      }
      attempts.add(own)
      #expect(try driven.next(.attempted) != nil)
      #expect(attempts.ended() == [own])
      #expect(driven.system.get(.error, on: own).value == Int(Errno.connectionRefused.rawValue))
      _ = driven.system.close(own)
      _ = driven.system.close(gone)
    }
  }
}
