#if TestBench

/// What a simulated loop's filters have in common: where their wire bytes go, and how many of them there are.
final class FilterBook {
  /// How many filters there are.
  var alive = 0
  /// What an opening exchange costs in virtual time, each time that something comes of it.
  var cost: UInt64 = 0
  /// How long an opening exchange may take, and how many may be in theirs at once.
  var timeout = UInt64.max
  var most = Int.max
  /// The server's end behind a descriptor; nil where there is none any more.
  var end: (Int32) -> SimulatedSocket? = { _ in nil }
  /// Time passes.
  var spend: (UInt64) -> Void = { _ in }
  /// Tells what is wrong.
  var fail: (Violation) -> Void = { _ in }
}

/// Makes a simulated loop's filters, and looks on.
final class ObservedFilters: FilterSource, FilterMaker, @unchecked Sendable {
  // One thread, as all of a simulation.
  private let base: any FilterSource
  private let book: FilterBook
  private let isOfListener: Bool
  private var maker: (any FilterMaker)?

  init(_ base: any FilterSource, _ book: FilterBook, isOfListener: Bool) {
    (self.base, self.book, self.isOfListener) = (base, book, isOfListener)
  }

  func check() throws(SystemError) { try base.check() }

  func makeMaker() -> any FilterMaker {
    let made = base.makeMaker()
    maker = made
    if isOfListener {
      (book.timeout, book.most) = (made.openingTimeout.clampedNanoseconds, made.mostOpenings)
    }
    return self
  }

  func makeFilter() -> any StreamFilter {
    guard let filter = maker?.makeFilter() else { preconditionFailure("ask for a maker first") }
    return ObservedFilter(filter, book)
  }

  var openingTimeout: Duration { maker?.openingTimeout ?? .zero }
  var mostOpenings: Int { maker?.mostOpenings ?? 0 }
}

/// A filter of a simulated loop, and how many more bytes it makes than it is given.
private final class ObservedFilter: StreamFilter {
  private let base: any StreamFilter
  private let book: FilterBook
  private var end: SimulatedSocket?
  private var isOpen = false

  init(_ base: any StreamFilter, _ book: FilterBook) {
    (self.base, self.book) = (base, book)
    book.alive += 1
  }

  deinit { book.alive -= 1 }

  /// Has it write something.
  private func counting<Result>(
    _ wire: inout Connection, _ body: (inout Connection) -> Result
  ) -> Result {
    if end == nil { end = book.end(wire.descriptor) }
    let before = wire.count
    let result = body(&wire)
    end?.overhead += wire.count - before
    return result
  }

  var takesWireEndAsEnd: Bool { base.takesWireEndAsEnd }

  func begin(_ wire: inout Connection) -> FilterStep {
    note(counting(&wire) { base.begin(&$0) })
  }

  func take(
    _ bytes: Span<UInt8>, used: inout Int, into plain: inout OutputSpan<UInt8>,
    _ wire: inout Connection
  ) -> FilterStep {
    if !isOpen { book.spend(book.cost) }
    if end == nil { end = book.end(wire.descriptor) }
    let before = wire.count
    let step = base.take(bytes, used: &used, into: &plain, &wire)
    end?.overhead += wire.count - before
    return note(step)
  }

  private func note(_ step: FilterStep) -> FilterStep {
    if case .opened = step { isOpen = true }
    return step
  }

  func seal(_ plain: Span<UInt8>, _ wire: inout Connection) -> FilterFailure? {
    if !isOpen { book.fail(.backendContract("had bytes sealed before hands were shaken")) }
    let failure = counting(&wire) { base.seal(plain, &$0) }
    end?.overhead -= plain.count
    return failure
  }

  func end(_ wire: inout Connection) {
    counting(&wire) { base.end(&$0) }
    if end?.mustNotEnd ?? false {
      book.fail(.sessionContract("ended in order although its partner's peer was cut off"))
    }
    end?.hasSaidEnd = true
  }
}

#endif
