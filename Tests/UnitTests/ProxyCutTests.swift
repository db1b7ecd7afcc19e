import TestSupport
import Testing

@testable import Switchboard

@Suite("PROXY headers, cut and written")
struct ProxyCutTests {
  private var random = SeededGenerator(seed: 15)

  private static func mayFail(_ header: ProxyHeader, _ checksum: Bool) -> [UInt8] {
    (try? header.encoded(checksum: checksum)) ?? []
  }

  private mutating func someAddress(_ family: SocketAddress.Family) -> SocketAddress {
    let port = UInt16.random(in: 0...UInt16.max, using: &random)
    switch family {
    case .v4:
      let low = UInt64(UInt32.random(in: 0...UInt32.max, using: &random))
      return SocketAddress(family: .v4, low: low, port: port)
    case .v6:
      // Runs of zeroes, as real ones have.
      let masks: [UInt64] = [.max, 0xFFFF, 0xFFFF_0000_0000_FFFF, 0xFFFF_FFFF_0000_0000]
      let (high, low) = (
        UInt64.random(in: 1...UInt64.max, using: &random) & masks.randomElement(using: &random)!,
        UInt64.random(in: 0...UInt64.max, using: &random) & masks.randomElement(using: &random)!
      )
      return SocketAddress(family: .v6, high: high, low: low, port: port).unmapped
    case .unix:
      let count = Int.random(in: 0...107, using: &random)
      return .unix(String(repeating: "x", count: count))
    }
  }

  private mutating func someHeader() -> ProxyHeader {
    let version = Bool.random(using: &random) ? ProxyHeader.Version.v1 : .v2
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return ProxyHeader(.proxy, version: version)
    case 1: return ProxyHeader(.local)
    default: break
    }
    let families: [SocketAddress.Family] = version == .v1 ? [.v4, .v6] : [.v4, .v6, .unix]
    let family = families.randomElement(using: &random)!
    var header = ProxyHeader(from: someAddress(family), to: someAddress(family), version: version)
    guard version == .v2 else { return header }
    if Bool.random(using: &random) { header.transport = .datagram }
    for _ in 0..<Int.random(in: 0...4, using: &random) {
      let kinds: [UInt8] = [1, 2, 4, 5, 0x30, 0xE0]
      let count = Int.random(in: 0...60, using: &random)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      header.add(ProxyValue.Kind(rawValue: kinds.randomElement(using: &random)!), bytes)
    }
    return header
  }

  @Test("What is written is read as it was, of 3,000 headers by chance")
  mutating func roundTrip() throws {
    for _ in 0..<3000 {
      let header = someHeader()
      let isSummed = Bool.random(using: &random)
      let bytes = try header.encoded(checksum: isSummed)
      let read = try #require(ProxyHeader.read(bytes).header)
      #expect(ProxyHeader.read(bytes).count == bytes.count)
      #expect(read.source == header.source && read.destination == header.destination)
      #expect((read.version, read.command) == (header.version, header.command))
      let values = read.values.filter { $0.kind != .checksum }
      #expect(values == Array(header.values))
      #expect(try read.encoded(checksum: isSummed) == bytes)
    }
  }

  @Test("However a header is cut, or damaged and cut, the end is the same")
  mutating func cuts() {
    for _ in 0..<300 {
      var bytes = Self.mayFail(someHeader(), Bool.random(using: &random))
      if Bool.random(using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] =
          UInt8.random(in: 0...255, using: &random)
      }
      bytes += Array("GET / HTTP/1.1\r\n\r\n".utf8)
      let whole = ProxyHeader.read(bytes)
      // A length that was damaged may ask for more than there is.
      let end = whole.count ?? bytes.count
      for count in 0...bytes.count {
        let part = ProxyHeader.read(Array(bytes.prefix(count)))
        if count >= end {
          #expect(part == whole)
        } else if part != .incomplete {
          #expect(part == whole && whole.fault != nil)
        }
      }
    }
  }

  @Test(
    "An opening that is given a header in pieces keeps no more than the header, and leaves the rest"
  )
  mutating func openings() {
    let proxy = ProxyProtocol(from: [.unix])
    for _ in 0..<300 {
      let bytes = Self.mayFail(someHeader(), true)
      let all = bytes + Array("behind".utf8)
      let sizes = [1, 2, 7, 100, 5000]
      let size = sizes.randomElement(using: &random)!
      var opening = Opening(proxy)
      var place = 0
      while place < all.count {
        let piece = Array(all[place..<min(all.count, place + size)])
        #expect(opening.ended == (place == 0 ? nil : .cutOff))
        let step = opening.take(piece.span)
        if place + piece.count < bytes.count {
          #expect(step == .receive)
          place += piece.count
          continue
        }
        guard case .open(let header, let used) = step else {
          Issue.record("\(step)")
          return
        }
        #expect(place + used == bytes.count)
        #expect(ProxyHeader.read(bytes).header == header)
        break
      }
    }
  }

  @Test("Addresses of two families go as IPv6, and what a line has no word for is UNKNOWN")
  func mixed() throws {
    var header = ProxyHeader(
      from: address("192.0.2.1", 1), to: address("2001:db8::1", 2), version: .v1)
    let line = "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::1 1 2\r\n"
    #expect(try header.encoded() == Array(line.utf8))
    #expect(ProxyHeader.read(line).header == header)
    header.version = .v2
    #expect(ProxyHeader.read(try header.encoded()).header == header)
    let unix = ProxyHeader(from: .unix("/a"), to: .unix("/b"), version: .v1)
    #expect(try unix.encoded() == Array("PROXY UNKNOWN\r\n".utf8))
    let half = ProxyHeader(from: .unix("/a"), to: address("192.0.2.1", 1))
    #expect(ProxyHeader.read(try half.encoded()).header?.source == nil)
  }

  @Test("A header that is longer than anybody takes is not written")
  func tooLong() {
    var header = ProxyHeader(from: address("192.0.2.1", 1), to: address("192.0.2.2", 2))
    header.add(.authority, Array(repeating: 0x61, count: 4000))
    #expect(throws: Never.self) { try header.encoded() }
    header.add(.padding, Array(repeating: 0, count: 62))
    #expect(throws: Never.self) { try header.encoded() }
    #expect(throws: ProxyHeaderFault.tooLong(4103)) { try header.encoded(checksum: true) }
    header.add(.padding, Array(repeating: 0, count: 100_000))
    #expect(throws: ProxyHeaderFault.self) { try header.encoded() }
    var named = ProxyHeader(.proxy)
    named.add(.uniqueID, Array(repeating: 1, count: 129))
    #expect(throws: ProxyHeaderFault.identifierTooLong(129)) { try named.encoded() }
  }
}

