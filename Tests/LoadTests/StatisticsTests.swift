import Testing

@testable import SwitchboardBase
@testable import SwitchboardLoad

@Suite("Statistics")
struct StatisticsTests {
  @Test func `Quantiles are those of R's type 7`() {
    #expect(Sample([]).median == nil && Sample([Double.nan]).median == nil)
    #expect(Sample([3]).quantile(0.9) == 3)
    #expect(Sample([4, 1, 3, 2]).median == 2.5)
    #expect(Sample([5, 1, 3]).median == 3)
    #expect(Sample([1, 2, 3, 4, 5]).quantile(0.1) == 1.4)
    #expect(Sample([1, 2, 3, 4, 5]).quantile(-1) == 1 && Sample([1, 2]).quantile(7) == 2)
    #expect(Sample([.infinity, .infinity]).median == .infinity)
  }

  /// From the tables of the rank-sum test, two-sided, five in a hundred: critical values of U.
  static let critical: [(Int, Int, Int?)] = [
    (3, 3, nil), (4, 4, 0), (5, 5, 2), (4, 6, 2), (6, 6, 5), (8, 8, 13), (10, 10, 23), (5, 9, 7),
    (20, 20, 127), (1, 30, nil),
    // One order of 39 is more than twice one in forty, one of forty is not.
    (1, 38, nil), (1, 39, 0),
  ]

  @Test(arguments: critical)
  func `As many pairs are left out as the tables say`(m: Int, n: Int, left: Int?) {
    #expect(RankSumTest.left(m, n) == left)
    #expect(RankSumTest.left(n, m) == left)
  }

