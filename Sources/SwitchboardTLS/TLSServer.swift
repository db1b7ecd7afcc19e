#if TLS

internal import COpenSSL
import Switchboard
import Synchronization

/// What a server is to its clients, on one loop: a context for each identity. Once made, it is for reading alone, and so
/// for the threads that compute its loop's handshakes, too.
final class TLSServer: @unchecked Sendable {
  let options: ServerTLS
  private let contexts: [TLSContext]
  /// Protocols above, as they go over the wire.
  let protocols: [UInt8]
  /// Whose names are which, of those that were asked for: to read certificates again for each client costs one of a
  /// hundred instructions of a handshake.
  private let known = Mutex<[String: Int]>([:])
  /// How many are remembered: a wildcard has names without end.
  private static let mostKnown = 256

  convenience init(_ options: ServerTLS) {
    self.init(
      options, options.identities.compactMap { try? TLSContext.server(options, $0.current) })
  }

  private init(_ options: ServerTLS, _ contexts: [TLSContext]) {
    (self.options, self.contexts) = (options, contexts)
    protocols = ALPN.list(options.protocols)
  }

  /// Whether no identity has been renewed since.
  var isCurrent: Bool {
    for place in contexts.indices where !isCurrent(place) { return false }
    return true
  }

  private func isCurrent(_ place: Int) -> Bool {
    options.identities[place].current.generation == contexts[place].identity?.generation
  }

  /// The same with what its identities are now. Where there is no memory for that, what was stays.
  func renewed() -> TLSServer {
    let all = contexts.indices.map { place in
      let new =
        isCurrent(place) ? nil : try? TLSContext.server(options, options.identities[place].current)
      return new ?? contexts[place]
    }
    return TLSServer(options, all)
  }

  func makeSSL() -> OpaquePointer? { unsafe contexts.first?.makeSSL() }

  /// What a certificate's authority has said of it; nil where the context is none of these.
  func staple(of context: OpaquePointer) -> [UInt8]? {
    contexts.first { unsafe $0.isSame(context) }?.identity?.staple
  }

  /// Who has a name: exactly, or by a wildcard; nil for nobody.
  func context(for name: String) -> TLSContext? {
    if let place = known.withLock({ $0[name] }) { return contexts[place] }
    guard let place = place(of: name) else { return nil }
    known.withLock { if $0.count < Self.mostKnown { $0[name] = place } }
    return contexts[place]
  }

  private func place(of name: String) -> Int? {
    for withWildcards in [false, true] {
      let fitting = contexts.firstIndex {
        $0.identity?.isOf(name, withWildcards: withWildcards) ?? false
      }
      if let fitting { return fitting }
    }
    return nil
  }
}

#endif