@Suite("Prefixes of addresses")
struct AddressPrefixTests {
  @Test("A prefix holds those that begin like it, IPv4 also where it is mapped into IPv6")
  func holds() throws {
    let ten = try #require(AddressPrefix("10.0.0.0/8"))
    #expect(ten.contains(address("10.255.3.4", 80)))
    #expect(ten.contains(address("::ffff:10.1.2.3", 80)))
    #expect(!ten.contains(address("11.0.0.0", 80)))
    #expect(!ten.contains(address("::a00:1", 80)))
    let mapped = try #require(AddressPrefix("::ffff:10.0.0.0/104"))
    #expect(mapped == ten && "\(mapped)" == "10.0.0.0/8")
    let documentation = try #require(AddressPrefix("2001:db8::/33"))
    #expect(documentation.contains(address("2001:db8:7fff::1", 1)))
    #expect(!documentation.contains(address("2001:db8:8000::1", 1)))
    let low = try #require(AddressPrefix("2001:db8::8000/113"))
    #expect(low.contains(address("2001:db8::ffff", 1)))
    #expect(!low.contains(address("2001:db8::7fff", 1)))
    #expect(!low.contains(address("2001:db9::8000", 1)))
    let one = try #require(AddressPrefix("192.0.2.1"))
    #expect(one == AddressPrefix(address("192.0.2.1", 99)) && "\(one)" == "192.0.2.1")
    #expect(!one.contains(address("192.0.2.2", 0)))
    for all in ["0.0.0.0/0", "::/0"] {
      let prefix = try #require(AddressPrefix(all))
      #expect(prefix.contains(address("203.0.113.9", 1)) == all.contains("."))
      #expect(prefix.contains(address("2001:db8::1", 1)) == all.contains(":"))
      #expect(!prefix.contains(.unix("/a")))
    }
    #expect(AddressPrefix("unix") == .unix && AddressPrefix.unix.contains(.abstract("x")))
    #expect(!AddressPrefix.unix.contains(address("127.0.0.1", 1)))
  }

  @Test(
    "What is no prefix is none",
    arguments: [
      "", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8",
      "10.0.0.1/8", "10.0.0/8", "10.0.0.0 /8", "::/129", "::1/64", "::ffff:10.0.0.0/95",
      "localhost",
      "unix/8", "010.0.0.0/8", "10.0.0.0/+8", "*",
    ])
  func none(_ text: String) { #expect(AddressPrefix(text) == nil) }
}
