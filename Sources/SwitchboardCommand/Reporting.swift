import ArgumentParser
import Logging
import Switchboard
import SwitchboardBase

/// Does the work of a subcommand. What goes wrong becomes one line on standard error, with the next
/// action, and exit code 1.
func reportingFailure<Result>(of subcommand: String, _ body: () throws -> Result) throws -> Result {
  do {
    return try body()
  } catch let code as ExitCode {
    throw code
  } catch {
    let line = "switchboard \(subcommand): \(error)"
    // What a server has to say last waits for nobody either.
    if Log.isBegun { Log.error(line) } else { Output.error(line) }
    throw ExitCode(1)
  }
}

/// Writes each message as one line at once: warnings and worse, with their level, to standard error,
/// the rest to standard output.
struct LineHandler: LogHandler {
  var logLevel: Logger.Level = .info
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let extra = metadata.merging(event.metadata ?? [:]) { $1 }
      .sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    if event.level < .warning { return Log.line("\(event.message)\(extra)") }
    Log.error("\(event.level): \(event.message)\(extra)")
  }
}
