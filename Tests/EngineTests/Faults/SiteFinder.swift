import CallStack
import Foundation
import Switchboard

/// Finds out at which site of the sources the running call was made: by the return addresses, which
/// the toolchain's symbolizer turns into lines.
final class SiteFinder: Sendable {
  static let shared = SiteFinder()
  private static var depth: Int { 24 }

  private struct State {
    var lines = Symbolizer()
    /// Places in the library by address: none, or several where one was inlined into another.
    var places: [UInt: [(file: String, line: Int)]] = [:]
  }
  private let state = Lock(State())

  /// The site of the innermost call that is not the fault decorator's own.
  func site(of call: SystemError.Call) -> Site? {
    var addresses = [UnsafeMutableRawPointer?](repeating: nil, count: Self.depth)
    let count = Int(call_stack(&addresses, Int32(Self.depth)))
    let stack = addresses.prefix(count).map { UInt(bitPattern: $0) }
    return state.withLock { state in
      for address in stack {
        if state.places[address] == nil { state.places[address] = state.lines.places(of: address) }
        for place in state.places[address] ?? [] {
          if let site = Sites.found.site(call.requirements, file: place.file, line: place.line) {
            return site
          }
        }
      }
      return nil
    }
  }

  /// Whether the running call was made on behalf of something in a file.
  func isCalled(from file: String) -> Bool {
    var addresses = [UnsafeMutableRawPointer?](repeating: nil, count: Self.depth)
    let count = Int(call_stack(&addresses, Int32(Self.depth)))
    let stack = addresses.prefix(count).map { UInt(bitPattern: $0) }
    return state.withLock { state in
      for address in stack {
        if state.places[address] == nil { state.places[address] = state.lines.places(of: address) }
        for place in state.places[address] ?? [] where place.file == file { return true }
      }
      return false
    }
  }
}

/// `llvm-symbolizer`, which comes with Swift, as a process of its own that is asked line by line.
private struct Symbolizer {
  private var process: Process?
  private var input: FileHandle?
  private var output: UnsafeMutablePointer<FILE>?
  private let base = call_base()

  /// The places in the library that a return address stands for, the innermost first.
  mutating func places(of address: UInt) -> [(file: String, line: Int)] {
    guard address > base, let output = started() else { return [] }
    input?.write(Data("0x\(String(address - base - 1, radix: 16))\n".utf8))
    var found: [(file: String, line: Int)] = []
    var (line, size): (UnsafeMutablePointer<CChar>?, Int) = (nil, 0)
    defer { free(line) }
    // A function's name and its place for each, and an empty line at the end.
    while getline(&line, &size, output) > 1, let text = line.map({ String(cString: $0) }) {
      guard let range = text.range(of: "/Sources/Switchboard/") else { continue }
      let parts = text[range.upperBound...].split(separator: ":")
      if parts.count >= 2, let number = Int(parts[1]) { found.append((String(parts[0]), number)) }
    }
    return found
  }

  private mutating func started() -> UnsafeMutablePointer<FILE>? {
    if process == nil {
      let made = Process()
      let (asked, answered) = (Pipe(), Pipe())
      made.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      made.arguments = ["llvm-symbolizer", "--obj=" + (program ?? ""), "--inlining"]
      (made.standardInput, made.standardOutput) = (asked, answered)
      process = made
      guard (try? made.run()) != nil else { return nil }
      input = asked.fileHandleForWriting
      output = fdopen(dup(answered.fileHandleForReading.fileDescriptor), "r")
    }
    return output
  }
}

extension SystemError.Call {
  /// The contract's names for it.
  var requirements: [String] {
    switch self {
    case .shutdown: ["shutdownSending"]
    case .setOption: ["set"]
    case .getOption: ["get"]
    case .ringSetup: ["ringOpen"]
    case .ringRegister:
      ["ringRegisterFiles", "ringRegisterBuffers", "ringRegisterItself", "ringSupports"]
    default: ["\(self)"]
    }
  }
}
