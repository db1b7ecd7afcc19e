import Testing

@testable import Switchboard

@Suite("PROXY headers of version 1")
struct ProxyLineTests {
  @Test("The addresses and ports are those of the line, and what follows is not looked at")
  func addresses() throws {
    let line = "PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n"
    for behind in ["", "\r\n", "PROXY TCP4", "GET / HTTP/1.1\r\n"] {
      let reading = ProxyHeader.read(line + behind)
      #expect(reading.count == line.utf8.count)
      let header = try #require(reading.header)
      #expect(header.version == .v1 && header.command == .proxy && header.transport == .stream)
      #expect(header.source == address("192.0.2.1", 1000))
      #expect(header.destination == address("198.51.100.2", 443))
      #expect(Array(header.values) == [])
    }
    let v6 = ProxyHeader.read("PROXY TCP6 2001:db8::1 FE80::a:0:0 0 65535\r\n").header
    #expect(v6?.source == address("2001:db8::1", 0))
    #expect(v6?.destination == address("fe80::a:0:0", 65535))
  }

  @Test("An IPv4 address that comes mapped into IPv6 is IPv4")
  func mapped() {
    let line = "PROXY TCP6 ::ffff:192.0.2.1 ::ffff:c633:6402 1000 443\r\n"
    let header = ProxyHeader.read(line).header
    #expect(header?.source == address("192.0.2.1", 1000))
    #expect(header?.destination == address("198.51.100.2", 443))
  }

  @Test(
    "Of UNKNOWN the rest is passed over, whatever it says",
    arguments: [
      "", " ", " 1.2.3.4", " 1.2.3.4 1.2.3.4 1 2 3 4", " \0\u{7F}ä",
      " ffff:f...f:ffff ffff:f...f:ffff 65535 65535",
    ])
  func unknown(_ rest: String) {
    let line = "PROXY UNKNOWN\(rest)\r\n"
    let reading = ProxyHeader.read(line)
    #expect(reading.header == ProxyHeader(.proxy, version: .v1))
    #expect(reading.count == line.utf8.count)
  }

  @Test(
    "What is not exactly as the rules have it is refused",
    arguments: [
      ("PROXY TCP4 192.0.2.1 198.51.100.2 01000 443", .wrongPort(.source)),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 1000 00", .wrongPort(.destination)),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443", .wrongPort(.source)),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 -1 443", .wrongPort(.source)),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 99999999999999999999 443", .wrongPort(.source)),
      ("PROXY TCP4 192.0.2.01 198.51.100.2 1 2", .wrongAddress(.source)),
      ("PROXY TCP4 192.0.2.256 198.51.100.2 1 2", .wrongAddress(.source)),
      ("PROXY TCP4 192.0.2 198.51.100.2 1 2", .wrongAddress(.source)),
      ("PROXY TCP4 192.0.2.1.1 198.51.100.2 1 2", .wrongAddress(.source)),
      ("PROXY TCP4 192.0.2.1 2001:db8::1 1 2", .wrongAddress(.destination)),
      ("PROXY TCP6 192.0.2.1 2001:db8::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 2001:db8::1 1:2:3:4:5:6:7 1 2", .wrongAddress(.destination)),
      ("PROXY TCP6 1::2::3 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 1:2:3:4:5:6:7::8 ::1 1 2", nil),
      ("PROXY TCP6 1:2:3:4::5:6:7:8 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 fe80::1%eth0 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 [::1] ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 : ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 ::: ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 12345::1 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 1:2:3:4:5:6:7: ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 :1:2:3:4:5:6:7:8 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP6 ::1.2.3.4:5 ::1 1 2", .wrongAddress(.source)),
      ("PROXY TCP4  192.0.2.1 198.51.100.2 1 2", .wrongFields),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 1 2 ", .wrongFields),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 1  2", .wrongFields),
      ("PROXY TCP4\t192.0.2.1 198.51.100.2 1 2", .unknownProtocol),
      ("PROXY TCP4 192.0.2.1 198.51.100.2 1", .wrongFields),
      ("PROXY TCP4 ", .wrongFields),
      ("PROXY TCP4", .wrongFields),
      ("PROXY  TCP4 192.0.2.1 198.51.100.2 1 2", .unknownProtocol),
      ("PROXY TCP5 192.0.2.1 198.51.100.2 1 2", .unknownProtocol),
      ("PROXY UDP4 192.0.2.1 198.51.100.2 1 2", .unknownProtocol),
      ("PROXY UNKNOWNS", .unknownProtocol),
      ("PROXY ", .unknownProtocol),
      ("proxy TCP4 192.0.2.1 198.51.100.2 1 2", .noHeader(.any)),
      ("PROXY\u{0}", .noHeader(.any)),
    ] as [(String, ProxyHeaderFault?)])
  func wrong(_ line: String, _ fault: ProxyHeaderFault?) {
    // Eight groups and a gap of none of them is one too many.
    let expected = fault ?? .wrongAddress(.source)
    #expect(ProxyHeader.read(line + "\r\n").fault == expected)
  }

  @Test("A carriage return or line feed stands nowhere but at the end")
  func ends() {
    let line = Array("PROXY TCP4 192.0.2.1 198.51.100.2 1000 443\r\n".utf8)
    for place in 6..<line.count - 2 {
      for byte in [UInt8(ascii: "\r"), UInt8(ascii: "\n")] {
        var bytes = line
        bytes[place] = byte
        #expect(ProxyHeader.read(bytes).fault == .bareLineEnd)
      }
    }
    #expect(ProxyHeader.read("PROXY UNKNOWN\n").fault == .bareLineEnd)
    #expect(ProxyHeader.read("PROXY UNKNOWN\r\r\n").fault == .bareLineEnd)
    #expect(ProxyHeader.read("PROXY UNKNOWN\r") == .incomplete)
  }

  @Test("A line has 107 bytes at most, with its end")
  func longest() {
    func line(_ count: Int) -> String {
      "PROXY UNKNOWN " + String(repeating: "x", count: count - 16) + "\r\n"
    }
    #expect(ProxyHeader.read(line(107)).count == 107)
    #expect(ProxyHeader.read(line(108)).fault == .lineTooLong)
    #expect(ProxyHeader.read(String(line(200).prefix(106))) == .incomplete)
    #expect(ProxyHeader.read(String(line(200).prefix(107))).fault == .lineTooLong)
    let full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    let longest = "PROXY TCP6 \(full) \(full) 65535 65535\r\n"
    #expect(ProxyHeader.read(longest).count == 104)
  }

  @Test("Only the version that is wanted is taken")
  func versions() {
    let line = "PROXY UNKNOWN\r\n"
    #expect(ProxyHeader.read(line, .v1).count == line.utf8.count)
    #expect(ProxyHeader.read(line, .v2).fault == .noHeader(.v2))
    #expect(ProxyHeader.read("P", .v2).fault == .noHeader(.v2))
    let binary = RawHeader.binary(0x20, 0, [])
    #expect(ProxyHeader.read(binary, .v2).count == 16)
    #expect(ProxyHeader.read(binary, .v1).fault == .noHeader(.v1))
    #expect(ProxyHeader.read([13], .v1).fault == .noHeader(.v1))
    for byte in UInt8.min...UInt8.max where byte != 13 && byte != UInt8(ascii: "P") {
      #expect(ProxyHeader.read([byte]).fault == .noHeader(.any))
    }
  }
}
