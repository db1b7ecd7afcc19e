import Switchboard
import SwitchboardBase

extension LoadOptions {
  /// What was asked for, by option, as it is written on the command line.
  var setup: [String: String] {
    var setup = [
      "target": targets.map(\.description).joined(separator: ","), "protocol": speaking.rawValue,
      "connections": "\(connections)", "pipeline": "\(pipeline)",
      "threads": "\(threads)", "seed": "\(seed)", "timeout": Figures.brief(timeout),
      "warm-up": Figures.brief(warmUp),
    ]
    if let exchange {
      setup.merge(exchange.summary) { _, told in told }
    } else {
      setup["size"] = "\(size)"
    }
    if let requests {
      setup["requests"] = "\(requests)"
    } else {
      setup["duration"] = Figures.brief(duration)
    }
    if !sources.isEmpty { setup["source"] = sources.map(\.description).joined(separator: ",") }
    if backend != .epoll { setup["backend"] = backend.rawValue }
    if filter != nil { setup["tls"] = "yes" }
    if idle > 0 { setup["idle"] = "\(idle)" }
    if isOpenLoop { setup["rate"] = rates.map { Figures.plain($0) }.joined(separator: ",") }
    if burst > 1 { setup["burst"] = "\(burst)" }
    if let churn { setup["churn"] = "\(churn)" }
    if thinkTime > .zero { setup["think"] = Figures.brief(thinkTime) }
    if ramp > .zero { setup["ramp"] = Figures.brief(ramp) }
    return setup
  }
}

extension Figures {
  /// A number without decimal places it does not need: `1000`, `0.5`.
  static func plain(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }
}
