import Switchboard
import SwitchboardBase
import SwitchboardReport

/// An experiment: a claim about concurrent servers, and a program that tries it on this machine.
///
/// Measuring and judging are apart: ``controls(_:)`` and ``findings(_:)`` are functions of the figures alone,
/// so that verdicts and pictures can be tested with any figures. Controls come first: where one is not as it
/// must be, the run decides nothing.
public protocol Trial: Sendable {
  /// What a run measures.
  associatedtype Measured: Sendable
  /// What it is called: `select-wall`.
  static var name: String { get }
  /// The claim, in one sentence.
  static var claim: String { get }
  /// What lies behind the claim and how it is tried, in a few sentences.
  static var story: String { get }
  /// About how long it takes, in seconds.
  static var seconds: Int { get }
  /// Whether other programs at work would show in its figures: not where it counts calls or bytes.
  static var needsQuiet: Bool { get }

  init()
  /// Runs it.
  func measure(_ laboratory: Laboratory) throws -> Measured
  /// What must be so before the claim is looked at.
  func controls(_ measured: Measured) -> [Control]
  /// Looks at the claim.
  func findings(_ measured: Measured) -> Findings
}

extension Trial {
  /// Runs it and judges: a section of a report. What goes wrong on the way leaves the claim undecided.
  public func run(_ laboratory: Laboratory) -> Report.Section {
    let start = Linux().now()
    let quick = laboratory.isQuick ? " --quick" : ""
    return Report.Section(
      name: Self.name, claim: Self.claim, story: Self.story,
      command: "switchboard experiment \(Self.name) --out report/\(quick)",
      findings: tried(laboratory), took: Linux().now().since(start))
  }

  private func tried(_ laboratory: Laboratory) -> Findings {
    let surroundings = Self.needsQuiet ? Surroundings() : nil
    do {
      let measured = try measure(laboratory)
      return judged(measured, [surroundings?.control()].compactMap(\.self))
    } catch {
      return Findings(.undecided("it could not be tried: \(error)"))
    }
  }

  /// The findings, with a verdict only as far as the controls admit one.
  func judged(_ measured: Measured, _ more: [Control] = []) -> Findings {
    let controls = controls(measured) + more
    var findings = findings(measured)
    findings.controls = controls
    findings.verdict = findings.verdict?.gated(by: controls)
    return findings
  }
}

/// All experiments, in the order in which the story is told.
public enum Trials {
  /// The registry.
  public static let all: [any Trial.Type] = [
    SequentialWaits.self, ThreadsCost.self, OneThreadServesAll.self, SlowCallbackStalls.self,
    SelectWall.self, SelectIsLinear.self, TenThousand.self, EpollControlCalls.self,
    RingBatches.self, Backpressure.self, OpenVersusClosedLoop.self, IdleCosts.self,
  ]

  /// The experiment of that name.
  public static func named(_ name: String) -> (any Trial.Type)? {
    all.first { $0.name == name }
  }
}

/// Where experiments run: on this machine, their servers in processes of their own.
public struct Laboratory: Sendable {
  /// Fewer sizes and shorter runs: to see that it works, not for figures.
  public var isQuick: Bool
  /// How often what the claim speaks of is measured: the rounds have to agree.
  var rounds: Int { isQuick ? 2 : 3 }
  /// The switchboard command, which serves.
  public var program: String
  /// Gets a line when something has been measured. Any thread.
  public var progress: @Sendable (String) -> Void

  /// A laboratory.
  public init(
    isQuick: Bool = false, program: String = ProcessStart.program,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    (self.isQuick, self.program, self.progress) = (isQuick, program, progress)
  }

  /// Starts `switchboard serve` with these options, on a free port.
  ///
  /// - Throws: ``ServerProcess/Failure``.
  func serve(_ options: String...) throws -> ServerProcess { try serve(options) }

  /// Starts one of the servers that exist for experiments alone.
  ///
  /// - Throws: ``ServerProcess/Failure``.
  func subject(_ options: String...) throws -> ServerProcess {
    try ServerProcess(program, options)
  }

  /// Whether so many connections of one process can be had.
  func admits(_ connections: Int) -> Bool {
    connections + 64 <= Linux().descriptorLimit().value
  }
}

/// An experiment cannot go on.
public struct TrialFailure: Error, CustomStringConvertible {
  /// One line with the next action.
  public let description: String

  init(_ description: String) { self.description = description }
}
