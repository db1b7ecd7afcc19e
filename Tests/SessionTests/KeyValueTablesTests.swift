import TestSupport
import Testing

@testable import KeyValueStore

extension SessionTests {
  /// What keys and values are kept in, beside the plainest models there are.
  @Suite struct KeyValueTables {
    private func key(_ number: Int) -> [UInt8] { Array("key \(number)".utf8) }

    @Test func `A table keeps what a dictionary keeps`() throws {
      let seed = HashSeed(7)
      var random = SeededGenerator(seed: 1)
      var (table, model) = (ByteTable<Int>(), [[UInt8]: Int]())
      for step in 0..<60_000 {
        // Grows to some ten thousand keys, and becomes empty again.
        let isGrowing = step < 40_000
        let wanted = key(Int.random(in: 0..<20_000, using: &random))
        let hash = seed.hash(wanted.span)
        let place = table.find(wanted.span, hash)
        #expect(place.map { table[$0] } == model[wanted])
        if let place, !isGrowing || Int.random(in: 0..<4, using: &random) == 0 {
          table.remove(place)
          model[wanted] = nil
        } else if place == nil, isGrowing {
          let added = table.insert(wanted, step, hash)
          #expect(table[added] == step && table.key(at: added) == wanted)
          model[wanted] = step
        }
        if table.count != model.count { Issue.record("\(table.count) keys") }
      }
      var found: [[UInt8]: Int] = [:]
      table.visit { found[$0] = $1 }
      #expect(found == model)
      for wanted in model.keys {
        let place = table.find(wanted.span, seed.hash(wanted.span))
        table.remove(try #require(place))
      }
      #expect(table.count == 0 && table.structure == 0)
    }

    @Test func `Keys whose hashes are all the same are found`() throws {
      var table = ByteTable<Int>()
      for number in 0..<3000 { table.insert(key(number), number, 0xABCD) }
      for number in 0..<3000 {
        let wanted = key(number)
        #expect(table.find(wanted.span, 0xABCD).map { table[$0] } == number)
      }
      #expect(table.find(key(3000).span, 0xABCD) == nil)
    }

    @Test func `A table hands out each of its keys by chance`() throws {
      let seed = HashSeed(7)
      var (random, table) = (SeededGenerator(seed: 3), ByteTable<Int>())
      for number in 0..<2000 { table.insert(key(number), number, seed.hash(key(number).span)) }
      var found: Set<Int> = []
      while table.count > 0 {
        let place = table.randomPlace(random.next())
        found.insert(table[place])
        table.remove(place)
      }
      #expect(found == Set(0..<2000))
    }

    /// The values are those of CPython 3.11, whose hash of bytes is the same function; its key is 0 with
    /// PYTHONHASHSEED=0.
    @Test(arguments: [
      (Array("a".utf8), 0x4074_48D2_B89B_1813 as UInt64),
      (Array("abcdefg".utf8), 0x6DB1_2AAE_9070_F506 as UInt64),
      (Array("abcdefgh".utf8), 0x3F7B_849C_0B8E_35EA as UInt64),
      ((0..<15).map { UInt8($0) }, 0xF30E_B725_BB91_C9EA as UInt64),
      ((0..<64).map { UInt8($0) }, 0x75E0_5FD5_BBC8_70C6 as UInt64),
    ])
    func `The hash is SipHash-1-3`(bytes: [UInt8], hash: UInt64) {
      #expect(HashSeed(0, 0).hash(bytes.span) == hash)
    }

    @Test func `A sorted set keeps the order of a sorted array`() {
      var random = SeededGenerator(seed: 5)
      let set = SortedSet(HashSeed(7))
      var model: [[UInt8]: Double] = [:]
      for step in 0..<8000 {
        let member = key(Int.random(in: 0..<2500, using: &random))
        let score = Double(Int.random(in: 0..<50, using: &random))
        if Int.random(in: 0..<3, using: &random) == 0 {
          #expect(set.remove(member.span) == (model.removeValue(forKey: member) != nil))
        } else {
          set.set(member.span, to: score)
          model[member] = score
        }
        guard step % 1000 == 999 else { continue }
        let sorted = model.sorted {
          $0.value != $1.value ? $0.value < $1.value : $0.key.lexicographicallyPrecedes($1.key)
        }
        var found: [[UInt8]] = []
        set.visit(0..<set.count) { found.append($0.member) }
        #expect(found == sorted.map(\.key))
        var middle: [[UInt8]] = []
        set.visit(100..<200) { middle.append($0.member) }
        #expect(middle == Array(found[100..<200]))
      }
      while let item = set.pop(first: true) {
        #expect(model.removeValue(forKey: item.member) == item.score)
      }
      #expect(model.isEmpty && set.count == 0)
    }

    @Test func `A list is one from both ends`() {
      let list = ByteList()
      var (random, model) = (SeededGenerator(seed: 9), [[UInt8]]())
      for step in 0..<5000 {
        switch Int.random(in: 0..<6, using: &random) {
        case 0, 1:
          list.pushFront(key(step))
          model.insert(key(step), at: 0)
        case 2, 3:
          list.pushBack(key(step))
          model.append(key(step))
        case 4: #expect(list.pop(fromFront: true) == (model.isEmpty ? nil : model.removeFirst()))
        default: #expect(list.pop(fromFront: false) == model.popLast())
        }
      }
      #expect((0..<list.count).map { list[$0] } == model)
    }

    @Test(arguments: [
      ("*", "", true), ("a*c", "abbc", true), ("a*c", "abbd", false), ("?", "a", true),
      ("?", "", false),
      ("[a-c]x", "bx", true), ("[^a-c]x", "bx", false), ("[", "a", false), ("\\*", "*", true),
      ("\\*", "a", false),
      ("**a**b", "xxaxxb", true), ("a", "ab", false), ("[a\\]]", "]", true), ("", "", true),
    ])
    func `Patterns mean what they say`(pattern: String, text: String, fits: Bool) {
      #expect(Array(pattern.utf8).span.fits(Array(text.utf8).span) == fits)
    }
  }
}
