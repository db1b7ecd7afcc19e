import ArgumentParser
import Switchboard

/// The options of `switchboard serve` and `relay` that bound what peers can make it do.
struct ServeLimits: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Connections served at once, by all loops together; further ones wait. (default: what the \
      descriptor limit allows)
      """, valueName: "n"),
    transform: Read.count(1...10_000_000))
  var maxConnections: Int?

  @Option(
    help: ArgumentHelp(
      """
      Connections served at once from one IPv4 address or one IPv6 network of 64 bits, by all loops \
      together; further ones are closed. (default: no limit)
      """, valueName: "n"),
    transform: Read.count(1...10_000_000))
  var maxConnectionsPerAddress: Int?

  @Option(
    help: ArgumentHelp(
      "Connections that a loop accepts before it looks at the others again. (default: 64)",
      valueName: "n"),
    transform: Read.count(1...65536))
  var acceptBudget: Int?

  @Option(
    help: ArgumentHelp(
      "Close a peer that was silent for so long, such as 30s. (default: never)", valueName: "time"),
    transform: Read.timeOrNever)
  var idleTimeout = Timeout.never

  @Option(
    help: ArgumentHelp(
      "How long peers may take to finish at the end. (default: 10s)", valueName: "time"),
    transform: Read.time)
  var drainTimeout = Timeout.seconds(10)

  @Option(
    help: ArgumentHelp(
      "How long a peer may go on sending when the server has finished. (default: 2s)",
      valueName: "time"),
    transform: Read.time)
  var lingerTimeout = Timeout.seconds(2)

  @Option(
    help: ArgumentHelp(
      "Do not read from a peer with more than this unsent. (default: 64k)", valueName: "bytes"),
    transform: Read.size(1...1 << 30))
  var highWatermark: Size?

  @Option(
    help: ArgumentHelp(
      "Read again when this little is unsent. (default: 16k, at most the high watermark)",
      valueName: "bytes"),
    transform: Read.size(0...1 << 30))
  var lowWatermark: Size?

  @Option(
    help: ArgumentHelp(
      "Close a peer with more than this unsent: it reads too slowly. (default: 8m)",
      valueName: "bytes"),
    transform: Read.size(1...1 << 30))
  var outboxLimit: Size?

  /// The library's options.
  var options: ServerOptions {
    var options = ServerOptions()
    options.maxConnections = maxConnections
    options.maxConnectionsPerAddress = maxConnectionsPerAddress
    options.idleTimeout = idleTimeout.duration
    options.drainTimeout = drainTimeout.duration ?? options.drainTimeout
    options.lingerTimeout = lingerTimeout.duration ?? options.lingerTimeout
    options.acceptBudget = acceptBudget ?? options.acceptBudget
    options.outboxLimit = outboxLimit?.bytes ?? options.outboxLimit
    // What is not said follows what is.
    options.highWatermark = highWatermark?.bytes ?? min(options.highWatermark, options.outboxLimit)
    options.lowWatermark = lowWatermark?.bytes ?? min(options.lowWatermark, options.highWatermark)
    return options
  }

  func validate() throws {
    let options = options
    guard options.lowWatermark <= options.highWatermark else {
      throw ValidationError(
        "'--low-watermark \(lowWatermark?.description ?? "")' is above the high watermark "
          + "(\(options.highWatermark) bytes): lower it, or raise '--high-watermark'.")
    }
    guard options.highWatermark <= options.outboxLimit else {
      throw ValidationError(
        "'--high-watermark \(highWatermark?.description ?? "")' is above the outbox limit "
          + "(\(options.outboxLimit) bytes): lower it, or raise '--outbox-limit'.")
    }
  }
}
