import Switchboard
import SwitchboardProtocols

/// Commands that are kept and carried out together, and those that are refused meanwhile.
extension Engine {
  /// Whether a command is not carried out now: kept for later, or refused, and the peer told.
  mutating func isKept(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) -> Bool {
    if peer.reply.version == .two, peer.isSubscribed, !name.isForSubscribers {
      peer.reply.error(
        "ERR Can't execute '\(name.rawValue)': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / "
          + "RESET are allowed in this context", to: &connection)
      return true
    }
    guard let extras = peer.extras, extras.transaction != nil, !name.isForTransactions else {
      return false
    }
    extras.transaction?.byteCount +=
      arguments.byteCount + Engine.memoryOfKept + arguments.count * MemoryLayout<Range<Int>>.stride
    extras.transaction?.commands.append((name, arguments.copied(from: words)))
    peer.reply.simple("QUEUED", to: &connection)
    return true
  }

  /// About what a kept command takes beside its arguments.
  private static var memoryOfKept: Int { 128 }

  mutating func carryOutTransaction(
    _ name: CommandName, _ peer: inout Peer, _ connection: inout Connection
  ) {
    switch (name, peer.extras?.transaction) {
    case (.multi, nil):
      peer.withExtras { $0.transaction = Peer.Transaction() }
      peer.reply.ok(to: &connection)
    case (.multi, _):
      peer.reply.error("ERR MULTI calls can not be nested", to: &connection)
    case (_, nil):
      peer.reply.error("ERR \(name.rawValue.uppercased()) without MULTI", to: &connection)
    case (.exec, let transaction?):
      peer.extras?.transaction = nil
      execute(transaction, &peer, &connection)
    default:
      peer.extras?.transaction = nil
      peer.reply.ok(to: &connection)
    }
  }

  private mutating func execute(
    _ transaction: Peer.Transaction, _ peer: inout Peer, _ connection: inout Connection
  ) {
    guard !transaction.isSpoiled else {
      return peer.reply.error(
        "EXECABORT Transaction discarded because of previous errors.", to: &connection)
    }
    isInTransaction = true
    defer { isInTransaction = false }
    peer.reply.array(transaction.commands.count, to: &connection)
    for command in transaction.commands {
      arguments = command.arguments
      guard let words = arguments.takeOwn() else { continue }
      store.selected = peer.database
      if command.name.mayGrow, store.isFull(for: mostGrowth) {
        peer.reply.error(CommandError.memory.text, to: &connection)
      } else {
        perform(command.name, words.span, &peer, &connection)
      }
    }
  }
}
