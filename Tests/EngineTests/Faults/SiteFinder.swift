import CallStack
import Runtime
import Switchboard
import Synchronization

/// Finds out at which site of the sources the running call was made.
final class SiteFinder: Sendable {
  static let shared = SiteFinder()
  private let known = Mutex<[[UInt]: Site?]>([:])

  /// The site of the innermost call that is not the fault decorator's own.
  func site(of point: FaultPoint) -> Site? {
    guard case .call(let call) = point else { return nil }
    var addresses = [UnsafeMutableRawPointer?](repeating: nil, count: 14)
    let count = Int(call_stack(&addresses, 14))
    let stack = addresses.prefix(count).map { UInt(bitPattern: $0) }
    if let site = known.withLock({ $0[stack] }) { return site }
    let site = symbolicated(call)
    known.withLock { $0[stack] = .some(site) }
    return site
  }

  private func symbolicated(_ call: SystemError.Call) -> Site? {
    guard let stack = try? Backtrace.capture(limit: 24).symbolicated() else { return nil }
    for frame in stack.frames {
      guard let location = frame.symbol?.sourceLocation, location.line > 0,
        let range = location.path.range(of: "/Sources/Switchboard/")
      else { continue }
      let file = String(location.path[range.upperBound...])
      for requirement in call.requirements {
        if let site = Sites.found.site(requirement, file: file, line: location.line) { return site }
      }
    }
    return nil
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
