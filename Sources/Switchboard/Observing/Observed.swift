/// Any backend, with a ``LoopObserver`` looking on.
///
/// A loop over this is compiled beside the one over the plain backend. So a server that nobody
/// looks at runs exactly the code that it would if there were no observers.
struct Observed<Base: Backend & ~Copyable>: Backend, ~Copyable {
  typealias System = Base.System
  private var base: Base
  private let observer: LoopObserver<System>

  init(_ base: consuming Base, _ observer: LoopObserver<System>) {
    self.base = base
    self.observer = observer
  }

  mutating func watch(_ descriptor: Descriptor, _ completion: Completion.Kind) throws(SystemError) {
    try base.watch(descriptor, completion)
  }
  mutating func setRoom(_ count: Int, within places: Places?) {
    base.setRoom(count, within: places)
  }

  mutating func open(_ key: Key, _ slots: inout SlotTable) throws(RegistrationError) {
    try base.open(key, &slots)
  }
  mutating func receivingChanged(_ key: Key, _ slots: inout SlotTable) {
    base.receivingChanged(key, &slots)
  }

  mutating func outputRegion(for key: Key) -> OutputRegion { base.outputRegion(for: key) }

  mutating func send(
    _ output: Output, atMost limit: Int, _ key: Key, _ slots: inout SlotTable
  ) -> SendAnswer {
    var start: UInt64 = 0
    if case .written = output {} else { start = observer.sendBegins() }
    let answer = base.send(output, atMost: limit, key, &slots)
    switch (output, answer) {
    case (.written, .took(let taken)): observer.sentOutput(key, taken)
    case (.written(let count), .later): observer.sentOutput(key, count)
    case (.kept, .took(let taken)), (.file, .took(let taken)):
      observer.sent(key, taken, since: start)
    // What is answered later is told of by its completion.
    case (.kept, .later), (.file, .later), (_, .failed): break
    }
    return answer
  }

  mutating func shutdownSending(_ key: Key, _ slots: inout SlotTable) {
    base.shutdownSending(key, &slots)
  }
  mutating func close(_ key: Key, _ slots: inout SlotTable) -> Bool { base.close(key, &slots) }

  mutating func wait(until deadline: Instant?, isHurried: Bool, isExact: Bool) throws(SystemError) {
    let (start, looksOnly) = observer.waitBegins()
    let until = looksOnly ? Instant(nanoseconds: 0) : deadline
    try base.wait(until: until, isHurried: isHurried, isExact: isExact)
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
