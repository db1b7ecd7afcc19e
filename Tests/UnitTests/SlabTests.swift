import TestSupport
import Testing

@testable import Switchboard

@Suite("Slab and peer table")
struct SlabTests {
  @Test("Random use agrees with a dictionary, and former keys match nothing")
  func random() {
    var random = SeededGenerator(seed: 11)
    var slab = Slab<Int>(capacity: 1)
    var model: [Key: Int] = [:]
    var dead: [Key] = []
    for step in 0..<5000 {
      if model.isEmpty || Int.random(in: 0..<100, using: &random) < (step < 2500 ? 60 : 40) {
        let promised = slab.nextKey
        let key = slab.insert(step)
        #expect(key == promised)
        #expect(model[key] == nil)
        model[key] = step
      } else {
        let key = model.keys.sorted { $0.rawValue < $1.rawValue }.randomElement(using: &random)!
        #expect(slab.remove(key) == model.removeValue(forKey: key))
        dead.append(key)
      }
      #expect(Int(slab.count) == model.count)
    }
    for (key, value) in model {
      #expect(slab.contains(key) == true)
      #expect(slab[key] == value)
      #expect(slab.key(at: key.index) == key)
    }
    for key in dead { #expect(slab.contains(key) == false) }
    let walked = (0..<slab.end).compactMap { slab.key(at: $0) }
    #expect(Set(walked) == Set(model.keys))
  }

  @Test("The slot given back last is taken first, under a new generation")
  func reuse() {
    var slab = Slab<String>(capacity: 2)
    let keys = (0..<5).map { slab.insert("\($0)") }
    #expect(keys.map(\.index) == [0, 1, 2, 3, 4])
    #expect(slab.capacity >= 5)
    _ = slab.remove(keys[1])
    _ = slab.remove(keys[3])
    let (first, second) = (slab.insert("a"), slab.insert("b"))
    #expect(first.index == 3 && second.index == 1)
    #expect(first.generation == keys[3].generation + 2)
    #expect(!slab.contains(keys[1]) && !slab.contains(keys[3]))
    slab[first] = "c"
    #expect(slab[first] == "c" && slab[keys[4]] == "4")
  }

  @Test("Keys that were never given out match nothing")
  func foreign() {
    var slab = Slab<Int>()
    let key = slab.insert(1)
    for other in [
      Key(index: 0, generation: 0), Key(index: 0, generation: 2), Key(index: 0, generation: 3),
      Key(index: 1, generation: 1), Key(index: .max, generation: .max), Key(rawValue: 0),
    ] {
      #expect(slab.contains(other) == false)
    }
    #expect(slab.key(at: 1) == nil && slab.key(at: .max) == nil)
    #expect(slab.contains(key) == true)
    _ = slab.remove(key)
    #expect(slab.contains(Key(index: 0, generation: 2)) == false)
  }

  /// Leaves memory behind for whoever comes next, in which every number is 1.
  private func leaveOnes() {
    let pieces = (0..<8).map { _ in UnsafeMutablePointer<UInt32>.allocate(capacity: 32) }
    for piece in pieces { piece.initialize(repeating: 1, count: 32) }
    for piece in pieces { piece.deallocate() }
  }

  @Test("Nothing is in a slot that was never used, whatever its memory holds")
  func unused() {
    for count in 3...12 {
      leaveOnes()
      var slab = Slab<Int>(capacity: 16)
      for number in 0..<count { _ = slab.insert(number) }
      let next = UInt32(count)
      let (isThere, key) = (
        slab.contains(Key(index: next, generation: 1)), slab.key(at: next)
      )
      #expect(!isThere && key == nil)
    }
  }

  /// Counts how often it is destroyed.
  private struct Mortal: ~Copyable {
    let number: Int
    let deaths: Deaths
    deinit { deaths.of[number, default: 0] += 1 }
  }
  private final class Deaths { var of: [Int: Int] = [:] }

  @Test("Elements are destroyed exactly once: by their taker, or with the slab")
  func destruction() {
    let deaths = Deaths()
    do {
      var slab = Slab<Mortal>(capacity: 1)
      let keys = (0..<20).map { slab.insert(Mortal(number: $0, deaths: deaths)) }
      for key in keys where key.index % 3 == 0 { _ = slab.remove(key) }
      #expect(deaths.of == [0: 1, 3: 1, 6: 1, 9: 1, 12: 1, 15: 1, 18: 1])
      _ = slab.insert(Mortal(number: 20, deaths: deaths))
    }
    #expect(deaths.of == Dictionary(uniqueKeysWithValues: (0...20).map { ($0, 1) }))
  }

  @Test("A peer table keeps a state under its key, and under no other")
  func table() {
    var table = PeerTable<String>()
    let (old, new) = (Key(index: 100, generation: 1), Key(index: 100, generation: 3))
    #expect(table.contains(old) == false)
    table.insert("old", for: old)
    #expect(table.update(old) { $0 } == "old")
    table.insert("new", for: new)
    #expect(!table.contains(old) && table.contains(new))
    table.remove(old)
    let changed = table.update(new) { state in
      state += "er"
      return state
    }
    #expect(changed == "newer")
    #expect(table.update(old) { $0 } == nil)
    table.remove(new)
    table.remove(new)
    #expect(table.contains(new) == false)
    #expect(table.update(Key(index: .max, generation: 1)) { $0 } == nil)
  }

  @Test("A peer table destroys each state exactly once")
  func tableDestruction() {
    let deaths = Deaths()
    do {
      var table = PeerTable<Mortal>()
      for number in 0..<40 {
        table.insert(
          Mortal(number: number, deaths: deaths), for: Key(index: UInt32(number), generation: 1))
      }
      table.remove(Key(index: 3, generation: 1))
      table.insert(Mortal(number: 40, deaths: deaths), for: Key(index: 4, generation: 3))
      #expect(deaths.of == [3: 1, 4: 1])
    }
    #expect(deaths.of == Dictionary(uniqueKeysWithValues: (0...40).map { ($0, 1) }))
  }
}
