import Testing

@testable import Switchboard

@Suite("Connections per address")
struct AddressCountTests {
  private func origin(_ text: String) throws -> AddressCounts.Origin {
    let address = try #require(try SocketAddress.resolve(text, port: 9).first)
    return try #require(AddressCounts.Origin(address))
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
    #expect(counts.leave(0) == nil)
    #expect(counts.admit(one) == .admitted)
    counts.note(one, at: 0)
    #expect(counts.admit(one) == .refused)
    let told = ([0, 1, 7, 7, 5] as [UInt32]).map { counts.leave($0) }
    let address = SocketAddress(family: .v4, low: 0xC000_0201, port: 0)
    #expect(told == [nil, .init(address: address, count: 3), nil, nil, nil])
    #expect(counts.count == 0)
    for _ in 0..<2 { #expect(counts.admit(one) == .admitted) }
    #expect(counts.admit(one) == .refusedFirst)
  }

  @Test("Those that are refused are counted, and told in a few lines however many they are")
  func refusals() throws {
    var counts = AddressCounts(limit: 1)
    let one = try origin("2001:db8:0:1::1")
    #expect(counts.admit(one) == .admitted)
    counts.note(one, at: 0)
    var told: [Int] = []
    for number in 1...12_345 {
      switch counts.admit(one) {
      case .admitted: Issue.record("number \(number) was admitted")
      case .refusedFirst: told.append(1)
      case .refusedMany(let count): told.append(count)
      case .refused: break
      }
    }
    #expect(told == [1, 10, 100, 1000, 10_000])
    let left = counts.leave(0)
    let rest = try #require(left)
    #expect(rest.count == 12_345 && rest.address.host == "2001:db8:0:1::")
    #expect(rest.address.port == 0)
    // One that was refused once has been told of.
    #expect(counts.admit(one) == .admitted)
    counts.note(one, at: 0)
    #expect(counts.admit(one) == .refusedFirst)
    #expect(counts.leave(0) == nil)
  }

  @Test("A slot whose connection has gone, or that never had one that counts, gives nothing back")
  func gone() throws {
    var counts = AddressCounts(limit: 2)
    let one = try origin("192.0.2.1")
    for index in 0..<2 as Range<UInt32> {
      #expect(counts.admit(one) == .admitted)
      counts.note(one, at: index)
    }
    for index in [0, 0, 2, 3, 100, 0] as [UInt32] { _ = counts.leave(index) }
    #expect(counts.count == 1)
    #expect(counts.admit(one) == .admitted)
    #expect(counts.admit(one) == .refusedFirst)
  }

  @Test("Without a limit nothing is counted")
  func unlimited() throws {
    var counts = AddressCounts(limit: nil)
    for _ in 0..<1000 { #expect(counts.admit(try origin("192.0.2.1")) == .admitted) }
    #expect(counts.count == 0)
  }
}
