import TestSupport
import Testing

@testable import Switchboard

@Suite("Socket addresses")
struct SocketAddressTests {
  /// What is given, and how RFC 5952 writes it.
  private static let canonical = [
    ("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::A", "2001:db8::a"),
    ("2001:0db8:0000:0000:0000:0000:0002:0001", "2001:db8::2:1"),
    // One zero group alone is not shortened; of two equal runs the first is.
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"), ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"),
    ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"), ("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("::fffe:0:1", "::fffe:0:1"),
    ("::FFFF:7F00:1", "::ffff:127.0.0.1"), ("[::1]", "::1"),
  ]

  @Test("Addresses are printed as RFC 5952 has them", arguments: canonical)
  func printing(_ given: String, _ expected: String) throws {
    let address = try #require(try SocketAddress.resolve(given, port: 80).first)
    #expect(address.host == expected)
    let v6 = expected.contains(":")
    #expect(address.description == (v6 ? "[\(expected)]:80" : "\(expected):80"))
    #expect(address.family == (v6 ? .v6 : .v4))
    // And what is printed is read back as the same.
    #expect(try SocketAddress.resolve(address.host, port: 80).first == address)
  }

  @Test("Random IPv6 addresses are the same after printing and reading")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 6)
    for _ in 0..<300 {
      // Zero groups are frequent, since they are what is shortened.
      let groups = (0..<8).map { _ in Bool.random(using: &random) ? 0 : random.next() & 0xFFFF }
      let half = { (range: Range<Int>) in groups[range].reduce(0) { $0 << 16 | $1 } }
      let address = SocketAddress(family: .v6, high: half(0..<4), low: half(4..<8), port: 1)
      #expect(try SocketAddress.resolve(address.host, port: 1).first == address)
      #expect(!address.host.contains(":::"))
    }
  }

  @Test(
    "Loopback is 127.0.0.0/8, ::1, and the former mapped",
    arguments: [
      ("127.0.0.1", true), ("127.255.0.9", true), ("128.0.0.1", false), ("126.255.255.255", false),
      ("0.0.0.0", false), ("::1", true), ("::", false), ("::2", false), ("1::1", false),
      ("::ffff:127.0.0.1", true), ("::ffff:128.0.0.1", false), ("::127.0.0.1", false),
    ])
  func loopback(_ host: String, _ expected: Bool) throws {
    #expect(try SocketAddress.resolve(host, port: 0).first?.isLoopback == expected)
  }

  @Test("A mapped IPv4 address counts as IPv4, others as they are")
  func unmapped() throws {
    let mapped = try #require(try SocketAddress.resolve("::ffff:192.0.2.7", port: 5).first)
    #expect(mapped.unmapped.description == "192.0.2.7:5")
    for host in ["::1", "::fffe:1.2.3.4", "1::ffff:1.2.3.4", "10.0.0.1"] {
      let address = try #require(try SocketAddress.resolve(host, port: 5).first)
      #expect(address.unmapped == address)
    }
  }

  @Test("localhost is this machine, with the port that was asked for")
  func name() throws {
    let addresses = try SocketAddress.resolve("localhost", port: 4711)
    #expect(!addresses.isEmpty)
    #expect(addresses.allSatisfy { $0.isLoopback && $0.port == 4711 })
  }

  /// None of these is a name that would be asked of a name server.
  private static let noHosts = [
    "", " ", "[]", "[", "[::1", "::1]", "1.2.3.4 x", ":::", "12345::", "g::1", "no such host",
    "a\u{0}b", "a..b", "::1%nope", String(repeating: "x", count: 5000), "\u{1F600}",
  ]

  @Test("What is no host is refused in one line that names it", arguments: noHosts)
  func garbage(_ host: String) {
    do throws(SocketAddress.ResolutionError) {
      let found = try SocketAddress.resolve(host, port: 1)
      Issue.record("\(found)")
    } catch {
      #expect(error.host == host)
      #expect(error.description.contains("'\(host)'"))
      #expect(!error.description.contains("\n"))
    }
  }
}
