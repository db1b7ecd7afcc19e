import Switchboard
import SwitchboardProtocols

/// What is known of one peer.
struct Peer {
  var reader: RESPReader
  /// In which version it is answered.
  var reply = RESPWriter(.two)
  /// Which of the databases it uses.
  var database = 0
  /// The engine's name for it.
  var number = 0
  /// Nothing more is read from it.
  var isOver = false
  /// What it waits for; nothing is read from it meanwhile.
  var waitsFor: Wait?
  /// Of the few that have any.
  var extras: Extras?

  init(_ limits: RESPLimits) { reader = RESPReader(limits: limits) }

  /// What most peers do not have.
  final class Extras {
    var name: [UInt8] = []
    var library: [UInt8] = []
    var libraryVersion: [UInt8] = []
    /// How others reach it, once it has subscribed to something.
    var handle: Channels.Handle?
    var channels: Set<[UInt8]> = []
    var patterns: Set<[UInt8]> = []
    var transaction: Transaction?
  }

  /// Commands that are carried out together.
  struct Transaction {
    var commands: [(name: CommandName, arguments: RESPArguments)] = []
    /// The memory that they take.
    var byteCount = 0
    /// One of them was wrong, so none of them will be carried out.
    var isSpoiled = false
  }

  /// Lists, one of which it wants an element of.
  struct Wait {
    let keys: [[UInt8]]
    let fromFront: Bool
    let byteCount: Int
  }

  mutating func withExtras<Value>(_ body: (Extras) -> Value) -> Value {
    let known = extras ?? Extras()
    extras = known
    return body(known)
  }

  var isSubscribed: Bool { subscriptionCount > 0 }
  var subscriptionCount: Int {
    guard let extras else { return 0 }
    return extras.channels.count + extras.patterns.count
  }

  /// Bytes that the server holds for what it has not carried out yet.
  var unfinished: Int {
    reader.heldCount + (extras?.transaction?.byteCount ?? 0) + (waitsFor?.byteCount ?? 0)
  }

  /// Gives back what is held for it, which has gone too far.
  mutating func forgetUnfinished() {
    reader = RESPReader(limits: reader.limits)
    extras?.transaction = nil
    waitsFor = nil
  }

  /// Tells it what it did not just ask for.
  func push(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(reply.version == .three ? UInt8(ascii: ">") : UInt8(ascii: "*"))
    connection.write(bytes)
  }
}
