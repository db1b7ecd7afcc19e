import Testing

/// `switchboard simulate`, as users see it.
@Suite(.timeLimit(.minutes(15)))
struct SimulateTests {
  @Test func `A few seeds pass, and the figures say what they were`() async throws {
    let arguments = ["simulate", "--protocol", "frames", "--seeds", "5"]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.errors.allSatisfy { $0.contains(" seeds, 0 failed") })
      #expect(command.output.last == "every seed passed")
      #expect(command.output.contains { $0.hasPrefix("5 seeds in ") })
      #expect(command.output.contains { $0.hasPrefix("  short send: ") })
    }
  }

  @Test func `A seed is replayed call by call, the same each time`() async throws {
    let arguments = ["simulate", "--protocol", "echo", "--seed", "7", "--trace"]
    var runs: [[String]] = []
    for _ in 0..<2 {
      try await Spawned.run("switchboard", arguments) { command in
        try await command.expectEnd(.exit(0))
        runs.append(command.output)
      }
    }
    #expect(runs[0] == runs[1])
    #expect(runs[0].contains { $0.contains("  accept ") })
    #expect(runs[0].last?.hasPrefix("seed 7 passed: ") == true)
  }

  @Test(arguments: [["--seeds", "2"], ["--seed", "7"]])
  func `Of seeds that pass no page is written, which is said`(seeds: [String]) async throws {
    let arguments = ["simulate", "--protocol", "echo", "--out", "/tmp/not-written.html"] + seeds
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.errors.last?.hasSuffix("so '/tmp/not-written.html' is not written") == true)
    }
  }

  @Test func `Two runs of each seed are compared`() async throws {
    let arguments = ["simulate", "--seeds", "4", "--verify-digests", "--faults", "mild"]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(0))
      #expect(command.output.last == "every seed passed")
    }
  }

  @Test func `A seed that passes has nothing to shrink`() async throws {
    let arguments = ["simulate", "--protocol", "echo", "--faults", "none", "--shrink", "1"]
    try await Spawned.run("switchboard", arguments) { command in
      try await command.expectEnd(.exit(1))
      #expect(command.errors.count == 1)
      #expect(command.errors.first?.contains("seed 1 passes with these options") == true)
    }
  }

  @Test func `A trace needs a seed`() async throws {
    try await Spawned.run("switchboard", ["simulate", "--trace"]) { command in
      try await command.expectEnd(.exit(64))
      #expect(command.errors.joined().contains("'--seed <seed>'"))
    }
  }
}
