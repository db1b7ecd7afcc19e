/// Sessions of several types on one loop: each connection's are those of the service that it came to.
///
/// A loop that serves one type does not have it, and pays nothing for it.
final class SessionsByService: SessionTable {
  private let tables: [SessionTable]
  private let services: ServiceOfConnection
  /// Messages that each table has collected.
  private var collected: [Int]

  /// - Parameters:
  ///   - parts: The services' tables, at most 256.
  ///   - capacity: Connections.
  private init(_ parts: [SessionTable.Boxed], _ services: ServiceOfConnection) {
    tables = parts.map(\.sessions)
    self.services = services
    collected = Array(repeating: 0, count: parts.count)
  }

  /// The tables of all services as one; the only one as it is.
  static func joined(_ parts: [SessionTable.Boxed], capacity: Int) throws(SystemError)
    -> SessionTable.Boxed
  {
    if parts.count == 1 { return parts[0] }
    let services = try ServiceOfConnection(parts.map(\.box), capacity: capacity)
    return (SessionsByService(parts, services), services)
  }

  @inline(__always)
  private func table(_ index: Int) -> SessionTable { tables[services[index]] }

  override func open(_ index: Int, _ connection: inout Connection) {
    services[index] = Int(connection.role.service)
    table(index).open(index, &connection)
  }
  override func place(_ wish: ConnectWish, at index: Int) -> Bool {
    for (number, table) in tables.enumerated() where table.place(wish, at: index) {
      services[index] = number
      return true
    }
    return false
  }
  override func connected(_ index: Int, _ connection: inout Connection) {
    table(index).connected(index, &connection)
  }
  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    table(index).received(index, bytes, &connection)
  }
  override func drained(_ index: Int, _ connection: inout Connection) {
    table(index).drained(index, &connection)
  }
  override func ended(_ index: Int, _ connection: inout Connection) {
    table(index).ended(index, &connection)
  }
  override func elapsed(_ index: Int, _ connection: inout Connection) {
    table(index).elapsed(index, &connection)
  }
  override func draining(_ index: Int, _ connection: inout Connection) {
    table(index).draining(index, &connection)
  }
  override func partnerOpened(_ index: Int, _ connection: inout Connection) {
    table(index).partnerOpened(index, &connection)
  }
  override func partnerClosed(
    _ index: Int, _ reason: CloseReason?, _ connection: inout Connection
  ) {
    table(index).partnerClosed(index, reason, &connection)
  }
  override func partnerReceived(
    _ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection
  ) {
    table(index).partnerReceived(index, bytes, &connection)
  }
  override func close(_ index: Int, _ reason: CloseReason) { table(index).close(index, reason) }

  // -------------------------------------------------------------------------------- mail

  override func collectMail() -> Int {
    for (number, table) in tables.enumerated() { collected[number] = table.collectMail() }
    return collected.reduce(0, +)
  }
  /// Which table has a collected message, and where.
  private func find(_ place: Int) -> (table: SessionTable, place: Int) {
    var (number, place) = (0, place)
    while number < tables.count - 1, place >= collected[number] {
      place -= collected[number]
      number += 1
    }
    return (tables[number], place)
  }
  override func addressee(_ place: Int) -> Key {
    let found = find(place)
    return found.table.addressee(found.place)
  }
  override func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {
    let found = find(place)
    found.table.deliver(found.place, index, &connection)
  }
  override func undelivered(_ place: Int) {
    let found = find(place)
    found.table.undelivered(found.place)
  }
  override func dropMail() { for table in tables { table.dropMail() } }
  override func closeMail() { for table in tables { table.closeMail() } }
}

/// Which service each connection of a loop belongs to, and the services' boxes.
final class ServiceOfConnection {
  private let boxes: [AnyObject]
  private var numbers: ReservedTable<UInt8>

  init(_ boxes: [AnyObject], capacity: Int) throws(SystemError) {
    self.boxes = boxes
    numbers = try ReservedTable(capacity: capacity)
  }

  @inline(__always)
  subscript(index: Int) -> Int {
    get { Int(numbers[index]) }
    set { numbers[index] = UInt8(truncatingIfNeeded: newValue) }
  }

  /// The box of a connection's service.
  func box(of index: Int) -> AnyObject { boxes[self[index]] }
}
