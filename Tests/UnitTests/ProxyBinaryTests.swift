import Testing

@testable import Switchboard

@Suite("PROXY headers of version 2")
struct ProxyBinaryTests {
  /// What the specification says of the two bytes, written down apart from the reader.
  private enum Verdict: Equatable {
    case wrongVersion, wrongCommand, wrongFamily, realEnds, v4, v6, unix
  }

  private func verdict(_ command: UInt8, _ family: UInt8) -> Verdict {
    guard command & 0xF0 == 0x20 else { return .wrongVersion }
    switch command & 0x0F {
    case 0x0: return .realEnds
    case 0x1: break
    default: return .wrongCommand
    }
    switch family {
    case 0x00, 0x01, 0x02, 0x10, 0x20, 0x30: return .realEnds
    case 0x11, 0x12: return .v4
    case 0x21, 0x22: return .v6
    case 0x31, 0x32: return .unix
    default: return .wrongFamily
    }
  }

  @Test("All 65,536 pairs of the two bytes behind the signature are as the specification has them")
  func pairs() {
    // Read as values, should anybody do so: padding to the end.
    let block = RawHeader.value(4, Array(repeating: 0, count: 213))
    for command in UInt8.min...UInt8.max {
      for family in UInt8.min...UInt8.max {
        let reading = ProxyHeader.read(RawHeader.binary(command, family, block))
        let found: Verdict? =
          switch reading {
          case .incomplete: nil
          case .wrong(.wrongVersion(command >> 4)): .wrongVersion
          case .wrong(.wrongCommand(command & 0xF)): .wrongCommand
          case .wrong(.wrongFamily(family)): .wrongFamily
          case .wrong(.valueCutOff), .wrong: nil
          case .whole(let header, 16 + 216):
            header.source.map { [.v4, .v6, .unix][Int($0.family.rawValue)] } ?? .realEnds
          case .whole: nil
          }
        // The end of a longer block need not be whole values behind shorter addresses.
        let wanted = verdict(command, family)
        let isCutOff = reading.fault == .valueCutOff && [.v4, .v6].contains(wanted)
        if !isCutOff, found != wanted { Issue.record("\(command), \(family): \(reading)") }
      }
    }
  }

  @Test("Addresses are taken as they stand there")
  func addresses() throws {
    let v4 = try #require(ProxyHeader.read(RawHeader.binary(0x21, 0x11, RawHeader.v4)).header)
    #expect(v4.source == address("192.0.2.1", 1000))
    #expect(v4.destination == address("198.51.100.2", 443))
    #expect(v4.transport == .stream)
    let high: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + Array(repeating: 0, count: 11) + [1]
    let mapped: [UInt8] = Array(repeating: 0, count: 10) + [255, 255, 192, 0, 2, 1]
    let block = high + mapped + [3, 232, 1, 187]
    let v6 = try #require(ProxyHeader.read(RawHeader.binary(0x21, 0x22, block)).header)
    #expect(v6.source == address("2001:db8::1", 1000))
    #expect(v6.destination == address("192.0.2.1", 443))
    #expect(v6.transport == .datagram)
  }

  @Test("Unix-domain sockets come by their path, their abstract name, or none")
  func unix() throws {
    func room(_ name: [UInt8]) -> [UInt8] { name + Array(repeating: 0, count: 108 - name.count) }
    let path = Array("/run/app.sock".utf8)
    let block = room(path + [0] + Array("rest".utf8)) + room([0] + Array("board".utf8))
    let header = try #require(ProxyHeader.read(RawHeader.binary(0x21, 0x31, block)).header)
    #expect(header.source == .unix("/run/app.sock"))
    #expect(header.destination == .abstract("board"))
    let full = room([]) + Array(repeating: UInt8(ascii: "x"), count: 108)
    let other = try #require(ProxyHeader.read(RawHeader.binary(0x21, 0x31, full)).header)
    #expect(other.source == .unix(""))
    #expect(other.destination == .unix(String(repeating: "x", count: 108)))
  }

  @Test("A block that is shorter than its addresses is refused, whatever follows")
  func tooShort() {
    for (family, count) in [(UInt8(0x11), 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216)] {
      for length in 0..<count {
        let bytes = RawHeader.binary(0x21, family, Array(repeating: 0, count: length))
        #expect(ProxyHeader.read(bytes + Array(repeating: 0, count: 300)).fault == .addressesCutOff)
      }
    }
  }

  @Test("Of a connection of the proxy's own, all is passed over, a filled block of addresses too")
  func local() {
    for family in UInt8.min...UInt8.max {
      let block = RawHeader.v4 + [3, 0, 4, 1, 2, 3, 4, 0xFF]
      let reading = ProxyHeader.read(RawHeader.binary(0x20, family, block))
      #expect(reading == .whole(ProxyHeader(.local), count: 16 + block.count))
    }
  }

  @Test("A header has 4,096 bytes at most, and is refused as soon as it says more")
  func longest() {
    for length in [4080, 4081, 65535] {
      let head = RawHeader.signature + [0x20, 0, UInt8(length >> 8), UInt8(length & 0xFF)]
      let reading = ProxyHeader.read(head)
      #expect(reading == (length > 4080 ? .wrong(.tooLong(16 + length)) : .incomplete))
    }
    let whole = RawHeader.binary(0x20, 0, Array(repeating: 0, count: 4080))
    #expect(ProxyHeader.read(whole).count == 4096)
  }

