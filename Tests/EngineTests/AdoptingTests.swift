import TestSupport
import Testing

@testable import Switchboard

extension Engine {
  /// Connections that a backend did not accept itself.
  @Suite struct Adopting {
    @Test(
      "Bytes go both ways, those first that came before it was adopted",
      arguments: DrivenBackend.allCases)
    func bytes(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      let (own, peer) = try driven.pair()
      driven.say("early", from: peer)
      #expect(driven.isReady(own, .input))
      let number = driven.adopt(own)
      try #require(number.isSuccess)
      let key = try driven.open(number.value)
      #expect(driven.peerAddress(key) == driven.address)
      #expect(try driven.receive(5, key) == Array("early".utf8))
      for round in 0..<20 {
        driven.say("to you \(round)", from: peer)
        let heard = try driven.receive("to you \(round)".utf8.count, key)
        #expect(String(decoding: heard, as: UTF8.self) == "to you \(round)")
        if case .took(let count) = driven.write(heard, key) { #expect(count == heard.count) }
        try driven.turn()
        #expect(try driven.hear(heard.count, at: peer) == "to you \(round)")
      }
      #expect(driven.told.isEmpty)
      driven.close(key)
      try driven.turn()
      #expect(try driven.hearToEnd(at: peer) == "")
      _ = driven.system.close(peer)
      #expect(driven.audit.wrong() == "[]")
    }

    @Test(
      "More than a socket holds goes in parts, and all of it", arguments: DrivenBackend.allCases)
    func large(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      let (key, peer) = try driven.adopted()
      let count = backend.isSimulated ? 1_000_000 : 8_000_000
      var bytes = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
      while bytes.count < count { bytes += bytes }
      var (sent, heard): (Int, [UInt8]) = (0, [])
      try bytes.withUnsafeBytes { bytes in
        while sent < bytes.count {
          let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
          let answer = driven.send(.kept(rest), key)
          if case .took(let count) = answer { sent += count }
          if sent == bytes.count { break }
          let told = try #require(
            try driven.next(.sent, key) { heard += driven.receiveOnce(peer).bytes })
          sent += told.value
        }
      }
      driven.close(key)
      try driven.turn()
      heard += try driven.bytesToEnd(at: peer)
      let isSame = heard == bytes
      #expect(isSame && heard.count == bytes.count)
      _ = driven.system.close(peer)
    }

    @Test(
      "Its peer's end is told, before it was adopted or afterwards, and output goes on",
      arguments: DrivenBackend.allCases, [true, false])
    func ends(_ backend: DrivenBackend, isBefore: Bool) throws {
      let driven = try backend.make()
      let (own, peer) = try driven.pair()
      if isBefore {
        driven.say("bye", from: peer)
        #expect(driven.system.shutdownSending(peer).isSuccess)
        #expect(driven.isReady(own, .peerFinished))
      }
      let key = try driven.open(driven.adopt(own).value)
      if !isBefore {
        driven.say("bye", from: peer)
        #expect(driven.system.shutdownSending(peer).isSuccess)
      }
      #expect(try driven.receive(3, key) == Array("bye".utf8))
      #expect(try driven.next(.ended, key) != nil)
      _ = driven.write(Array("and you".utf8), key)
      try driven.turn()
      #expect(try driven.hear(7, at: peer) == "and you")
      driven.close(key)
      try driven.turn()
      #expect(try driven.hearToEnd(at: peer) == "")
      _ = driven.system.close(peer)
      #expect(driven.audit.wrong() == "[]")
    }

    @Test("It can finish sending and still receive", arguments: DrivenBackend.allCases)
    func finishing(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      let (key, peer) = try driven.adopted()
      _ = driven.write(Array("that is all".utf8), key)
      try driven.turn()
      driven.finish(key)
      try driven.turn()
      #expect(try driven.hearToEnd(at: peer) == "that is all")
      driven.say("thanks", from: peer)
      #expect(try driven.receive(6, key) == Array("thanks".utf8))
      driven.close(key)
      try driven.turn()
      _ = driven.system.close(peer)
      #expect(driven.audit.wrong() == "[]")
    }

