import Glibc
import Testing

@testable import Switchboard

/// How a ring is opened, and goes again.
@Suite("A ring is opened")
struct RingOpeningTests {
  private let kernel = PuppetKernel.make()
  private typealias Sizes = URing<PuppetKernel>.Sizes

  @Test("A ring that cannot be opened says why, and is not closed")
  func refused() throws {
    kernel.strings.noRing = .notPermitted
    #expect(throws: SystemError(.ringSetup, .notPermitted)) { _ = try kernel.rawRing(4) }
    #expect(kernel.strings.ringsClosed == 0)
    kernel.strings.noRing = nil
    _ = try kernel.rawRing(4)
    #expect(kernel.strings.ringsClosed == 1)
    // Of a process that has closed its standard input.
    kernel.strings.givesZero = true
    _ = try kernel.rawRing(4)
    #expect(kernel.strings.ringsClosed == 2)
  }

  @Test("A ring has room for as many connections as are wanted and may be")
  func files() throws {
    kernel.strings.descriptorLimit = 3 << 20
    let ring = try kernel.ring(connections: 100)
    #expect(ring.files == 100)
    _ = try kernel.ring(connections: 2 << 20)
    kernel.strings.descriptorLimit = 200
    _ = try kernel.ring(connections: 2 << 20)
    #expect(kernel.strings.files == [100, 1 << 20, 200])
  }

  @Test(
    "Where there is less room than there seemed, it is half and half again",
    arguments: [Errno.descriptorLimit, .outOfMemory])
  func half(_ errno: Errno) throws {
    kernel.strings.tooMany = errno
    kernel.strings.mostFiles = 60
    let ring = try kernel.ring(connections: 300)
    #expect(ring.files == 37)
    #expect(kernel.strings.files == [300, 150, 75, 37])
    for few in [64, 128] {
      #expect(throws: SystemError(.ringRegister, errno)) {
        _ = try kernel.ring(connections: few)
      }
    }
    #expect(kernel.strings.files[4...] == [64, 128, 64])
    let other = try kernel.ring(connections: 65)
    #expect(other.files == 32)
  }

  @Test("What has another reason is not tried again, and an operation that is lacking told")
  func other() throws {
    kernel.strings.mostFiles = 60
    kernel.strings.tooMany = .invalid
    #expect(throws: SystemError(.ringRegister, .invalid)) {
      _ = try kernel.ring(connections: 300)
    }
    #expect(kernel.strings.files == [300])
    for operation in [13, 26, 27, 34] as [UInt32] {
      kernel.strings.unknown = operation
      #expect(throws: SystemError(.ringRegister, .notSupported)) {
        _ = try kernel.ring(connections: 16)
      }
    }
  }

  /// Whether a number is a ring's descriptor.
  private func isRing(_ number: Int32) -> Bool {
    var name = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/self/fd/\(number)", &name, 64)
    let bytes = name.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self).contains("io_uring")
  }

  @Test("A ring of the real kernel's goes with its descriptor, and knows its operations")
  func real() {
    var numbers: [Int32] = []
    for _ in 0..<32 {
      // Where the kernel has none, or forbids it.
      guard let ring = try? Ring(entries: 4, completions: 8, system: Linux()) else { return }
      let raw = OpaquePointer(ring.raw)
      #expect(ring.system.ringSupports(raw, operation: 0).value == 1)
      #expect(ring.system.ringSupports(raw, operation: 255).value == 0)
      #expect(ring.system.ringRegisterItself(raw).value == 0)
      numbers.append(ring.raw.pointee.fd)
    }
    // Some may be other tests' by now.
    #expect(Set(numbers).count(where: isRing) < 16)
  }
}
