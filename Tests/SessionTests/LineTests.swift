import Switchboard
import TestSupport
import Testing

@testable import SwitchboardArticle
@testable import SwitchboardBase

extension SessionTests {
  @Suite struct Line {
    private func serve(
      _ backend: Server.BackendName, _ body: (Caller, ServerHandle) throws -> Void
    ) throws {
      let services = LineServices()
      defer { services.close() }
      try serving(LineSession(services), on: backend) { port, handle in
        try body(try Caller(to: port), handle)
      }
    }

    static let talk = """
      PING
      ping
      ECHO hello there
      ECHO
      ECHO  two  spaces
      REVERSE stressed
      REVERSE déjà 👩‍🚀
      SLEEP 1
      HASH abc
      HASH
      SLEEP 0
      PING
      PONG

      SLEEP
      SLEEP -1
      SLEEP 60001
      SLEEP 99999999999999999999
      QUIT

      """

    static let answers = """
      OK PONG
      OK PONG
      OK hello there
      OK \

      OK  two  spaces
      OK desserts
      OK 👩‍🚀 àjéd
      OK slept 1
      OK bcb5b1cc8e5e9165
      OK cbf29ce484222325
      OK slept 0
      OK PONG
      ERR say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT
      ERR say PING, ECHO text, REVERSE text, SLEEP ms, HASH text or QUIT
      ERR say SLEEP and milliseconds from 0 to 60000
      ERR say SLEEP and milliseconds from 0 to 60000
      ERR say SLEEP and milliseconds from 0 to 60000
      ERR say SLEEP and milliseconds from 0 to 60000
      OK bye

      """

    @Test("Lines sent at once are answered in order, and the last one closes", arguments: backends)
    func pipelined(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        try peer.send(Self.talk + "PING\n")
        #expect(try peer.toEnd() == Self.answers)
      }
    }

    @Test("Lines sent byte by byte are answered the same", arguments: backends)
    func bytes(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        for byte in Self.talk.utf8 { try peer.send([byte]) }
        #expect(try peer.toEnd() == Self.answers)
      }
    }

    @Test("Lines with CR LF are answered the same", arguments: backends)
    func carriageReturns(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        try peer.send(Self.talk.split(separator: "\n").joined(separator: "\r\n") + "\r\n")
        let answered = try peer.toEnd()
        #expect(answered.hasPrefix("OK PONG\nOK PONG\nOK hello there\n"))
        #expect(answered.hasSuffix("OK bye\n"))
      }
    }

    @Test("A peer that has finished sending gets every answer", arguments: backends)
    func halfClose(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        try peer.send("SLEEP 5\nHASH a\nECHO last\nECHO cut off")
        peer.finishSending()
        #expect(try peer.toEnd() == "OK slept 5\nOK \(hexadecimal(slowHash([0x61])))\nOK last\n")
      }
    }

    @Test("A sleep takes its time and holds up nobody else", arguments: backends)
    func sleep(_ backend: Server.BackendName) throws {
      let services = LineServices()
      try serving(LineSession(services), on: backend) { port, _ in
        let (sleeper, other) = (try Caller(to: port), try Caller(to: port))
        #expect(try sleeper.ask("PING") == "OK PONG")
        let start = ContinuousClock.now
        try sleeper.send("SLEEP 300\n")
        #expect(try other.ask("PING") == "OK PONG")
        #expect(try sleeper.line() == "OK slept 300")
        #expect(start.duration(to: .now) >= .milliseconds(300))
      }
    }

    @Test("A line that is too long gets one ERR and the end", arguments: backends)
    func tooLong(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        let longest = String(repeating: "x", count: LineSession.limit - 5)
        #expect(try peer.ask("ECHO \(longest)") == "OK \(longest)")
        try peer.send("PING\nECHO x\(longest)\nPING\n")
        #expect(try peer.toEnd() == "OK PONG\nERR a line may have 1024 bytes; connect again\n")
      }
    }

    @Test("A line that trickles in is cut off at its time, whatever comes meanwhile")
    func trickle() throws {
      let services = LineServices()
      defer { services.close() }
      try serving(LineSession(services, lineTimeout: .milliseconds(100)), on: .auto) { port, _ in
        let (peer, other) = (try Caller(to: port), try Caller(to: port))
        #expect(try peer.ask("PING") == "OK PONG")
        let start = ContinuousClock.now
        while !peer.hasInput {
          try peer.send("E")
          #expect(try other.ask("SLEEP 10") == "OK slept 10")
        }
        #expect(try peer.toEnd() == "ERR a line must end in time; connect again\n")
        #expect(start.duration(to: .now) >= .milliseconds(100))
      }
    }

    @Test("The time of a line ends with it: answers that take longer are given")
    func slowAnswers() throws {
      let times = [50, 500, 5000].map { Duration.milliseconds($0) }
      let (lines, sleeps) = try withTime(ofAnyOf: times, slowAnswers)
      #expect(lines == ["OK slept \(sleeps[0])", "OK", "OK slept \(sleeps[1])", "OK PONG"])
    }

    /// What a peer is answered whose lines must come within a time, and how long it asks to wait.
    private func slowAnswers(
      _ time: Duration, _ punctuality: Punctuality
    ) throws -> (lines: [String?], sleeps: [Int]) {
      let services = LineServices()
      defer { services.close() }
      let milliseconds = Int(time.inSeconds * 1000)
      let sleeps = [3 * milliseconds, milliseconds + 10]
      var lines: [String?] = []
      try serving(LineSession(services, lineTimeout: time), on: .auto) { port, _ in
        let peer = try Caller(to: port)
        func ask(_ halves: String...) throws {
          punctuality.start()
          for half in halves {
            try peer.send(half)
            punctuality.mark()
          }
          punctuality.stop()
          lines.append(try peer.line())
        }
        try ask("SLE", "EP \(sleeps[0])\n")
        try ask("HA", "SH \(String(repeating: "x", count: 1000))\n")
        lines[1] = lines[1].map { $0.count == 19 ? "OK" : $0 }
        try ask("SLEEP \(sleeps[1])\nPING\n")
        lines.append(try peer.line())
      }
      return (lines, sleeps)
    }

    @Test("Letters that are capitals of a command's only in Unicode make no command")
    func otherAlphabets() {
      for word in ["ſleep 5", "pıng", "qu\u{131}t"] {
        guard case .wrong = LineCommand(Array(word.utf8)) else {
          Issue.record("\(word) is taken for a command")
          continue
        }
      }
    }

    @Test("Bytes that are no text are answered", arguments: backends)
    func anything(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, _ in
        var bytes = (UInt8.min...UInt8.max).filter { $0 != 0x0A }
        bytes += Array("\nREVERSE ".utf8) + [0xFF, 0xC3, 0x80, 0xF0, 0x9F, 0x0A]
        try peer.send(bytes + Array("SLEEP \u{661}\nQUIT\n".utf8))
        let lines = try peer.toEnd().split(separator: "\n")
        #expect(lines.map { $0.prefix(4) } == ["ERR ", "OK \u{FFFD}", "ERR ", "OK b"])
      }
    }

    @Test("A drained server gives the answer under way, then ends", arguments: backends)
    func drain(_ backend: Server.BackendName) throws {
      try serve(backend) { peer, handle in
        try peer.send("PING\nSLEEP 200\nECHO last\n")
        #expect(try peer.line() == "OK PONG")
        handle.drain()
        #expect(try peer.toEnd() == "OK slept 200\nOK last\n")
      }
    }
  }
}
