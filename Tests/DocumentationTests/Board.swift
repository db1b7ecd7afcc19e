// The protocol that docs/SESSIONS.md teaches with. The marked pieces stand there word for word.

import Switchboard
import SwitchboardProtocols
import Synchronization

// snippet board
/// What all peers share: the notes, and who watches them.
final class Board: Sendable {
  typealias Watcher = ConnectionHandle<BoardSession.Message>

  private struct State {
    var notes: [String: String] = [:]
    var watchers: [String: Set<Watcher>] = [:]
  }

  static let mostNotes = 1000
  private let state = Mutex(State())

  func note(_ name: String) -> String? { state.withLock { $0.notes[name] } }

  /// Pins a note and tells its watchers. False when the board is full.
  func pin(_ name: String, _ text: String) -> Bool {
    state.withLock { state in
      guard state.notes[name] != nil || state.notes.count < Board.mostNotes else { return false }
      state.notes[name] = text
      for watcher in state.watchers[name] ?? [] { watcher.post(.pinned(name, text)) }
      return true
    }
  }

  func watch(_ name: String, _ watcher: Watcher) {
    state.withLock { _ = $0.watchers[name, default: []].insert(watcher) }
  }

  func forget(_ name: String, _ watcher: Watcher) {
    state.withLock { state in
      state.watchers[name]?.remove(watcher)
      if state.watchers[name]?.isEmpty == true { state.watchers[name] = nil }
    }
  }
}
// end

// snippet state
struct BoardSession: Session {
  private let board: Board
  private var lines = LineSplitter(limit: 256)

  init(_ board: Board, _ pool: OffloadPool) {
    self.board = board
    self.pool = pool
  }
  // end

  // snippet message
  enum Message: Sendable {
    case pinned(String, String)
    case counted(Int)
  }
  // end

  // snippet watching
  /// The note that this peer watches, and its name for others.
  private var watched: (name: String, handle: Board.Watcher)?
  // end

  // snippet waiting
  private let pool: OffloadPool
  /// A count is still to come.
  private var isWaiting = false
  /// What came behind the line that asked for it.
  private var rest: [UInt8] = []
  // end

  // snippet received
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.cancelTimer()
    var place = 0
    do {
      while !isWaiting, let line = try lines.next(in: bytes, from: &place) {
        guard answer(String(decoding: line, as: UTF8.self), &connection) else {
          return connection.close()
        }
      }
    } catch {
      connection.write("a line has at most \(lines.limit) bytes\n")
      return connection.close()
    }
    for index in place..<bytes.count { rest.append(bytes[index]) }
  }
  // end

  // snippet answer
  /// Answers one line. False when the peer has said goodbye.
  private mutating func answer(_ line: String, _ connection: inout Connection) -> Bool {
    let words = line.split(separator: " ", maxSplits: 2).map(String.init)
    switch (words.first, words.count) {
    case ("pin", 3):
      connection.write(board.pin(words[1], words[2]) ? "ok\n" : "the board is full\n")
    case ("read", 2):
      connection.write((board.note(words[1]) ?? "nothing") + "\n")
    case ("watch", 2):
      watch(words[1], &connection)
    case ("count", 2):
      count(words[1], &connection)
    case ("bye", 1):
      connection.write("bye\n")
      return false
    default:
      connection.write("say pin NAME TEXT, read NAME, watch NAME, count NAME or bye\n")
    }
    return true
  }
  // end

  // snippet timer
  mutating func opened(_ connection: inout Connection) {
    connection.write("the board is open\n")
    connection.setTimer(after: .seconds(10))
  }

  mutating func elapsed(_ connection: inout Connection) {
    connection.write("you say nothing\n")
    connection.close()
  }
  // end

  // snippet watch
  private mutating func watch(_ name: String, _ connection: inout Connection) {
    if let watched { board.forget(watched.name, watched.handle) }
    let handle = connection.handle(for: Self.self)
    board.watch(name, handle)
    watched = (name, handle)
    connection.write("ok\n")
  }

  mutating func closed(_ reason: CloseReason) {
    if let watched { board.forget(watched.name, watched.handle) }
  }
  // end

  // snippet posted
  mutating func posted(_ message: Message, _ connection: inout Connection) {
    switch message {
    case .pinned(let name, let text):
      connection.write("\(name): \(text)\n")
    case .counted(let words):
      connection.write("\(words)\n")
      goOn(&connection)
    }
  }
  // end

  // snippet count
  private mutating func count(_ name: String, _ connection: inout Connection) {
    let text = board.note(name) ?? ""
    let isTaken = connection.handle(for: Self.self).offload(to: pool) {
      .counted(slowCount(text))
    }
    guard isTaken else { return connection.write("busy, ask again\n") }
    isWaiting = true
    connection.pauseReading()
  }

  private mutating func goOn(_ connection: inout Connection) {
    isWaiting = false
    connection.resumeReading()
    let waiting = rest
    rest = []
    if !waiting.isEmpty { received(waiting.span, &connection) }
    if isDraining, !isWaiting { connection.close() }
  }
  // end

  // snippet draining
  private var isDraining = false

  mutating func draining(_ connection: inout Connection) {
    isDraining = true
    if !isWaiting { connection.close() }
  }
  // end
}

/// As slow as you like.
func slowCount(_ text: String) -> Int { text.split(separator: " ").count }

func serveBoard() throws {
  // snippet serve
  let (board, pool) = (Board(), try OffloadPool(threads: 2))
  var server = Server(on: [.loopback(port: 9090)])
  server.backend = .auto
  server.loops = 2
  server.drainsOnSignals = true
  server.options.maxConnections = 10_000
  server.options.idleTimeout = .seconds(600)
  server.options.outboxLimit = 64 << 10
  server.options.highWatermark = 16 << 10
  server.options.lowWatermark = 4 << 10
  try server.run { BoardSession(board, pool) }
  pool.close()
  // end
}
