import Switchboard
import SwitchboardProtocols

/// Commands for a peer's own connection.
extension Engine {
  mutating func carryOutConnection(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .auth: try authenticate(words, &peer, &connection)
    case .client: try client(words, &peer, &connection)
    case .echo: peer.reply.bulk(words.extracting(range(1)), to: &connection)
    case .hello: try hello(words, &peer, &connection)
    case .quit:
      peer.reply.ok(to: &connection)
      end(&peer, &connection)
    case .select: try select(words, &peer, &connection)
    default: reset(&peer, &connection)
    }
  }

  func ping(
    _ words: Span<UInt8>, _ peer: Peer, _ connection: inout Connection
  ) throws(CommandError) {
    guard arguments.count <= 2 else {
      throw .other("ERR wrong number of arguments for 'ping' command")
    }
    let hasText = arguments.count == 2
    if peer.reply.version == .two, peer.isSubscribed {
      // A subscriber takes nothing but arrays for messages.
      peer.reply.array(2, to: &connection)
      peer.reply.bulk("pong", to: &connection)
      peer.reply.bulk(words.extracting(hasText ? range(1) : 0..<0), to: &connection)
    } else if hasText {
      peer.reply.bulk(words.extracting(range(1)), to: &connection)
    } else {
      peer.reply.simple("PONG", to: &connection)
    }
  }

  private mutating func select(
    _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    guard let number = Int(decimal: words.extracting(range(1))) else { throw .notInteger }
    guard (0..<Store.databaseCount).contains(number) else {
      throw .other("ERR DB index is out of range")
    }
    peer.database = number
    peer.reply.ok(to: &connection)
  }

  private mutating func reset(_ peer: inout Peer, _ connection: inout Connection) {
    forgetSubscriptions(&peer)
    peer.extras = nil
    peer.database = 0
    peer.reply = RESPWriter(.two)
    peer.reply.simple("RESET", to: &connection)
  }

  // ------------------------------------------------------------------------------ passwords

  /// There is one user, without a password.
  private func authenticate(
    _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    guard arguments.count <= 3 else { throw .syntax }
    guard arguments.count == 3 else {
      throw .other(
        "ERR AUTH <password> called without any password configured for the default user. "
          + "Are you sure your configuration is correct?")
    }
    try checkUser(words.extracting(range(1)))
    peer.reply.ok(to: &connection)
  }

  private func checkUser(_ name: Span<UInt8>) throws(CommandError) {
    guard name.text == "default" else {
      throw .other("WRONGPASS invalid username-password pair or user is disabled.")
    }
  }

  // ---------------------------------------------------------------------------------- hello

  private func hello(
    _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    var version = peer.reply.version
    if arguments.count > 1 {
      guard let number = Int(decimal: words.extracting(range(1))) else {
        throw .other("ERR Protocol version is not an integer or out of range")
      }
      guard let known = RESPVersion(rawValue: number) else {
        throw .other("NOPROTO unsupported protocol version")
      }
      version = known
    }
    let name = try helloOptions(words)
    if let name { peer.withExtras { $0.name = name } }
    peer.reply.version = version
    introduce(peer, &connection)
  }

  /// The name that the peer wants to have, where it gives one.
  private func helloOptions(_ words: Span<UInt8>) throws(CommandError) -> [UInt8]? {
    var (index, name) = (2, [UInt8]?.none)
    while index < arguments.count {
      let (option, left) = (words.extracting(range(index)), arguments.count - index - 1)
      if option.spells("AUTH"), left >= 2 {
        try checkUser(words.extracting(range(index + 1)))
        index += 3
      } else if option.spells("SETNAME"), left >= 1 {
        name = try checkedName(words.extracting(range(index + 1)))
        index += 2
      } else {
        throw .other("ERR Syntax error in HELLO option '\(option.text)'")
      }
    }
    return name
  }

  private func introduce(_ peer: Peer, _ connection: inout Connection) {
    let reply = peer.reply
    reply.map(7, to: &connection)
    for (key, value) in [("server", "switchboard"), ("version", Engine.compatibleVersion)] {
      reply.bulk(key, to: &connection)
      reply.bulk(value, to: &connection)
    }
    for (key, value) in [("proto", reply.version.rawValue), ("id", peer.number)] {
      reply.bulk(key, to: &connection)
      reply.integer(value, to: &connection)
    }
    for (key, value) in [("mode", "standalone"), ("role", "master")] {
      reply.bulk(key, to: &connection)
      reply.bulk(value, to: &connection)
    }
    reply.bulk("modules", to: &connection)
    reply.array(0, to: &connection)
  }

  // --------------------------------------------------------------------------------- client

  private func client(
    _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    let (word, count) = (words.extracting(range(1)), arguments.count)
    if word.spells("SETNAME"), count == 3 {
      let name = try checkedName(words.extracting(range(2)))
      peer.withExtras { $0.name = name }
      peer.reply.ok(to: &connection)
    } else if word.spells("GETNAME"), count == 2 {
      let name = peer.extras?.name ?? []
      if name.isEmpty {
        peer.reply.null(to: &connection)
      } else {
        peer.reply.bulk(name.span, to: &connection)
      }
    } else if word.spells("SETINFO"), count == 4 {
      try setInfo(words, &peer)
      peer.reply.ok(to: &connection)
    } else if word.spells("ID"), count == 2 {
      peer.reply.integer(peer.number, to: &connection)
    } else if word.spells("INFO"), count == 2 {
      peer.reply.verbatim(line(of: peer), to: &connection)
    } else {
      throw .unknownPart(of: .client, word.text)
    }
  }

  private func setInfo(_ words: Span<UInt8>, _ peer: inout Peer) throws(CommandError) {
    let option = words.extracting(range(2))
    let value = try checkedName(words.extracting(range(3)))
    if option.spells("LIB-NAME") {
      peer.withExtras { $0.library = value }
    } else if option.spells("LIB-VER") {
      peer.withExtras { $0.libraryVersion = value }
    } else {
      throw .other("ERR Unrecognized option '\(option.text)'")
    }
  }

  private func checkedName(_ name: Span<UInt8>) throws(CommandError) -> [UInt8] {
    guard name.count <= Channels.longestName else { throw .nameTooLong }
    for index in name.indices where !(0x21...0x7E).contains(name[index]) {
      throw .other("ERR Client names cannot contain spaces, newlines or special characters.")
    }
    return Array(copying: name)
  }

  /// What is known of a peer, in one line.
  private func line(of peer: Peer) -> String {
    func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
    let extras = peer.extras
    return "id=\(peer.number) name=\(text(extras?.name)) db=\(peer.database) "
      + "sub=\(extras?.channels.count ?? 0) psub=\(extras?.patterns.count ?? 0) "
      + "multi=\(extras?.transaction?.commands.count ?? -1) resp=\(peer.reply.version.rawValue) "
      + "lib-name=\(text(extras?.library)) lib-ver=\(text(extras?.libraryVersion))\n"
  }
}
