import SwitchboardTimeline
import Testing

/// The picture of a race, from made-up figures.
@Suite struct RaceTests {
  /// Each client takes a second of its server's attention; those of the first lane one after the other.
  private static func race(_ clients: Int, unserved: Int = 0) -> Race {
    var race = Race(clients: clients)
    for lane in race.lanes.indices {
      let isSequential = race.lanes[lane].model == .sequential
      for client in 0..<clients {
        let start = isSequential ? Duration.seconds(client) : .zero
        var runner = Race.Runner()
        (runner.begun, runner.greeted, runner.ended) = (.zero, start, start + .seconds(1))
        runner.answers = [start + .milliseconds(10), start + .milliseconds(500)]
        if isSequential, client >= clients - unserved {
          (runner.greeted, runner.hasFailed, runner.answers) = (nil, true, [])
        }
        race.lanes[lane].runners[client] = runner
      }
    }
    return race
  }

  @Test(arguments: [24, 40, 50, 80, 200], [1, 3, 100])
  func `No line is wider than the width, and rows are capped`(width: Int, clients: Int) {
    let lines = RaceTests.race(clients).lines(width: width, color: false)
    #expect(lines.allSatisfy { $0.count <= width })
    let rows = lines.count { $0.prefixMatch(of: #/conn\d+ /#) != nil }
    #expect(rows == 3 * min(clients, Race.mostRows))
    #expect(lines.contains { $0.hasPrefix("and 92 more clients") } == (clients == 100))
  }

  @Test func `Waiting and being served are told apart, on one axis`() throws {
    let lines = RaceTests.race(3).lines(width: 80, color: false)
    let axis = Array(try #require(lines.first { $0.contains("├") }))
    let (left, right) = (
      try #require(axis.firstIndex(of: "├")), try #require(axis.firstIndex(of: "┤"))
    )
    let third = (right - left) / 3
    let rows = lines.filter { $0.prefixMatch(of: #/conn\d+ /#) != nil }.map { Array($0) }
    // The third client of the first lane waits for two thirds of the time.
    let waits = rows[2].indices.filter { rows[2][$0] == "░" }
    #expect(waits.first == left && abs(waits.count - 2 * third) <= 1)
    #expect(String(rows[2]).hasSuffix(" 2.000 s"))
    for row in rows[3...] { #expect(!row.contains("░") && String(row).hasSuffix(" 0 µs")) }
    #expect(rows.allSatisfy { row in row.count { $0 == "●" } == 2 })
  }

  @Test func `Colour adds escape codes and nothing else`() {
    let race = RaceTests.race(3)
    let (plain, colored) = (
      race.lines(width: 80, color: false), race.lines(width: 80, color: true)
    )
    #expect(colored.map { $0.replacing(/\u{1B}\[[0-9;]*m/, with: "") } == plain)
    #expect(colored.joined().contains("\u{1B}[38;5;136m░"))
  }

  @Test func `Who was never served is said to have failed`() {
    let race = RaceTests.race(3, unserved: 1)
    #expect(race.lanes.map(\.failures) == [1, 0, 0])
    let lines = race.lines(width: 80, color: false)
    #expect(lines.contains { $0.hasPrefix("conn2") && $0.hasSuffix(" failed") })
    #expect(race.svg(width: 400).contains(">failed<"))
  }

  @Test(arguments: [320, 720, 1080], [1, 3, 100])
  func `Nothing in the drawing is beyond its edges`(width: Int, clients: Int) throws {
    let svg = RaceTests.race(clients).svg(width: width)
    let height = try #require(
      svg.firstMatch(of: /viewBox="0 0 \d+ (\d+)"/).flatMap { Double($0.1) })
    for match in svg.matches(
      of: /<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/)
    {
      let (x, y, wide, high) = (
        Double(match.1) ?? 0, Double(match.2) ?? 0, Double(match.3) ?? 0, Double(match.4) ?? 0
      )
      #expect(x + wide <= Double(width) && y + high <= height)
    }
    for match in svg.matches(of: /<text x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</) {
      let (x, y) = (Double(match.1) ?? 0, Double(match.2) ?? 0)
      #expect(x + Double(match.3.count) * 5.5 <= Double(width) && y <= height, "\(match.3)")
    }
  }
}
