import Glibc
import Switchboard
import Synchronization

/// A client of a ``StallingSession`` that asks for something slow, in a thread of its own.
final class Disturber {
  private final class State: Sendable {
    let isOver = Atomic<Bool>(false)
  }
  private final class Line {
    let socket: Socket<Linux>
    init(_ socket: consuming Socket<Linux>) { self.socket = socket }
  }

  private let state = State()
  private var thread: LoopThread?

  /// Connects, and asks when `delay` has passed, and again after each `interval`; nil for once.
  init(_ address: SocketAddress, after delay: Duration, every interval: Duration?) throws {
    let line = Line(try Socket.connecting(to: address, system: Linux()))
    let begin = Linux().now() + delay
    thread = try LoopThread { [state] in
      var due = begin
      while !state.isOver.load(ordering: .relaxed) {
        if Linux().now() >= due {
          let sign: [UInt8] = [0x21]
          _ = try? line.socket.send(sign.span)
          guard let interval else { break }
          due = due + interval
        }
        usleep(2000)
      }
      // Closed by whoever ends us: the server is not told of an end while it is stalled.
      while !state.isOver.load(ordering: .relaxed) { usleep(2000) }
    }
  }

  /// Ends it.
  func stop() {
    state.isOver.store(true, ordering: .relaxed)
    thread.take()?.join()
  }
}
