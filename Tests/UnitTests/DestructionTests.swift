import Testing

@testable import Switchboard

/// What frees something when it ends does so also where a generic type holds it, whose code does not
/// know what it holds. See ``OwnedDescriptor``.
@Suite("Generic owners destroy what they own")
struct DestructionTests {
  /// Holds anything, and knows nothing of it.
  private final class Holder<Value: ~Copyable> {
    private var value: Value
    init(_ value: consuming Value) { self.value = value }
  }

  /// Drops anything.
  @inline(never)
  private func drop<Value: ~Copyable>(_ value: consuming Value) {}

  private final class Deaths { var count = 0 }
  private struct Mortal: ~Copyable {
    let deaths: Deaths
    deinit { deaths.count += 1 }
  }

  private func slab(_ deaths: Deaths) -> Slab<Mortal> {
    var slab = Slab<Mortal>(capacity: 1)
    for _ in 0..<5 { _ = slab.insert(Mortal(deaths: deaths)) }
    return slab
  }

  private func table(_ deaths: Deaths) -> PeerTable<Mortal> {
    var table = PeerTable<Mortal>()
    for index in 0..<5 {
      table.insert(Mortal(deaths: deaths), for: Key(index: UInt32(index), generation: 1))
    }
    return table
  }

  @Test("A slab in a generic holder destroys its elements")
  func slabHeld() {
    let deaths = Deaths()
    _ = Holder(slab(deaths))
    #expect(deaths.count == 5)
    drop(slab(deaths))
    #expect(deaths.count == 10)
    drop(slab(deaths) as Slab<Mortal>?)
    #expect(deaths.count == 15)
  }

  @Test("A peer table in a generic holder destroys its states")
  func tableHeld() {
    let deaths = Deaths()
    _ = Holder(table(deaths))
    #expect(deaths.count == 5)
    drop(table(deaths))
    #expect(deaths.count == 10)
    drop(table(deaths) as PeerTable<Mortal>?)
    #expect(deaths.count == 15)
  }
}
