/// Why bytes are no header of the PROXY protocol that may be taken, or cannot be written as one.
public enum ProxyHeaderFault: Error, Hashable, Sendable {
  /// The connection does not begin with a header of a version that is taken.
  case noHeader(ProxyHeader.Versions)
  /// Version 1: a carriage return or line feed that is not the end of the line.
  case bareLineEnd
  /// Version 1: no end of the line within 107 bytes.
  case lineTooLong
  /// Version 1: neither `TCP4` nor `TCP6` nor `UNKNOWN`.
  case unknownProtocol
  /// Version 1: not two addresses and two ports with single spaces between.
  case wrongFields
  /// Version 1: an address that is none of the family, or may be read in two ways.
  case wrongAddress(ProxyHeader.Side)
  /// Version 1: a port that is none, or has zeroes before it.
  case wrongPort(ProxyHeader.Side)
  /// Version 2: the version's four bits say another one.
  case wrongVersion(UInt8)
  /// Version 2: neither LOCAL nor PROXY.
  case wrongCommand(UInt8)
  /// Version 2: a family or transport that the specification does not have.
  case wrongFamily(UInt8)
  /// Longer than ``ProxyHeader/longest``: so many bytes.
  case tooLong(Int)
  /// Version 2: shorter than its addresses.
  case addressesCutOff
  /// Version 2: shorter than what is said behind the addresses.
  case valueCutOff
  /// Version 2: the checksum is not four bytes, or there are two.
  case malformedChecksum
  /// Version 2: the checksum is that of other bytes.
  case wrongChecksum
  /// Version 2: an identifier of more than 128 bytes.
  case identifierTooLong(Int)
  /// Version 2: what is said of TLS is cut off.
  case tlsCutOff
}

extension ProxyHeaderFault: CustomStringConvertible {
  /// What was wrong.
  public var description: String {
    switch self {
    case .noHeader(let versions):
      "it does not begin with a PROXY header\(versions.inWords); "
        + "have the proxy send one, or expect none"
    case .bareLineEnd: "a CR or LF stands in the line of the PROXY header"
    case .lineTooLong:
      "the line of the PROXY header does not end within \(ProxyHeader.longestLine) bytes"
    case .unknownProtocol: "the PROXY header is for neither TCP4 nor TCP6 nor UNKNOWN"
    case .wrongFields:
      "the PROXY header is not two addresses and two ports with single spaces between"
    case .wrongAddress(let side): "the \(side.rawValue) address of the PROXY header is none"
    case .wrongPort(let side): "the \(side.rawValue) port of the PROXY header is none"
    case .wrongVersion(let version):
      "the PROXY header says that its version is \(version), and not 2"
    case .wrongCommand(let command):
      "the PROXY header's command is \(command): neither LOCAL nor PROXY"
    case .wrongFamily(let byte):
      "the PROXY header's family and transport are 0x\(String(byte, radix: 16)), which there are not"
    case .tooLong(let count):
      "the PROXY header is \(count) bytes long; \(ProxyHeader.longest) are the most"
    case .addressesCutOff: "the PROXY header is shorter than its addresses"
    case .valueCutOff: "the PROXY header ends within a value behind its addresses"
    case .malformedChecksum: "the PROXY header's checksum is not one of four bytes"
    case .wrongChecksum: "the PROXY header's checksum is that of other bytes"
    case .identifierTooLong(let count):
      "the PROXY header's identifier has \(count) bytes; \(ProxyHeader.longestIdentifier) are the most"
    case .tlsCutOff: "what the PROXY header says of TLS is cut off"
    }
  }
}

extension ProxyHeader.Versions {
  fileprivate var inWords: String {
    switch self {
    case .v1: " of version 1"
    case .v2: " of version 2"
    case .any: ""
    }
  }
}
