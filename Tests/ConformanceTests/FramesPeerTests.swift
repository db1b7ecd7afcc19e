import Glibc
import Switchboard
import SwitchboardArticle
import Testing

/// The table in ``FramesPeer``'s documentation, row by row, over a real pair of sockets.
@Suite struct FramesPeerTable {
  /// A peer and both ends of its connection.
  struct Scene: ~Copyable {
    var peer = FramesPeer()
    let pair: SocketPair
    let socket: Socket<AuditedKernel>
    let kernel = AuditedKernel()
    var scratch = [UInt8](repeating: 0, count: FramesPeer.bufferSize)

    init(_ pair: SocketPair = SocketPair()) {
      self.pair = pair
      kernel.ledger.adopt(pair.ours)
      socket = Socket(adopting: Descriptor(rawValue: pair.ours), system: kernel)
    }

    /// A peer that has been greeted.
    static func greeted(_ pair: SocketPair = SocketPair()) -> Scene {
      var scene = Scene(pair)
      _ = scene.peer.connected()
      _ = scene.toSend()
      _ = pair.receive()
      return scene
    }

    mutating func toReceive() -> Interest { peer.readyToReceive(socket, &scratch) }
    mutating func toSend() -> Interest { peer.readyToSend(socket, &scratch) }
    mutating func drain() -> Interest { peer.drain(socket, &scratch) }
  }

  @Test("Connected: the greeting is queued, and sending comes first")
  func connected() {
    var scene = Scene()
    let answer = scene.peer.connected()
    #expect(answer == .write)
    #expect(scene.peer.unsent == 1)
    #expect(scene.peer.state == .initialAcknowledgement)
  }

  @Test("To receive, something unsent: nothing is received")
  func receiveWhileUnsent() {
    var scene = Scene()
    _ = scene.peer.connected()
    scene.pair.send("^abc$")
    let answer = scene.toReceive()
    #expect(answer == .write)
    #expect(scene.kernel.ledger.received == 0)
    #expect(scene.peer.state == .initialAcknowledgement)
  }

  @Test("To receive, would block: readiness was spurious")
  func receiveSpurious() {
    var scene = Scene.greeted()
    let answer = scene.toReceive()
    #expect(answer == .read)
    #expect(scene.peer.state == .waitingForMessage)
    #expect(scene.peer.ending == nil)
  }

  @Test("To receive, end of stream: finished")
  func receiveEnd() {
    var scene = Scene.greeted()
    scene.pair.finishSending()
    let answer = scene.toReceive()
    #expect(answer == [])
    #expect(scene.peer.ending == .endOfStream)
  }

  @Test("To receive, an error: finished, and it is kept")
  func receiveError() {
    var scene = Scene.greeted(SocketPair(overTCP: true))
    scene.pair.reset()
    let answer = scene.toReceive()
    #expect(answer == [])
    guard case .failed(let error) = scene.peer.ending else {
      Issue.record("no error is kept")
      return
    }
    #expect(error.errno.rawValue == ECONNRESET)
  }

  @Test("To receive, bytes with an answer: it is queued")
  func receiveAnswered() {
    var scene = Scene.greeted()
    scene.pair.send("xy^abc")
    let answer = scene.toReceive()
    #expect(answer == .write)
    #expect(scene.peer.unsent == 3)
    #expect(scene.peer.state == .inMessage)
    let next = scene.toSend()
    #expect(next == .read)
    #expect(scene.pair.receive() == Array("bcd".utf8))
  }

  @Test("To receive, bytes without an answer", arguments: ["xyz", "^", "^$", "x^"])
  func receiveUnanswered(_ text: String) {
    var scene = Scene.greeted()
    scene.pair.send(text)
    let answer = scene.toReceive()
    #expect(answer == .read)
    #expect(scene.peer.unsent == 0)
    #expect(scene.peer.state == (text.last == "^" ? .inMessage : .waitingForMessage))
  }

  @Test("To send, nothing queued: both")
  func sendNothing() {
    var scene = Scene.greeted()
    let answer = scene.toSend()
    #expect(answer == [.read, .write])
  }

