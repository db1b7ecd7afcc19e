@testable import Switchboard
@testable import SwitchboardTLS

/// One end of a connection without a connection: a filter, and what it makes of bytes.
final class End {
  /// What a filter made of what came.
  enum Outcome: Equatable {
    case going, ended
    case failed(String)
  }

  let filter: any StreamFilter
  /// Keeps it.
  private let maker: any FilterMaker
  private var connection: Connection
  private let region = UnsafeMutablePointer<UInt8>.allocate(capacity: 65536)
  /// What is to go over the wire.
  private(set) var wire: [UInt8] = []
  /// What the session was given.
  private(set) var plain: [UInt8] = []
  private(set) var isOpen = false
  private(set) var outcome = Outcome.going

  private final class Nobody {}

  convenience init(_ source: any FilterSource) { self.init(maker: source.makeMaker()) }

  init(maker: any FilterMaker) {
    self.maker = maker
    filter = maker.makeFilter()
    connection = Connection(
      loop: LoopContext(box: Nobody()),
      handle: LoopHandle(
        jobs: MessageBox(mail: MailFlag {}), requests: MessageBox(mail: MailFlag {})),
      now: Instant(nanoseconds: 1), limit: 1 << 24)
    region.initialize(repeating: 0, count: 65536)
    note(with { $0.begin(&$1) })
  }

  deinit { region.deallocate() }

  private func with<Result>(_ body: (any StreamFilter, inout Connection) -> Result) -> Result {
    connection.begin(Key(index: 0, generation: 1), 0, OutputRegion(start: region, capacity: 65536))
    let result = body(filter, &connection)
    wire += Array(connection.written)
    return result
  }

  /// Whether it is to be asked again.
  @discardableResult
  private func note(_ step: FilterStep) -> Bool {
    switch step {
    case .more: return false
    case .plain(let isAll): return !isAll
    case .opened:
      isOpen = true
      return true
    case .ended:
      outcome = .ended
      return false
    case .failed(let failure):
      outcome = .failed(failure.description)
      return false
    }
  }

  /// Bytes have come.
  func take(_ bytes: [UInt8]) {
    var rest = bytes[...]
    repeat {
      guard outcome == .going else { return }
      var used = 0
      let chunk = Array(rest)
      var step = FilterStep.more
      plain += [UInt8](capacity: FilterBuffers.count) { output in
        step = with { $0.take(chunk.span, used: &used, into: &output, &$1) }
      }
      rest = rest.dropFirst(used)
      guard note(step) else { return }
    } while true
  }

  func seal(_ bytes: [UInt8]) -> FilterFailure? { with { $0.seal(bytes.span, &$1) } }
  func renewKey() { with { ($0 as? TLSFilter)?.renewKey(&$1) } }
  func end() { with { $0.end(&$1) } }

  func takeWire() -> [UInt8] {
    defer { wire = [] }
    return wire
  }
}

/// Two ends, and a wire between them that cuts what goes over it.
struct Line {
  let server: End
  let client: End

  init(_ server: ServerTLS, _ client: ClientTLS) throws {
    self.server = End(ServerTLSSource(server))
    self.client = End(try TLSConnector(client))
  }

  init(server: End, client: End) { (self.server, self.client) = (server, client) }

  /// The same with one version.
  init(_ server: ServerTLS, _ client: ClientTLS, only version: TLSVersion) throws {
    var client = client
    (client.leastVersion, client.mostVersion) = (version, version)
    try self.init(server, client)
  }

  /// Carries bytes until there are none, in pieces of so many.
  func carry(piece: Int = .max) {
    while true {
      let (there, back) = (client.takeWire(), server.takeWire())
      if there.isEmpty, back.isEmpty { return }
      for part in there.cut(piece) { server.take(part) }
      for part in back.cut(piece) { client.take(part) }
    }
  }
}

extension [UInt8] {
  func cut(_ size: Int) -> [[UInt8]] {
    stride(from: 0, to: count, by: Swift.max(1, Swift.min(size, Swift.max(1, count)))).map {
      start in
      Array(self[start..<Swift.min(count, start + Swift.min(size, count))])
    }
  }
}

func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}