    @Test("A reset is told as what it is", arguments: DrivenBackend.allCases, [true, false])
    func resets(_ backend: DrivenBackend, isBefore: Bool) throws {
      let driven = try backend.make()
      let (own, peer) = try driven.pair()
      if isBefore {
        driven.reset(peer)
        #expect(driven.isReady(own, .hangUp))
      }
      let key = try driven.open(driven.adopt(own).value)
      if !isBefore { driven.reset(peer) }
      #expect(try driven.next(.receiveFailed, key)?.value == Int(Errno.connectionReset.rawValue))
      driven.close(key)
      try driven.turn()
      #expect(driven.audit.wrong() == "[]")
    }

    @Test("A thousand of them leave no descriptor", arguments: DrivenBackend.allCases)
    func thousand(_ backend: DrivenBackend) throws {
      let driven = try backend.make(files: 64)
      try driven.turn()
      let before = driven.audit.open()
      for number in 0..<1000 {
        let (own, peer) = try driven.pair()
        let adopted = driven.adopt(own)
        try #require(adopted.isSuccess, "number \(number): \(adopted)")
        // Some are closed before they are opened, as those are for which there is no room.
        let key =
          number % 4 == 1 ? driven.take(adopted.value) : try driven.open(adopted.value)
        if number % 3 == 0 { driven.finish(key) }
        driven.close(key)
        #expect(try driven.hearToEnd(at: peer) == "")
        _ = driven.system.close(peer)
      }
      #expect(driven.audit.open() == before)
      #expect(driven.audit.wrong() == "[]")
    }

