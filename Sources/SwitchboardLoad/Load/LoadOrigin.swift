import Glibc
import SwitchboardBase

/// Where and when a result was measured, by what, and how it was asked for.
public struct LoadOrigin: Sendable, Codable, Hashable {
  /// When the run ended, with the zone: `2026-11-26T21:15:03+0100`.
  public var time: String
  /// The machine's name, as `hostname` has it.
  public var host: String
  /// Processor, how many of them were allowed, and kernel.
  public var machine: String
  /// Which processors these were, as the kernel lists them: `0-3,8`.
  public var processors: String
  /// The program's version.
  public var version: String
  /// A number in hexadecimal that two builds of the program share only if they are the same.
  public var build: String
  /// The command line, as a shell would take it.
  public var command: String

  /// This program on this machine, now.
  ///
  /// - Parameters:
  ///   - version: The program's version.
  ///   - command: The words of the command line.
  public init(version: String, command: [String]) {
    time = LoadOrigin.now
    host = FileName.shown(Machine.name)
    machine = "\(Machine.current)"
    processors = Machine.listed(Machine.allowedProcessors)
    self.version = version
    build = Machine.program
    self.command = command.map(LoadOrigin.quoted).joined(separator: " ")
  }

  private static var now: String {
    var (moment, parts) = unsafe (Glibc.time(nil), tm())
    unsafe localtime_r(&moment, &parts)
    return unsafe String(unsafeUninitializedCapacity: 64) { bytes in
      unsafe bytes.withMemoryRebound(to: CChar.self) {
        unsafe strftime($0.baseAddress, $0.count, "%Y-%m-%dT%H:%M:%S%z", &parts)
      }
    }
  }

  /// A word as a shell takes it, with nothing that a terminal would obey.
  private static func quoted(_ word: String) -> String {
    let shown = FileName.shown(word)
    let isPlain = shown.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:,=+@%".contains($0))
    }
    return isPlain && !shown.isEmpty ? shown : "'" + shown.replacing("'", with: "'\\''") + "'"
  }

  var words: [String] { [time, host, machine, processors, version, build, command] }
}
