/// The checksum of the PROXY protocol's second version: CRC-32C, as iSCSI has it (RFC 3720, 12.1).
struct CRC32C {
  private static let polynomial: UInt32 = 0x82F6_3B78

  /// What a byte does to the sum.
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ polynomial : sum >> 1 }
  }

  private var sum = UInt32.max

  /// Of what was added so far.
  var value: UInt32 { ~sum }

  mutating func add(_ byte: UInt8) {
    sum = CRC32C.table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] ^ sum >> 8
  }

  /// Of bytes, with nothing in place of some of them.
  static func of(_ bytes: Span<UInt8>, blanking blank: Range<Int> = 0..<0) -> UInt32 {
    var sum = CRC32C()
    for index in bytes.indices { sum.add(blank.contains(index) ? 0 : bytes[index]) }
    return sum.value
  }
}
