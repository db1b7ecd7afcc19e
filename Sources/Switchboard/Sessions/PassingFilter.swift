#if TestBench

import Glibc

/// A filter that lets everything pass as it is: behind it, all that is promised has to be true that is true without.
package final class PassingFilter: StreamFilter {
  package var takesWireEndAsEnd: Bool { true }

  package func begin(_ wire: inout Connection) -> FilterStep { .opened }

  package func take(
    _ bytes: Span<UInt8>, used: inout Int, into plain: inout OutputSpan<UInt8>,
    _ wire: inout Connection
  ) -> FilterStep {
    used = min(bytes.count, plain.freeCapacity)
    for index in 0..<used { plain.append(bytes[index]) }
    return used == 0 ? .more : .plain(isAll: used == bytes.count)
  }

  package func seal(_ plain: Span<UInt8>, _ wire: inout Connection) -> FilterFailure? {
    wire.write(plain)
    return nil
  }

  package func end(_ wire: inout Connection) {}
}

/// Puts one before every session.
package final class PassingFilters: FilterSource, FilterMaker {
  /// Where tests are to run behind one, all of them, the environment says so.
  static let everywhere: PassingFilters? =
    unsafe getenv("SWITCHBOARD_PASSING_FILTER") == nil ? nil : PassingFilters()

  package init() {}

  package func makeMaker() -> any FilterMaker { self }
  package func makeFilter() -> any StreamFilter { PassingFilter() }
  package var openingTimeout: Duration { .seconds(10) }
  package var mostOpenings: Int { .max }
  package func check() throws(SystemError) {}
}

#endif