    @Test(
      "Where a ring's table is full it says so, and the descriptor stays whose it was",
      arguments: DrivenBackend.rings)
    func full(_ backend: DrivenBackend) throws {
      let driven = try backend.make(files: 5)
      var keys: [Key] = []
      for _ in 0..<5 { keys.append(try driven.adopted().key) }
      let (own, peer) = try driven.pair()
      let before = driven.audit.open()
      for _ in 0..<3 { #expect(driven.adopt(own).errno == .systemDescriptorLimit) }
      #expect(driven.audit.open() == before)
      driven.say("still here", from: own)
      #expect(try driven.hear(10, at: peer) == "still here")
      driven.close(keys.removeFirst())
      // Its close is submitted before the question.
      var number = driven.adopt(own)
      for _ in 0..<1000 where !number.isSuccess {
        try driven.turn(until: driven.system.now() + .milliseconds(1))
        number = driven.adopt(own)
      }
      try #require(number.isSuccess)
      #expect(driven.audit.open() == before - 1)
      let key = try driven.open(number.value)
      driven.say("now", from: peer)
      #expect(try driven.receive(3, key) == Array("now".utf8))
      #expect(driven.audit.wrong() == "[]")
    }

    @Test(
      "Beside those that were accepted nobody is taken for another",
      arguments: DrivenBackend.allCases)
    func beside(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      try driven.watch(driven.listener, .accepted)
      var (keys, peers): ([Key], [Descriptor]) = ([], [])
      for number in 0..<12 {
        driven.setRoom(0)
        try driven.turn()
        if number % 2 == 0 {
          let (key, peer) = try driven.adopted()
          keys.append(key)
          peers.append(peer)
        } else {
          driven.setRoom(1)
          peers.append(try driven.connecting())
          let accepted = try #require(try driven.next(.accepted))
          keys.append(try driven.open(accepted.value))
        }
      }
      for (place, peer) in peers.enumerated() {
        #expect(driven.isReady(peer, .output))
        driven.say("number \(place)", from: peer)
      }
      for (place, key) in keys.enumerated() {
        let text = "number \(place)"
        let heard = try driven.receive(text.utf8.count, key)
        #expect(String(decoding: heard, as: UTF8.self) == text)
        var name = SocketAddress.any(port: 0)
        #expect(driven.system.localAddress(peers[place], into: &name).isSuccess)
        #expect(driven.peerAddress(key) == name)
      }
      #expect(driven.audit.wrong() == "[]")
    }

    @Test(
      "One that has the number of the last that was accepted has its own peer",
      arguments: [DrivenBackend.simulatedSelect, .simulatedPoll, .simulatedEdge])
    func numbers(_ backend: DrivenBackend) throws {
      let driven = try backend.make()
      try driven.watch(driven.listener, .accepted)
      driven.setRoom(1)
      let client = try driven.connecting()
      let accepted = try #require(try driven.next(.accepted))
      driven.setRoom(0)
      driven.close(try driven.open(accepted.value))
      let (own, _) = try driven.pair()
      #expect(own.rawValue == Int32(accepted.value))
      let key = try driven.open(driven.adopt(own).value)
      #expect(driven.peerAddress(key) == driven.address)
      _ = driven.system.close(client)
    }

    /// The kernel's thread that half-closes looks its number up when it gets to it.
    @Test("Who is adopted while others half-close keeps sending", arguments: DrivenBackend.rings)
    func halfCloses(_ backend: DrivenBackend) throws {
      let driven = try backend.make(files: 8)
      for _ in 0..<100 {
        let (first, firstPeer) = try driven.adopted()
        let (own, peer) = try driven.pair()
        driven.finish(first)
        driven.close(first)
        let number = driven.adopt(own)
        try #require(number.isSuccess)
        let key = try driven.open(number.value)
        #expect(try driven.hearToEnd(at: firstPeer) == "")
        _ = driven.write(Array("still here".utf8), key)
        try driven.turn()
        #expect(try driven.hear(10, at: peer) == "still here")
        driven.close(key)
        try driven.turn()
        #expect(try driven.hearToEnd(at: peer) == "")
        for peer in [firstPeer, peer] { _ = driven.system.close(peer) }
      }
      #expect(driven.audit.wrong() == "[]")
    }

    @Test("What the kernel refuses stays the caller's, and is told with its reason")
    func refusals() throws {
      for symbol in ["ENFILE", "ENOMEM", "EBADF", "EINVAL", "EFAULT"] {
        let faults = CallFaults()
        let driven = try DrivenBackend.ring.make(faults)
        let (own, peer) = try driven.pair()
        let before = driven.audit.open()
        faults.fail(.operation(.adopt), with: Errno(named: symbol))
        #expect(driven.adopt(own).errno == Errno(named: symbol))
        #expect(driven.audit.open() == before)
        driven.say("mine", from: own)
        #expect(try driven.hear(4, at: peer) == "mine")
        // It can be tried again.
        let key = try driven.open(driven.adopt(own).value)
        driven.say("yours", from: peer)
        #expect(try driven.receive(5, key) == Array("yours".utf8))
        #expect(driven.audit.open() == before - 1)
        #expect(driven.audit.wrong() == "[]")
      }
    }

    @Test("It is the ring's, whatever the ordinary descriptor's close answers")
    func closes() throws {
      for symbol in ["EINTR", "EIO", "ENOSPC", "EDQUOT"] {
        let faults = CallFaults()
        let driven = try DrivenBackend.ring.make(faults)
        let (own, peer) = try driven.pair()
        let closes = faults.calls(.call(.close))
        faults.fail(.call(.close), number: closes + 1, with: Errno(named: symbol))
        let number = driven.adopt(own)
        try #require(number.isSuccess)
        #expect(faults.strikes == 1)
        let key = try driven.open(number.value)
        driven.say("yours", from: peer)
        #expect(try driven.receive(5, key) == Array("yours".utf8))
        #expect(driven.audit.wrong() == "[]")
      }
    }
  }
}
