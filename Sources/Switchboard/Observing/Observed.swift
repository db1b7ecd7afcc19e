/// Any backend, with a ``LoopObserver`` looking on.
///
/// A loop over this is compiled beside the one over the plain backend. So a server that nobody
/// looks at runs exactly the code that it would if there were no observers.
struct Observed<Base: Backend & ~Copyable>: Backend, ~Copyable {
  typealias System = Base.System
  static var name: String { Base.name }

  private var base: Base
  private let observer: LoopObserver<System>

  init(_ base: consuming Base, _ observer: LoopObserver<System>) {
    self.base = base
    self.observer = observer
  }

  var system: System { base.system }

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind) throws(SystemError) {
    try base.watch(descriptor, completion)
  }
  mutating func listen(_ descriptor: Descriptor) throws(SystemError) { try base.listen(descriptor) }
  mutating func refuse(_ descriptor: Int32) { base.refuse(descriptor) }
  mutating func setRoom(_ count: Int) { base.setRoom(count) }
  mutating func take(from places: Places) { base.take(from: places) }

  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    try base.open(key, &slots)
  }
  mutating func setReceiving(_ on: Bool, _ key: Key, _ slots: inout SlotTable) {
    base.setReceiving(on, key, &slots)
  }

  mutating func outputRegion(for key: Key) -> OutputRegion { base.outputRegion(for: key) }
  mutating func joinOutput(_ count: Int, _ key: Key, atMost limit: Int) -> Bool {
    guard base.joinOutput(count, key, atMost: limit) else { return false }
    observer.sentOutput(key, count)
    return true
  }

  mutating func sendOutput(_ count: Int, _ key: Key, _ slots: inout SlotTable) -> SendAnswer {
    let answer = base.sendOutput(count, key, &slots)
    switch answer {
    case .took(let taken): observer.sentOutput(key, taken)
    case .later: observer.sentOutput(key, count)
    case .failed: break
    }
    return answer
  }

  mutating func send(
    _ bytes: UnsafeRawBufferPointer, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    let start = observer.sendBegins()
    let answer = unsafe base.send(bytes, key, &slots)
    // What is answered later is told of by its completion.
    if case .took(let taken) = answer { observer.sent(key, taken, since: start) }
    return answer
  }

  mutating func hurrySends() { base.hurrySends() }
  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) {
    base.shutdownSending(key, &slots)
  }
  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool { base.close(key, &slots) }

  mutating func wait(until deadline: Instant?) throws(SystemError) {
    let (start, looksOnly) = observer.waitBegins()
    try base.wait(until: looksOnly ? Instant(nanoseconds: 0) : deadline)
    observer.waitEnded(since: start)
  }

  var owesWork: Bool { base.owesWork }

  mutating func next(_ slots: inout SlotTable) -> Completion? {
    guard let completion = base.next(&slots) else {
      observer.tookAll()
      return nil
    }
    observer.took(completion)
    return completion
  }

  func makeContext(box: AnyObject) -> LoopContext { base.makeContext(box: box) }
}
