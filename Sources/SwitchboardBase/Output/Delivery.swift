import Switchboard

/// What a command has found out, on its way to files and to the terminal: in the order in which it
/// is safe.
///
/// First the ordinary files, which wait for nobody; then the terminal, whose reader may stop or
/// go; then the rest: pipes, devices, and standard output by other names. Who asks for a file on
/// standard output has it for that alone: the report then goes to standard error.
public struct Delivery {
  private var files: [(file: OutputFile, bytes: [UInt8])] = []

  /// A delivery of nothing yet.
  public init() {}

  /// Adds what goes into a file; without one, nothing.
  public mutating func add(_ bytes: [UInt8], to file: OutputFile?) {
    if let file { files.append((file, bytes)) }
  }

  /// Adds a text.
  public mutating func add(_ text: String, to file: OutputFile?) { add(Array(text.utf8), to: file) }

  /// Writes everything, and tells on standard error which files it has written.
  public func deliver() throws(FileTrouble) {
    Output.whenLost(.isToldAtEnd)
    let trouble = write(files.filter { $0.file.isOrdinary }) { Output.error("wrote \($0.path)") }
    let other = write(files.filter { !$0.file.isOrdinary })
    if let trouble = trouble ?? other { throw trouble }
  }

  /// Writes everything.
  ///
  /// - Parameter report: What the terminal gets, through the closure that it is given.
  /// - Returns: The first of what went wrong with the files: all of them have been tried.
  public func deliver(_ report: ((String) -> Void) -> Void) -> FileTrouble? {
    let takesOutput = files.contains { $0.file.isStandardOutput }
    var trouble = write(files.filter { $0.file.isOrdinary })
    report(takesOutput ? { _ = WholeWrite($0 + "\n", to: 2) } : Output.line)
    let other = write(files.filter { !$0.file.isOrdinary })
    trouble = trouble ?? other
    return trouble
  }

  /// - Parameter tell: Gets each that is whole now.
  private func write(
    _ files: [(file: OutputFile, bytes: [UInt8])], tell: (OutputFile) -> Void = { _ in }
  ) -> FileTrouble? {
    var first: FileTrouble?
    for (file, bytes) in files {
      do throws(FileTrouble) {
        try file.write(bytes)
        tell(file)
      } catch {
        // Whoever reads standard output may go, by whatever name it was written to.
        if file.isStandardOutput, let errno = error.errno { Output.lose(errno) }
        if !file.isStandardOutput { first = first ?? error }
      }
    }
    return first
  }
}
