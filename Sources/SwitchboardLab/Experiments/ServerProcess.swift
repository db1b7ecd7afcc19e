import Glibc
import Switchboard
import SwitchboardBase

/// A server in a process of its own, so that what it costs is told apart from what its clients cost.
/// It ends with its owner, also when that is killed.
public final class ServerProcess {
  /// It did not start.
  public struct Failure: Error, CustomStringConvertible {
    /// One line with the next action.
    public let description: String
  }

  private let child: ChildProcess
  /// Its process.
  public var pid: Int32 { child.pid }
  /// Where it listens.
  public let address: SocketAddress
  /// Kept open: the server's standard input ends when we do.
  private let lifeline: Int32
  private var drain: LoopThread?
  private var isStopped = false

  /// Starts `switchboard experiment subject` with these arguments and waits until it listens.
  init(_ program: String, _ arguments: [String]) throws {
    let (input, output) = (try ServerProcess.pipe(), try ServerProcess.pipe())
    defer { close(input.reading) }
    lifeline = input.writing
    let words = [program, "experiment", "subject"] + arguments
    do {
      child = try ChildProcess(
        words, input: input.reading, output: output.writing, errors: output.writing)
    } catch {
      close(input.writing)
      close(output.reading)
      close(output.writing)
      throw error
    }
    close(output.writing)
    let reading = output.reading
    do {
      address = try ServerProcess.awaitAddress(reading, arguments)
    } catch {
      close(reading)
      close(lifeline)
      kill(child.pid, SIGKILL)
      child.wait()
      throw error
    }
    // What it still writes is read away, so that it never waits for us.
    drain = try? LoopThread {
      while ServerProcess.read(reading) != nil {}
      close(reading)
    }
  }

  deinit { stop() }

  /// Ends it, at once, and waits until it has ended.
  public func stop() {
    guard !isStopped else { return }
    isStopped = true
    kill(pid, SIGKILL)
    close(lifeline)
    child.wait()
    drain.take()?.join()
  }

  /// Whether it still runs.
  public var isAlive: Bool { child.isAlive }

  // ------------------------------------------------------------------------- plumbing

  private static func pipe() throws -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [0, 0]
    guard unsafe Glibc.pipe(&ends) == 0 else {
      throw Failure(description: "pipe: no descriptor is free; raise the limit (`ulimit -n`)")
    }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func read(_ descriptor: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = unsafe Glibc.read(descriptor, &buffer, buffer.count)
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  /// The first line that tells an address. A server that fails writes why, and its output ends.
  private static func awaitAddress(_ descriptor: Int32, _ arguments: [String]) throws
    -> SocketAddress
  {
    var text = ""
    while let bytes = read(descriptor) {
      text += String(decoding: bytes, as: UTF8.self)
      for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        if let address = address(in: line) { return address }
      }
    }
    let reason = text.split(separator: "\n").joined(separator: " ")
    throw Failure(
      description: "the server (\(arguments.joined(separator: " "))) did not start: \(reason)")
  }

  /// From `listening on 127.0.0.1:4711 (epoll)`.
  static func address(in line: Substring) -> SocketAddress? {
    guard let range = line.firstRange(of: "listening on ") else { return nil }
    let place = line[range.upperBound...].split { $0 == " " || $0 == "," }.first ?? ""
    guard let port = place.split(separator: ":").last.flatMap({ UInt16($0) }) else { return nil }
    return .loopback(port: port)
  }
}
