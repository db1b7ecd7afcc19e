/// The sessions of a loop, behind one virtual call for each callback, so that the loop is compiled
/// once for each backend and not once more for each protocol.
class SessionTable {
  func open(_ index: Int, _ connection: inout Connection) {}
  func received(_ index: Int, _ bytes: Span<UInt8>, _ connection: inout Connection) {}
  func drained(_ index: Int, _ connection: inout Connection) {}
  func ended(_ index: Int, _ connection: inout Connection) {}
  func elapsed(_ index: Int, _ connection: inout Connection) {}
  func draining(_ index: Int, _ connection: inout Connection) {}
  func close(_ index: Int, _ reason: CloseReason) {}
}

final class Sessions<S: Session & ~Copyable>: SessionTable {
  private let slots: ReservedSlots<S>
  private let make: () -> S

  init(capacity: Int, make: @escaping () -> S) throws(SystemError) {
    slots = try ReservedSlots(capacity: capacity)
    self.make = make
  }

  override func open(_ index: Int, _ connection: inout Connection) {
    slots.put(make(), at: index)
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
  override func close(_ index: Int, _ reason: CloseReason) {
    var session = slots.take(at: index)
    session.closed(reason)
  }
}
