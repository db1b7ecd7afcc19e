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
  ]

  @Test(arguments: critical)
  func `As many pairs are left out as the tables say`(m: Int, n: Int, left: Int?) {
    #expect(RankSumTest.left(m, n) == left)
    #expect(RankSumTest.left(n, m) == left)
  }

  @Test func `A ratio is found, and where it lies`() throws {
    let test = try #require(
      RankSumTest([200, 202, 198, 201, 199], to: [100, 101, 99, 100.5, 99.5]))
    #expect(abs(test.ratio - 2) < 0.01 && test.isSignificant)
    let interval = try #require(test.interval)
    #expect(interval.contains(2) && interval.lowerBound > 1.95 && interval.upperBound < 2.05)
    #expect(RankSumTest([], to: [1]) == nil && RankSumTest([0], to: [1]) == nil)
    #expect(RankSumTest([1, 2, 3], to: [7, 8, 9])?.interval == nil)
    let same = try #require(RankSumTest([1, 1, 1, 1, 1], to: [1, 1, 1, 1, 1]))
    #expect(same.ratio == 1 && !same.isSignificant)
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
      switch Difference.of(a, beside: b, isMoreBetter: true) {
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
        if Difference.of(a, beside: b, isMoreBetter: false) == .worse { found[place] += 1 }
      }
    }
    #expect(found.allSatisfy { $0 >= 400 }, "\(found)")
  }
}
