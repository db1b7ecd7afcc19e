import Switchboard
import SwitchboardProtocols

/// Who has subscribed to which channels.
struct Channels {
  typealias Handle = ConnectionHandle<KeyValueSession.Message>

  /// The most bytes of a channel's name, and of a pattern.
  static let longestName = 1024
  /// The most channels and patterns that one peer can have subscribed to.
  static let mostOfPeer = 4096

  private var named: [[UInt8]: Set<Handle>] = [:]
  private var patterns: [[UInt8]: Set<Handle>] = [:]

  mutating func add(_ handle: Handle, to name: [UInt8], isPattern: Bool) {
    if isPattern {
      patterns[name, default: []].insert(handle)
    } else {
      named[name, default: []].insert(handle)
    }
  }

  mutating func remove(_ handle: Handle, from name: [UInt8], isPattern: Bool) {
    if isPattern {
      patterns[name]?.remove(handle)
      if patterns[name]?.isEmpty == true { patterns[name] = nil }
    } else {
      named[name]?.remove(handle)
      if named[name]?.isEmpty == true { named[name] = nil }
    }
  }

  /// Tells all who have subscribed to a channel, or to a pattern that means it; to how many that was posted. The
  /// bytes are made once, and shared.
  func publish(_ message: Span<UInt8>, to channel: Span<UInt8>) -> Int {
    let name = [UInt8](copying: channel)
    var told = 0
    if let handles = named[name] {
      let bytes = Self.reply("message", nil, channel, message)
      for handle in handles where handle.post(.published(bytes)) { told += 1 }
    }
    for (pattern, handles) in patterns where pattern.span.fits(channel) {
      let bytes = Self.reply("pmessage", pattern, channel, message)
      for handle in handles where handle.post(.published(bytes)) { told += 1 }
    }
    return told
  }

  /// What subscribers are told, without the byte for its type, in which RESP2 and RESP3 differ.
  private static func reply(
    _ kind: String, _ pattern: [UInt8]?, _ channel: Span<UInt8>, _ message: Span<UInt8>
  ) -> [UInt8] {
    let reply = RESPWriter(.two)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(channel.count + message.count + 2 * (pattern?.count ?? 0) + 128)
    reply.array(pattern == nil ? 3 : 4, to: &bytes)
    bytes.removeFirst()
    reply.bulk(kind, to: &bytes)
    if let pattern { reply.bulk(pattern.span, to: &bytes) }
    reply.bulk(channel, to: &bytes)
    reply.bulk(message, to: &bytes)
    return bytes
  }
}

/// Commands for channels.
extension Engine {
  mutating func carryOutSubscribing(
    _ name: CommandName, _ words: Span<UInt8>, _ peer: inout Peer, _ connection: inout Connection
  ) throws(CommandError) {
    switch name {
    case .publish:
      guard words.extracting(range(1)).count <= Channels.longestName else { throw .nameTooLong }
      let told = channels.publish(words.extracting(range(2)), to: words.extracting(range(1)))
      peer.reply.integer(told, to: &connection)
    case .subscribe, .psubscribe:
      for index in 1..<arguments.count {
        subscribe(words.extracting(range(index)), name, &peer, &connection)
      }
    default:
      let isPattern = name == .punsubscribe
      var names = (1..<arguments.count).map { [UInt8](copying: words.extracting(range($0))) }
      if names.isEmpty, let extras = peer.extras {
        names = Array(isPattern ? extras.patterns : extras.channels)
      }
      for given in names {
        unsubscribe(given, isPattern: isPattern, &peer)
        tell(name, of: given, peer, &connection)
      }
      if names.isEmpty { tell(name, of: nil, peer, &connection) }
    }
  }

  private mutating func subscribe(
    _ word: Span<UInt8>, _ name: CommandName, _ peer: inout Peer, _ connection: inout Connection
  ) {
    guard word.count <= Channels.longestName else {
      return peer.reply.error(CommandError.nameTooLong.text, to: &connection)
    }
    guard peer.subscriptionCount < Channels.mostOfPeer else {
      return peer.reply.error(
        "ERR too many subscriptions; unsubscribe from one of \(Channels.mostOfPeer) first",
        to: &connection)
    }
    let (own, handle) = (
      [UInt8](copying: word), connection.handle(for: KeyValueSession.self)
    )
    let isPattern = name == .psubscribe
    peer.withExtras { extras in
      extras.handle = handle
      if isPattern { extras.patterns.insert(own) } else { extras.channels.insert(own) }
    }
    channels.add(handle, to: own, isPattern: isPattern)
    tell(name, of: own, peer, &connection)
  }

  private mutating func unsubscribe(_ name: [UInt8], isPattern: Bool, _ peer: inout Peer) {
    guard let extras = peer.extras, let handle = extras.handle else { return }
    if isPattern { extras.patterns.remove(name) } else { extras.channels.remove(name) }
    channels.remove(handle, from: name, isPattern: isPattern)
  }

  /// What a peer is told of a subscription: its kind, its name, and how many it has now.
  private func tell(
    _ kind: CommandName, of name: [UInt8]?, _ peer: Peer, _ connection: inout Connection
  ) {
    peer.reply.push(3, to: &connection)
    peer.reply.bulk(kind.rawValue, to: &connection)
    if let name {
      peer.reply.bulk(name.span, to: &connection)
    } else {
      peer.reply.null(to: &connection)
    }
    peer.reply.integer(peer.subscriptionCount, to: &connection)
  }

  /// A peer has gone, or begins anew.
  mutating func forgetSubscriptions(_ peer: inout Peer) {
    guard let extras = peer.extras else { return }
    for name in extras.channels { unsubscribe(name, isPattern: false, &peer) }
    for name in extras.patterns { unsubscribe(name, isPattern: true, &peer) }
  }
}