  @Test("To send, would block: everything is kept")
  func sendBlocked() {
    var scene = Scene.greeted()
    let filled = scene.pair.fill()
    scene.pair.send("^abc$")
    _ = scene.toReceive()
    let blocked = scene.toSend()
    #expect(blocked == .write)
    #expect(scene.peer.unsent == 3)
    #expect(scene.pair.receive(count: filled).count == filled)
    let sent = scene.toSend()
    #expect(sent == .read)
    #expect(scene.pair.receive() == Array("bcd".utf8))
  }

  @Test("To send, a part was taken: the rest goes on from there")
  func sendPart() {
    let pair = SocketPair(sendBuffer: 4608)
    var scene = Scene.greeted(pair)
    let message = [0x5E] + (0..<16_000).map { UInt8(0x30 + $0 % 77) }
    pair.send(message)
    var answer = scene.toReceive()
    var received: [UInt8] = []
    var parts = 0
    while answer == .write, parts < 1000 {
      let before = scene.peer.unsent
      answer = scene.toSend()
      #expect(scene.peer.unsent < before)
      received += pair.receive()
      parts += 1
    }
    #expect(parts > 1)
    #expect(answer == .read)
    #expect(received == replies(to: message))
  }

  @Test("To send, all taken: the initial acknowledgement is over")
  func sendGreeting() {
    var scene = Scene()
    _ = scene.peer.connected()
    let answer = scene.toSend()
    #expect(answer == .read)
    #expect(scene.peer.state == .waitingForMessage)
    #expect(scene.peer.unsent == 0)
    #expect(scene.pair.receive() == [0x2A])
  }

  @Test("To send, an error: finished, and it is kept")
  func sendError() {
    var scene = Scene.greeted()
    scene.pair.send("^abc$")
    _ = scene.toReceive()
    scene.pair.closeTheirs()
    let answer = scene.toSend()
    #expect(answer == [])
    let lost = SystemError(
      .send, Errno(rawValue: EPIPE), on: .descriptor(Descriptor(rawValue: scene.pair.ours)))
    #expect(scene.peer.ending == .failed(lost))
  }

  @Test("Nothing is received beyond the buffer's size at once, nor while that is unsent")
  func bounded() {
    var scene = Scene.greeted()
    scene.pair.send([0x5E] + [UInt8](repeating: 0x61, count: 40_000))
    let answer = scene.toReceive()
    #expect(answer == .write)
    let again = scene.toReceive()
    #expect(again == .write)
    #expect(scene.peer.unsent == FramesPeer.bufferSize - 1)
    #expect(scene.kernel.ledger.received == FramesPeer.bufferSize)
  }

  @Test("Draining: an idle peer is finished, an open frame is waited for")
  func drain() {
    var idle = Scene.greeted()
    let finished = idle.drain()
    #expect(finished == [])

    var open = Scene.greeted()
    open.pair.send("^ab")
    let first = open.drain()
    #expect(first == .write)
    let waiting = open.toSend()
    #expect(waiting == .read)
    open.pair.send("c$")
    let last = open.toReceive()
    #expect(last == .write)
    let end = open.toSend()
    #expect(end == [])
    #expect(open.pair.receive() == Array("bcd".utf8))
  }

  @Test("Draining: what has already been sent is answered, one receive a callback")
  func drainBounded() {
    var scene = Scene.greeted()
    scene.pair.send([UInt8](repeating: 0x78, count: 50_000) + Array("^abc$".utf8))
    var answer = scene.drain()
    var callbacks = 1
    #expect(scene.kernel.ledger.received <= FramesPeer.bufferSize)
    while !answer.isEmpty, callbacks < 100 {
      let before = scene.kernel.ledger.received
      answer = answer.contains(.read) ? scene.toReceive() : scene.toSend()
      #expect(scene.kernel.ledger.received - before <= FramesPeer.bufferSize)
      callbacks += 1
    }
    #expect(scene.pair.receive() == Array("bcd".utf8))
  }
}