  @Test("What is said behind the addresses can be read")
  func values() throws {
    let tls: [UInt8] =
      [7, 0, 0, 0, 0] + RawHeader.value(0x21, Array("TLSv1.3".utf8))
      + RawHeader.value(0x22, Array("someone".utf8))
      + RawHeader.value(0x23, Array("TLS_AES_128_GCM_SHA256".utf8))
    let block =
      RawHeader.v4 + RawHeader.value(1, Array("h2".utf8)) + RawHeader.value(4, [])
      + RawHeader.value(2, Array("example.org".utf8)) + RawHeader.value(5, [1, 2, 3])
      + RawHeader.value(0x20, tls) + RawHeader.value(0x30, Array("blue".utf8))
      + RawHeader.value(0xE5, [0xFF])
    let header = try #require(ProxyHeader.read(RawHeader.binary(0x21, 0x11, block)).header)
    #expect(header.alpn == Array("h2".utf8))
    #expect(header.authority == "example.org")
    #expect(header.uniqueID == [1, 2, 3])
    #expect(header.networkNamespace == "blue")
    #expect(header.values.map(\.kind.rawValue) == [1, 4, 2, 5, 0x20, 0x30, 0xE5])
    let told = try #require(header.tls)
    #expect(told.client == [.tls, .certificate, .certificateOfSession] && told.isVerified)
    #expect(told.version == "TLSv1.3" && told.commonName == "someone")
    #expect(told.cipher == "TLS_AES_128_GCM_SHA256")
  }

  @Test("Text that is no UTF-8 is text all the same")
  func notUTF8() {
    let block = RawHeader.v4 + RawHeader.value(2, [0x61, 0xFF, 0xC0])
    let header = ProxyHeader.read(RawHeader.binary(0x21, 0x11, block)).header
    #expect(header?.authority?.unicodeScalars.contains("\u{FFFD}") ?? false)
  }

  @Test("Values that are cut off or longer than they may be are refused")
  func wrongValues() {
    func fault(_ values: [UInt8]) -> ProxyHeaderFault? {
      ProxyHeader.read(RawHeader.binary(0x21, 0x11, RawHeader.v4 + values)).fault
    }
    let value = RawHeader.value(1, [1, 2, 3])
    for count in 1..<value.count { #expect(fault(Array(value.prefix(count))) == .valueCutOff) }
    #expect(fault(RawHeader.value(5, Array(repeating: 1, count: 128))) == nil)
    #expect(fault(RawHeader.value(5, Array(repeating: 1, count: 129))) == .identifierTooLong(129))
    #expect(fault(RawHeader.value(3, [1, 2, 3])) == .malformedChecksum)
    #expect(fault(RawHeader.value(3, [1, 2, 3, 4])) == .wrongChecksum)
    for count in 0..<5 {
      #expect(fault(RawHeader.value(0x20, Array(repeating: 0, count: count))) == .tlsCutOff)
    }
    #expect(fault(RawHeader.value(0x20, [0, 0, 0, 0, 0])) == nil)
    #expect(fault(RawHeader.value(0x20, [0, 0, 0, 0, 0, 0x21, 0, 1])) == .tlsCutOff)
    // Where there are no addresses, what stands there need not be values.
    let loose = RawHeader.binary(0x21, 0, [1, 2])
    #expect(ProxyHeader.read(loose) == .whole(ProxyHeader(.proxy), count: 18))
  }

  @Test("A checksum is that of the whole header, and there is one")
  func checksum() throws {
    var header = ProxyHeader(from: address("192.0.2.1", 1), to: address("192.0.2.2", 2))
    header.add(.authority, Array("example.org".utf8))
    let bytes = try header.encoded(checksum: true)
    #expect(ProxyHeader.read(bytes).count == bytes.count)
    // Without the byte that makes it one.
    for place in 16..<bytes.count where place != bytes.count - 7 {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[place] ^= 1 << bit
        #expect(ProxyHeader.read(damaged).fault != nil)
      }
    }
    let twice = RawHeader.value(3, [0, 0, 0, 0]) + RawHeader.value(3, [0, 0, 0, 0])
    let reading = ProxyHeader.read(RawHeader.binary(0x21, 0x11, RawHeader.v4 + twice))
    #expect(reading.fault == .malformedChecksum)
  }

  @Test("CRC-32C is that of RFC 3720, B.4, and of the check value that all catalogues give")
  func crc() {
    func sum(_ bytes: [UInt8]) -> UInt32 { CRC32C.of(bytes.span) }
    #expect(sum(Array("123456789".utf8)) == 0xE306_9283)
    #expect(sum(Array(repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(sum(Array(repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(sum(Array(0..<32)) == 0x46DD_794E)
    #expect(sum((0..<32).reversed()) == 0x113F_DB5C)
    #expect(sum([]) == 0)
    let blanked = CRC32C.of([1, 9, 9, 4].span, blanking: 1..<3)
    #expect(blanked == sum([1, 0, 0, 4]))
  }
}
