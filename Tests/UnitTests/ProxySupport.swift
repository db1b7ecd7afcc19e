@testable import Switchboard

/// Headers of the PROXY protocol put together by hand, for tests of their reader.
enum RawHeader {
  static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 0x51, 0x55, 0x49, 0x54, 10]

  /// 192.0.2.1:1000 to 198.51.100.2:443.
  static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 3, 232, 1, 187]

  static func binary(_ command: UInt8, _ family: UInt8, _ block: [UInt8]) -> [UInt8] {
    signature + [command, family, UInt8(block.count >> 8), UInt8(block.count & 0xFF)] + block
  }

  static func value(_ kind: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [kind, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
  }
}

extension ProxyHeader {
  static func read(_ bytes: [UInt8], _ versions: Versions = .any) -> ProxyHeaderReading {
    read(bytes.span, versions)
  }

  static func read(_ text: String, _ versions: Versions = .any) -> ProxyHeaderReading {
    read(Array(text.utf8), versions)
  }
}

extension ProxyHeaderReading {
  var header: ProxyHeader? {
    if case .whole(let header, _) = self { header } else { nil }
  }
  var fault: ProxyHeaderFault? {
    if case .wrong(let fault) = self { fault } else { nil }
  }
  var count: Int? {
    if case .whole(_, let count) = self { count } else { nil }
  }
}

/// An address as it is written, with a port.
func address(_ text: String, _ port: UInt16) -> SocketAddress {
  guard var address = AddressText.address(Array(text.utf8).span) else {
    preconditionFailure("\(text) is no address")
  }
  address.port = port
  return address
}
