/// The sessions of a loop, behind one virtual call for each callback, so that the loop is compiled
/// once for each backend and not once more for each protocol.
class SessionTable {
  func open(_ index: Int, _ connection: inout Connection) {}
  /// Makes the session of an outgoing connection; false where the table is not one of its type.
  func place(_ wish: ConnectWish, at index: Int) -> Bool { wish.place(in: self, at: index) }
  /// An outgoing connection stands, whose session has its place.
  func connected(_ index: Int, _ connection: inout Connection) {}
  func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {}
  func drained(_ index: Int, _ connection: inout Connection) {}
  func ended(_ index: Int, _ connection: inout Connection) {}
  func elapsed(_ index: Int, _ connection: inout Connection) {}
  func draining(_ index: Int, _ connection: inout Connection) {}
  func partnerOpened(_ index: Int, _ connection: inout Connection) {}
  func partnerClosed(_ index: Int, _ reason: CloseReason?, _ connection: inout Connection) {}
  func partnerReceived(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {}
  func close(_ index: Int, _ reason: CloseReason) {}
  /// Takes what was posted, as much as one turn may, and says how many messages that is.
  func collectMail() -> Int { 0 }
  /// Whom a collected message is for.
  func addressee(_ place: Int) -> Key { Key(rawValue: 0) }
  func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {}
  /// Whom a collected message was for has gone.
  func undelivered(_ place: Int) {}
  /// What was collected has been delivered.
  func dropMail() {}
  /// Takes no more.
  func closeMail() {}

  /// A table, and the box of its sessions' messages.
  typealias Boxed = (sessions: SessionTable, box: AnyObject)
}

final class Sessions<S: Session & ~Copyable>: SessionTable {
  private let slots: ReservedSlots<S>
  private let make: (borrowing Connection) -> S
  private let box: MessageBox<S.Message>
  private var mail: [(key: Key, message: S.Message)] = []

  init(
    capacity: Int, box: MessageBox<S.Message>, make: @escaping (borrowing Connection) -> S
  ) throws(SystemError) {
    slots = try ReservedSlots(capacity: capacity)
    self.box = box
    self.make = make
  }

  /// A table with a box of its own.
  static func boxed(_ capacity: Int, _ mail: MailFlag, _ make: @escaping () -> S)
    throws(SystemError) -> Boxed
  {
    let box = MessageBox<S.Message>(mail: mail)
    return (try Sessions(capacity: capacity, box: box) { _ in make() }, box)
  }

  /// The same, for who wants to know whom a session is for.
  static func boxed(
    _ capacity: Int, _ mail: MailFlag, accepting make: @escaping (borrowing Accepted) -> S
  ) throws(SystemError) -> Boxed {
    let box = MessageBox<S.Message>(mail: mail)
    return (try Sessions(capacity: capacity, box: box) { make(Accepted($0)) }, box)
  }

  override func collectMail() -> Int {
    mail = box.take()
    return mail.count
  }
  override func addressee(_ place: Int) -> Key { mail[place].key }
  override func deliver(_ place: Int, _ index: Int, _ connection: inout Connection) {
    slots[index].posted(mail[place].message, &connection)
  }
  override func undelivered(_ place: Int) { S.undelivered(mail[place].message) }
  override func dropMail() { mail = [] }
  override func closeMail() { for letter in box.close() { S.undelivered(letter.message) } }

  override func open(_ index: Int, _ connection: inout Connection) {
    slots.put(make(connection), at: index)
    slots[index].opened(&connection)
  }
  func put(_ session: consuming S, at index: Int) { slots.put(session, at: index) }
  override func connected(_ index: Int, _ connection: inout Connection) {
    slots[index].opened(&connection)
  }
  override func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {
    slots[index].received(bytes, &connection)
  }
  override func drained(_ index: Int, _ connection: inout Connection) {
    slots[index].drained(&connection)
  }
  override func ended(_ index: Int, _ connection: inout Connection) {
    slots[index].ended(&connection)
  }
  override func elapsed(_ index: Int, _ connection: inout Connection) {
    slots[index].elapsed(&connection)
  }
  override func draining(_ index: Int, _ connection: inout Connection) {
    slots[index].draining(&connection)
  }
  override func partnerOpened(_ index: Int, _ connection: inout Connection) {
    slots[index].partnerOpened(&connection)
  }
  override func partnerClosed(
    _ index: Int, _ reason: CloseReason?, _ connection: inout Connection
  ) {
    slots[index].partnerClosed(reason, &connection)
  }
  override func partnerReceived(
    _ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection
  ) {
    slots[index].partnerReceived(bytes, &connection)
  }
  override func close(_ index: Int, _ reason: CloseReason) {
    var session = slots.take(at: index)
    session.closed(reason)
  }
}
