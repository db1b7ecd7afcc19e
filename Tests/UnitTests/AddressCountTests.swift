import Testing

@testable import Switchboard

@Suite("Connections per address")
struct AddressCountTests {
  private func origin(_ text: String) throws -> AddressCounts.Origin {
    AddressCounts.Origin(try #require(try SocketAddress.resolve(text, port: 9).first))
  }

  @Test("An IPv4 address counts as itself when it comes mapped into IPv6")
  func mapped() throws {
    #expect(try origin("192.0.2.7") == origin("::ffff:192.0.2.7"))
    #expect(try origin("192.0.2.7") != origin("192.0.2.8"))
    #expect(try origin("0.0.0.1") != origin("::1"))
  }

  @Test("IPv6 addresses count by their first 64 bits")
  func networks() throws {
    #expect(try origin("2001:db8:0:1::1") == origin("2001:db8:0:1:ffff::9"))
    #expect(try origin("2001:db8:0:1::1") != origin("2001:db8:0:2::1"))
  }

  @Test("Only the address that has too many is refused, and told once until it has none")
  func limit() throws {
    var counts = AddressCounts(limit: 2)
    let (one, other) = (try origin("192.0.2.1"), try origin("192.0.2.2"))
    for index in 0..<2 {
      #expect(counts.admit(one) == .admitted)
      counts.note(one, at: UInt32(index))
    }
    #expect(counts.admit(one) == .refusedFirst)
    #expect(counts.admit(one) == .refused)
    #expect(counts.admit(other) == .admitted)
    counts.note(other, at: 7)
    counts.leave(0)
    #expect(counts.admit(one) == .admitted)
    counts.note(one, at: 0)
    #expect(counts.admit(one) == .refused)
    for index in [0, 1, 7, 7, 5] as [UInt32] { counts.leave(index) }
    #expect(counts.count == 0)
    for _ in 0..<2 { #expect(counts.admit(one) == .admitted) }
    #expect(counts.admit(one) == .refusedFirst)
  }

  @Test("Without a limit nothing is counted")
  func unlimited() throws {
    var counts = AddressCounts(limit: nil)
    for _ in 0..<1000 { #expect(counts.admit(try origin("192.0.2.1")) == .admitted) }
    #expect(counts.count == 0)
  }
}