  @Test func `A ratio is found, and where it lies`() throws {
    let test = try #require(
      RankSumTest([200, 202, 198, 201, 199], to: [100, 101, 99, 100.5, 99.5]))
    #expect(abs(test.ratio - 2) < 0.01)
    let interval = try #require(test.interval)
    #expect(interval.contains(2) && interval.lowerBound > 1.95 && interval.upperBound < 2.05)
    #expect(RankSumTest([], to: [1]) == nil && RankSumTest([1], to: []) == nil)
    for none in [0, -1, .infinity, .nan] as [Double] {
      #expect(RankSumTest([none], to: [1]) == nil && RankSumTest([1], to: [1, none]) == nil)
    }
    #expect(RankSumTest([1, 2, 3], to: [7, 8, 9])?.interval == nil)
    let same = try #require(RankSumTest([1, 1, 1, 1, 1], to: [1, 1, 1, 1, 1]))
    #expect(same.ratio == 1 && same.interval == 1...1)
  }

  @Test(arguments: [4, 5, 9])
  func `The other way round a ratio lies where it lay, turned over`(count: Int) throws {
    var chance = Chance(seed: 5)
    let (a, b) = (Self.noisy(&chance, count, 130), Self.noisy(&chance, count, 100))
    let (one, other) = (try #require(RankSumTest(a, to: b)), try #require(RankSumTest(b, to: a)))
    let (range, turned) = (try #require(one.interval), try #require(other.interval))
    #expect(abs(one.ratio * other.ratio - 1) < 1e-9)
    #expect(abs(range.lowerBound * turned.upperBound - 1) < 1e-9)
    #expect(abs(range.upperBound * turned.lowerBound - 1) < 1e-9)
  }

  // ------------------------------------------------------------------------- differences

  private static func verdict(
    _ value: Double, beside other: Double, step: Double = 0
  ) -> (verdict: String, reason: String?) {
    let five = { (value: Double) in Array(repeating: value, count: 5) }
    return Difference.of(five(value), beside: five(other), isMoreBetter: true, step: step).words
  }

  @Test func `No figure is the same more closely than it is told`() {
    #expect(Self.verdict(1000, beside: 1000).verdict == "same within 0.1 %")
    #expect(Self.verdict(1000, beside: 1000, step: 0.01).verdict == "same within 1.0 %")
    // Rounded up, so that it is none too small.
    #expect(Self.verdict(1002.5, beside: 1000).verdict == "better")
    #expect(Self.verdict(1002.5, beside: 1000, step: 0.003).verdict == "same within 0.6 %")
    #expect(Self.verdict(1000, beside: 1002.5, step: 0.003).verdict == "same within 0.6 %")
  }

  @Test func `A difference of one step is none, and one of more is`() {
    #expect(Self.verdict(1000.5, beside: 1000).verdict == "same within 0.2 %")
    #expect(Self.verdict(101, beside: 100, step: 0.01).verdict == "same within 2.1 %")
    #expect(Self.verdict(100, beside: 101, step: 0.01).verdict == "same within 2.0 %")
    #expect(Self.verdict(103, beside: 100, step: 0.01).verdict == "better")
    #expect(Self.verdict(100, beside: 103, step: 0.01).verdict == "worse")
  }

  @Test func `Where a figure is told too coarsely, longer runs help, and otherwise more of them`() {
    let coarse = Self.verdict(20, beside: 20, step: 0.06)
    #expect(coarse.verdict == "cannot tell")
    #expect(
      coarse.reason
        == "from −5.7 % to +6.0 % is all the same to these runs: use a longer --duration")
    let noisy = Difference.of(
      [80, 100, 120, 90, 110], beside: [100, 90, 80, 120, 110], isMoreBetter: true, step: 0)
    #expect(noisy.words.verdict == "cannot tell")
    #expect(noisy.words.reason?.hasSuffix("use a larger --repeat, or a quieter machine") == true)
  }

  @Test func `What is the same is so within the farther end of the interval`() {
    // In one direction alone: from no difference to four per cent.
    let (a, b) = ([100.0, 101, 102, 103, 104], [100.0, 100, 100, 100, 100])
    for (values, others) in [(a, b), (b, a)] {
      let difference = Difference.of(values, beside: others, isMoreBetter: true, step: 0)
      guard case .same(let share) = difference else {
        Issue.record("\(difference)")
        continue
      }
      #expect((0.039...0.042).contains(share))
    }
  }

  @Test func `A share says more or less by its sign, to a tenth of a per cent`() {
    #expect(Difference.signed(0) == "+0.0 %" && Difference.signed(0.1234) == "+12.3 %")
    #expect(Difference.signed(-0.5) == "−50.0 %" && Difference.signed(2) == "+200.0 %")
  }

  /// Lognormal noise of ten per cent, by a seed.
  private static func noisy(_ chance: inout Chance, _ count: Int, _ mean: Double) -> [Double] {
    (0..<count).map { _ in
      let sum = (0..<12).reduce(0.0) { sum, _ in sum + Double.random(in: 0..<1, using: &chance) }
      return mean * (1 + 0.1 * (sum - 6))
    }
  }

  @Test func `What does not differ is told apart in five of a hundred at most`() {
    var (chance, false_) = (Chance(seed: 11), 0)
    for _ in 0..<4000 {
      let (a, b) = (Self.noisy(&chance, 5, 100), Self.noisy(&chance, 5, 100))
      switch Difference.of(a, beside: b, isMoreBetter: true, step: 0) {
      case .better, .worse: false_ += 1
      default: break
      }
    }
    #expect(false_ > 0 && false_ <= 200)
  }

  @Test
  func `A difference as large as the noise is found by twenty runs, one of three times by five`() {
    var (chance, found) = (Chance(seed: 12), [0, 0])
    for _ in 0..<500 {
      for (place, (count, mean)) in [(20, 110.0), (5, 130.0)].enumerated() {
        let (a, b) = (
          Self.noisy(&chance, count, mean), Self.noisy(&chance, count, 100)
        )
        if Difference.of(a, beside: b, isMoreBetter: false, step: 0) == .worse { found[place] += 1 }
      }
    }
    #expect(found.allSatisfy { $0 >= 375 }, "\(found)")
  }
}
