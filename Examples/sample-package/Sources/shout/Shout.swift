import Switchboard

/// Answers everything in capital letters.
struct Shout: Session {
  mutating func opened(_ connection: inout Connection) {
    connection.write("Say something.\n")
  }

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      let byte = bytes[index]
      connection.write(byte >= 0x61 && byte <= 0x7A ? byte & 0xDF : byte)
    }
  }
}
