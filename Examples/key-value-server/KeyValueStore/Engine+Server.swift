import Switchboard
import SwitchboardProtocols

/// Commands for the server.
extension Engine {
  /// Clients ask for a version to know which commands there are: the one whose commands these are.
  static let compatibleVersion = "7.0.0"

  mutating func carryOutServer(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .command: try describe(words, peer.reply, &connection)
    case .config: try configure(words, peer.reply, &connection)
    case .dbsize: peer.reply.integer(store.count, to: &connection)
    case .flushall, .flushdb: try flush(name, words, peer.reply, &connection)
    case .function:
      // There are none, so they are removed already.
      guard words.extracting(range(1)).spells("FLUSH") else {
        throw .unknownPart(of: .function, words.extracting(range(1)).text)
      }
      peer.reply.ok(to: &connection)
    default: peer.reply.verbatim(information(words), to: &connection)
    }
  }

  private mutating func flush(
    _ name: CommandName, _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    for index in 1..<arguments.count {
      let word = words.extracting(range(index))
      guard word.spells("SYNC") || word.spells("ASYNC"), arguments.count == 2 else { throw .syntax }
    }
    if name == .flushall { store.clearAll() } else { store.clear() }
    reply.ok(to: &connection)
  }

  // --------------------------------------------------------------------------- configuration

  private var configuration: [(name: String, value: String)] {
    [
      ("appendonly", "no"), ("databases", "\(Store.databaseCount)"),
      ("maxmemory", "\(store.limit)"),
      ("maxmemory-policy", "noeviction"), ("proto-max-bulk-len", "\(options.limits.bulk)"),
      ("save", ""), ("timeout", "0"),
    ]
  }

  private mutating func configure(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    let (word, count) = (words.extracting(range(1)), arguments.count)
    if word.spells("GET"), count >= 3 {
      var found: [(name: String, value: String)] = []
      for entry in configuration where try isAsked(for: entry.name, words) { found.append(entry) }
      reply.map(found.count, to: &connection)
      for entry in found {
        reply.bulk(entry.name, to: &connection)
        reply.bulk(entry.value, to: &connection)
      }
    } else if word.spells("SET"), count == 4 {
      try set(words.extracting(range(2)), to: words.extracting(range(3)))
      reply.ok(to: &connection)
    } else if word.spells("RESETSTAT"), count == 2 {
      reply.ok(to: &connection)
    } else {
      throw .unknownPart(of: .config, word.text)
    }
  }

  private func isAsked(for name: String, _ words: Span<UInt8>) throws(CommandError) -> Bool {
    let name = Array(name.utf8)
    for index in 2..<arguments.count {
      let pattern = words.extracting(range(index))
      guard pattern.count <= Channels.longestName else { throw .nameTooLong }
      if Array(pattern.text.lowercased().utf8).span.fits(name.span) { return true }
    }
    return false
  }

  private mutating func set(_ name: Span<UInt8>, to value: Span<UInt8>) throws(CommandError) {
    guard name.spells("MAXMEMORY") else {
      throw .other(
        "ERR Unknown option or number of arguments for CONFIG SET - '\(name.text)'")
    }
    guard let bytes = Int(decimal: value), bytes > 0, bytes <= Engine.mostMemory else {
      throw .other(
        "ERR CONFIG SET failed (possibly related to argument 'maxmemory') - argument must be a number "
          + "of bytes from 1 to \(Engine.mostMemory)")
    }
    store.limit = bytes
  }

  private static var mostMemory: Int { 1 << 44 }

  // -------------------------------------------------------------------------------- commands

  private func describe(
    _ words: Span<UInt8>, _ reply: RESPWriter, _ connection: inout Connection
  ) throws(CommandError) {
    guard arguments.count > 1 else {
      return describe(CommandName.allCases, reply, &connection)
    }
    let word = words.extracting(range(1))
    if word.spells("COUNT") {
      reply.integer(CommandName.allCases.count, to: &connection)
    } else if word.spells("LIST") {
      reply.array(CommandName.allCases.count, to: &connection)
      for name in CommandName.allCases { reply.bulk(name.rawValue, to: &connection) }
    } else if word.spells("INFO") {
      describe(arguments.count == 2 ? CommandName.allCases : named(words), reply, &connection)
    } else if word.spells("DOCS") {
      let names = arguments.count == 2 ? CommandName.allCases : named(words).compactMap { $0 }
      reply.map(names.count, to: &connection)
      for name in names { document(name, reply, &connection) }
    } else {
      throw .unknownPart(of: .command, word.text)
    }
  }

  private func named(_ words: Span<UInt8>) -> [CommandName?] {
    (2..<arguments.count).map { commands.find(words.extracting(range($0)))?.name }
  }

  private func describe(
    _ names: [CommandName?], _ reply: RESPWriter, _ connection: inout Connection
  ) {
    reply.array(names.count, to: &connection)
    for name in names {
      guard let name else {
        reply.nullArray(to: &connection)
        continue
      }
      reply.array(10, to: &connection)
      reply.bulk(name.rawValue, to: &connection)
      reply.integer(name.arity, to: &connection)
      reply.set(1, to: &connection)
      reply.simple(name.mayGrow ? "denyoom" : "fast", to: &connection)
      // The first key, the last one, and the step between them.
      for _ in 0..<3 { reply.integer(name.hasKey ? 1 : 0, to: &connection) }
      // Categories of access, hints, where other keys are, parts: there are none.
      reply.set(0, to: &connection)
      for _ in 0..<3 { reply.array(0, to: &connection) }
    }
  }

  private func document(
    _ name: CommandName, _ reply: RESPWriter, _ connection: inout Connection
  ) {
    reply.bulk(name.rawValue, to: &connection)
    reply.map(2, to: &connection)
    reply.bulk("group", to: &connection)
    reply.bulk(name.group.rawValue, to: &connection)
    reply.bulk("arity", to: &connection)
    reply.integer(name.arity, to: &connection)
  }

  // ----------------------------------------------------------------------------- information

  private func information(_ words: Span<UInt8>) -> String {
    let sections: [(name: String, lines: [String])] = [
      (
        "Server",
        [
          "redis_version:\(Engine.compatibleVersion)", "redis_mode:standalone",
          "server_name:switchboard",
        ]
      ),
      ("Clients", ["connected_clients:\(peerCount)", "blocked_clients:\(waiting.count)"]),
      (
        "Memory",
        [
          "used_memory:\(store.used)", "maxmemory:\(store.limit)", "maxmemory_policy:noeviction",
          "unfinished_commands:\(unfinished)",
        ]
      ),
      (
        "Stats",
        ["total_connections_received:\(peersEver)", "total_commands_processed:\(commandsEver)"]
      ),
      ("Replication", ["role:master", "connected_slaves:0"]),
      ("Keyspace", store.sizes.map { "db\($0.database):keys=\($0.keys),expires=0,avg_ttl=0" }),
    ]
    let asked = (1..<arguments.count).map { words.extracting(range($0)).text.lowercased() }
    let all = asked.isEmpty || !Set(asked).isDisjoint(with: ["all", "default", "everything"])
    return
      sections.filter { all || asked.contains($0.name.lowercased()) }
      .map { section in "# \(section.name)\r\n" + section.lines.map { $0 + "\r\n" }.joined() }
      .joined(separator: "\r\n")
  }
}
