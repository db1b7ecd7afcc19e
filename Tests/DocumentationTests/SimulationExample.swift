import Switchboard
import Testing

// snippet simulated
/// Adds up the bytes of each line, modulo 256, and answers with the sum.
struct Sums: Session {
  private var sum: UInt8 = 0

  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    for index in bytes.indices {
      if bytes[index] == 0x0A {
        connection.write(sum)
        sum = 0
      } else {
        sum &+= bytes[index]
      }
    }
  }

  /// The same, as a function of everything that was sent.
  static func model(_ sent: [UInt8]) -> [UInt8] {
    sent.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
      .map { $0.reduce(0, &+) }
  }
}

@Test func `sums survive a thousand kinds of bad luck`() throws {
  for seed in 0..<50 as Range<UInt64> {
    try simulate(seed: seed, faults: .harsh) { world in
      world.serve { Sums() }
      world.replies(Sums.model)
      world.clients(10) { client in
        for _ in 0..<5 {
          let length = client.random.below(200)
          client.send(client.random.bytes(length) + [0x0A])
          client.wait(.milliseconds(client.random.below(10)))
        }
        client.awaitReplies()
      }
    }
  }
}
// end
