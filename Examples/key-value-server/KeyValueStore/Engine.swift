import Switchboard
import SwitchboardProtocols

/// What all peers of a loop share: the keys, who has subscribed to what, who waits for what.
struct Engine {
  let options: KeyValueOptions
  let commands = CommandTable()
  var store: Store
  var channels = Channels()
  var waiting = WaitingRoom()
  /// Of the command that is carried out.
  var arguments = RESPArguments()
  /// Bytes of commands that were not carried out yet, of all peers.
  var unfinished = 0
  var peerCount = 0
  /// The command that is carried out is one of several between `MULTI` and `EXEC`.
  var isInTransaction = false
  /// Peers and commands since the start.
  private(set) var (peersEver, commandsEver) = (0, 0)

  init(_ options: KeyValueOptions) {
    self.options = options
    store = Store(limit: options.memory, seed: options.seed)
  }

  /// A peer has come: its number.
  mutating func welcome() -> Int {
    peerCount += 1
    peersEver += 1
    return peersEver
  }

  /// A peer has gone.
  mutating func leave(_ peer: inout Peer) {
    peerCount -= 1
    unfinished -= peer.unfinished
    forgetSubscriptions(&peer)
    waiting.leave(peer.number)
  }

  // ------------------------------------------------------------------------------- receiving

  /// Carries out what a peer has sent, as far as it has come and the peer reads what it is answered.
  mutating func receive(
    _ input: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) {
    store.now = Int64(truncatingIfNeeded: connection.now.nanoseconds / 1_000_000)
    store.sweepNowAndThen()
    let before = peer.unfinished
    var place = 0
    do throws(RESPError) {
      while !connection.hasWrittenMuch, !peer.isOver, peer.waitsFor == nil,
        try peer.reader.next(in: input, from: &place, into: &arguments)
      {
        store.selected = peer.database
        if let own = arguments.takeOwn() {
          run(own.span, &peer, &connection)
        } else {
          run(input, &peer, &connection)
        }
      }
    } catch {
      refuse("ERR \(error)", &peer, &connection)
    }
    unfinished += peer.unfinished - before
    if unfinished > options.unfinished, peer.unfinished > RESPLimits.line {
      refuse(
        "ERR the server holds too many unfinished commands; try again later", &peer, &connection)
      unfinished -= peer.unfinished
      peer.forgetUnfinished()
    }
    guard place < input.count, !peer.isOver else { return }
    connection.leave(input.extracting(place...))
    // It is given the rest when it has what it waits for.
    if peer.waitsFor != nil { connection.pauseReading() }
  }

  /// Says what is wrong, and hears no more of the peer.
  private func refuse(_ text: String, _ peer: inout Peer, _ connection: inout Connection) {
    peer.reply.error(text, to: &connection)
    end(&peer, &connection)
  }

  func end(_ peer: inout Peer, _ connection: inout Connection) {
    peer.isOver = true
    connection.close()
  }

  // --------------------------------------------------------------------------------- commands

  /// Carries out one command, or says why not.
  private mutating func run(
    _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) {
    commandsEver &+= 1
    guard let command = commands.find(words.extracting(arguments[0])) else {
      return reject(unknown(words), &peer, &connection)
    }
    guard command.takes(arguments.count) else {
      let name = command.name.rawValue
      return reject(
        "ERR wrong number of arguments for '\(name)' command", &peer, &connection)
    }
    if command.mayGrow, store.isFull(for: mostGrowth) {
      return reject(CommandError.memory.text, &peer, &connection)
    }
    if peer.extras != nil, isKept(command.name, words, &peer, &connection) { return }
    perform(command.name, words, &peer, &connection)
  }

  /// The same for a command that is known to be one.
  mutating func perform(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) {
    do throws(CommandError) {
      try carryOut(name, words, &peer, &connection)
    } catch {
      peer.reply.error(error.text, to: &connection)
    }
  }

  /// More than the command that is at hand adds to what keys and values take.
  var mostGrowth: Int {
    let last = arguments.count &- 1
    return arguments[last].upperBound &- arguments[0].lowerBound &+ arguments.count
      &* Engine.overhead
  }

  /// Bytes of memory for a key, a member or an element, beside its own.
  private static var overhead: Int { 96 }

  private mutating func reject(
    _ text: String, _ peer: inout Peer, _ connection: inout Connection
  ) {
    peer.extras?.transaction?.isSpoiled = true
    peer.reply.error(text, to: &connection)
  }

  private func unknown(_ words: Span<UInt8>) -> String {
    func shown(_ index: Int, _ most: Int) -> String {
      let range = arguments[index]
      return words.extracting(range.lowerBound..<min(range.upperBound, range.lowerBound + most))
        .text
    }
    let named = (1..<max(1, min(arguments.count, 8))).map { "'\(shown($0, 16))' " }.joined()
    return "ERR unknown command '\(shown(0, 128))', with args beginning with: \(named)"
  }

  /// An argument, as a span of the command's bytes.
  @inline(__always)
  func range(_ index: Int) -> Range<Int> { arguments[index] }
}
