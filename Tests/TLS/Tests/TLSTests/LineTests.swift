import Foundation
import Testing

@testable import Switchboard
@testable import SwitchboardTLS

@Suite("TLS without a network")
struct LineTests {
  @Test(
    "Hands are shaken and bytes carried both ways, whatever the pieces",
    arguments: [1, 2, 3, 5, 7, 100, .max])
  func pieces(_ piece: Int) throws {
    let line = try Line(try Certificates.usualServer(), try Certificates.usualClient())
    line.carry(piece: piece)
    try #require(line.server.isOpen && line.client.isOpen)
    let (there, back) = (pattern(40_000), pattern(17_000))
    #expect(line.client.seal(there) == nil)
    #expect(line.server.seal(back) == nil)
    line.carry(piece: piece)
    #expect(line.server.plain == there)
    #expect(line.client.plain == back)
    line.client.end()
    line.carry(piece: piece)
    #expect(line.server.outcome == .ended)
    line.server.end()
    line.carry(piece: piece)
    #expect(line.client.outcome == .ended)
  }

  @Test("A handshake of either version cut at any byte comes about", arguments: TLSVersion.allCases)
  func everyCut(_ version: TLSVersion) throws {
    let (server, client) = (try Certificates.usualServer(), try Certificates.usualClient())
    var cut = 0
    while true {
      let line = try Line(server, client, only: version)
      var carried = 0
      var wasCut = false
      while true {
        let (there, back) = (line.client.takeWire(), line.server.takeWire())
        if there.isEmpty, back.isEmpty { break }
        for (bytes, end) in [(there, line.server), (back, line.client)] where !bytes.isEmpty {
          let place = cut - carried
          carried += bytes.count
          guard (1..<bytes.count).contains(place) else {
            end.take(bytes)
            continue
          }
          wasCut = true
          end.take(Array(bytes[..<place]))
          end.take(Array(bytes[place...]))
        }
      }
      try #require(line.server.isOpen && line.client.isOpen, "cut at \(cut)")
      #expect(line.client.seal([1, 2, 3]) == nil)
      line.carry()
      try #require(line.server.plain == [1, 2, 3], "cut at \(cut)")
      cut += 1
      if !wasCut, cut > carried { break }
    }
    #expect(cut > 1000)
  }

  @Test(
    "Every byte of a handshake changed: one end or the other says so, or nothing is read that was not sent"
  )
  func everyChange() throws {
    let (server, client) = (try Certificates.usualServer(), try Certificates.usualClient())
    for place in stride(from: 0, to: 1500, by: 7) {
      let line = try Line(server, client)
      var carried = 0
      while true {
        var (there, back) = (line.client.takeWire(), line.server.takeWire())
        if there.isEmpty, back.isEmpty { break }
        for index in there.indices where carried + index == place { there[index] ^= 0x55 }
        carried += there.count
        for index in back.indices where carried + index == place { back[index] ^= 0x55 }
        carried += back.count
        line.server.take(there)
        line.client.take(back)
      }
      guard line.server.isOpen, line.client.isOpen else { continue }
      _ = line.client.seal([1, 2, 3])
      line.carry()
      #expect(line.server.plain == [1, 2, 3] || line.server.outcome != .going, "byte \(place)")
    }
  }

  @Test("The server with the name is the one that answers")
  func names() throws {
    try Certificates.shared.make("first", for: ["first.test"])
    try Certificates.shared.make("second", for: ["second.test", "*.second.test"])
    var server = ServerTLS(
      try Certificates.shared.identity("first"), try Certificates.shared.identity("second"))
    func shake(_ name: String, believing: String) throws -> Line {
      let trust = TLSTrust.authorities(Certificates.shared.path("\(believing).pem"))
      let line = try Line(server, .trusting(trust, name: name))
      line.carry()
      return line
    }
    #expect(try shake("first.test", believing: "first").client.isOpen)
    #expect(try shake("second.test", believing: "second").client.isOpen)
    #expect(try shake("any.second.test", believing: "second").client.isOpen)
    // Nobody has it: the first one answers, and is not believed.
    let other = try shake("third.test", believing: "first")
    #expect(!other.client.isOpen)
    #expect(other.client.outcome != .going && other.server.outcome != .going)
    server.refusesUnknownNames = true
    let refused = try shake("third.test", believing: "first")
    #expect(refused.client.outcome == .failed("it has no certificate for that name"))
  }

  @Test("A protocol above is agreed on, or nothing is")
  func protocols() throws {
    var (server, client) = (try Certificates.usualServer(), try Certificates.usualClient())
    server.protocols = ["h2", "echo"]
    client.protocols = ["echo", "http/1.1"]
    let line = try Line(server, client)
    line.carry()
    #expect((line.server.filter as? TLSFilter)?.details?.applicationProtocol == "echo")
    #expect((line.client.filter as? TLSFilter)?.details?.applicationProtocol == "echo")
    client.protocols = ["other"]
    let refused = try Line(server, client)
    refused.carry()
    #expect(refused.client.outcome == .failed("it speaks no protocol that is spoken here (ALPN)"))
    client.protocols = []
    let silent = try Line(server, client)
    silent.carry()
    #expect(silent.server.isOpen)
  }

  @Test("Clients that have to show a certificate are told from those that do not")
  func clientCertificates() throws {
    try Certificates.shared.make("client", for: ["client.test"])
    var (server, client) = (try Certificates.usualServer(), try Certificates.usualClient())
    server.clientCertificates = .required(.authorities(Certificates.shared.path("client.pem")))
    let nobody = try Line(server, client)
    nobody.carry()
    #expect(nobody.server.outcome == .failed("it showed no certificate, and has to"))
    #expect(nobody.client.outcome == .failed("it wants to be shown a certificate"))
    client.identity = try Certificates.shared.identity("client")
    let known = try Line(server, client)
    known.carry()
    #expect((known.server.filter as? TLSFilter)?.details?.peerName == "CN=client")
    client.identity = try Certificates.shared.identity(try Certificates.usual.get())
    let stranger = try Line(server, client)
    stranger.carry()
    #expect(!stranger.server.isOpen)
  }

  @Test("A certificate that is not believed, or is another's, is none")
  func unbelieved() throws {
    let server = try Certificates.usualServer()
    try Certificates.shared.make("stranger", for: ["localhost"])
    let trust = TLSTrust.authorities(Certificates.shared.path("stranger.pem"))
    let strange = try Line(server, .trusting(trust, name: "localhost"))
    strange.carry()
    #expect(
      strange.client.outcome == .failed("its certificate is not believed: self-signed certificate"))
    let unbelieved = "it does not believe the certificate it was shown"
    #expect(
      strange.server.outcome == .failed("\(unbelieved): it knows nobody who signed that"))
    let wrong = try Line(server, try Certificates.usualClient("elsewhere.test"))
    wrong.carry()
    #expect(wrong.client.outcome == .failed("its certificate is not believed: hostname mismatch"))
    #expect(wrong.server.outcome == .failed("\(unbelieved), which may be another name's"))
    let address = try Line(server, try Certificates.usualClient("127.0.0.1"))
    address.carry()
    #expect(address.client.isOpen)
    let other = try Line(server, try Certificates.usualClient("127.0.0.2"))
    other.carry()
    #expect(!other.client.isOpen)
    let anybody = try Line(server, .trusting(.anybody, name: "elsewhere.test"))
    anybody.carry()
    #expect(anybody.client.isOpen)
  }

  @Test(
    "What is no TLS is told from what is, at once",
    arguments: [
      ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "it spoke HTTP where TLS is spoken: use https"),
      ("SSH-2.0-OpenSSH_9.2\r\n", "what it sent is no TLS"),
      (String(repeating: "\0", count: 100), "what it sent is no TLS"),
    ])
  func plain(_ sent: String, _ told: String) throws {
    let server = End(ServerTLSSource(try Certificates.usualServer()))
    server.take(Array(sent.utf8))
    #expect(server.outcome == .failed(told))
  }

  @Test(
    "Renewed certificates are those of the next handshake; where a file is bad the old ones stay")
  func reload() throws {
    let certificates = Certificates.shared
    try certificates.make("renewed", for: ["renewed.test"])
    let identity = try certificates.identity("renewed")
    let source = ServerTLSSource(ServerTLS(identity))
    let maker = source.makeMaker()
    func fingerprint() -> [UInt8]? {
      guard let connector = try? TLSConnector(.trusting(.anybody, name: "renewed.test")) else {
        return nil
      }
      let (server, client) = (End(maker: maker), End(connector))
      Line(server: server, client: client).carry()
      return (client.filter as? TLSFilter)?.details?.peerCertificate
    }
    let first = fingerprint()
    #expect(first != nil)
    try certificates.make("renewed", for: ["renewed.test"])
    #expect(fingerprint() == first)
    try identity.reload()
    let second = fingerprint()
    #expect(second != nil && second != first)
    // The key of another.
    try certificates.make("other", for: ["other.test"])
    try FileManager.default.removeItem(atPath: certificates.path("renewed.key"))
    try FileManager.default.copyItem(
      atPath: certificates.path("other.key"), toPath: certificates.path("renewed.key"))
    #expect(throws: TLSError.self) { try identity.reload() }
    #expect(fingerprint() == second)
    try Data("rubbish".utf8).write(to: URL(filePath: certificates.path("renewed.pem")))
    #expect(throws: TLSError.self) { try identity.reload() }
    #expect(fingerprint() == second)
  }

  @Test("A staple is given to who asks for it") func staple() throws {
    let path = Certificates.shared.path("staple")
    try Data([0x30, 0x03, 0x0A, 0x01, 0x06]).write(to: URL(filePath: path))
    let name = try Certificates.usual.get()
    let identity = try TLSIdentity(
      chain: Certificates.shared.path("\(name).pem"), key: Certificates.shared.path("\(name).key"),
      staple: path)
    let line = try Line(ServerTLS(identity), try Certificates.usualClient())
    line.carry()
    #expect(line.server.isOpen)
  }

  @Test("A peer that renews its key on and on is given up in bounded time")
  func keyUpdates() throws {
    let line = try Line(try Certificates.usualServer(), try Certificates.usualClient())
    line.carry()
    // Some, with something between them, are as they should be.
    for _ in 0..<100 {
      line.client.renewKey()
      #expect(line.client.seal([7]) == nil)
      line.carry()
    }
    #expect(line.server.plain.count == 100 && line.server.outcome == .going)
    var flood: [UInt8] = []
    for _ in 0..<2000 {
      line.client.renewKey()
      flood += line.client.takeWire()
    }
    line.server.take(flood)
    #expect(line.server.outcome == .failed("it wanted new TLS keys on and on"))
  }

  @Test(
    "A name that would be taken for any other is none",
    arguments: ["", ".test", "local\0host", String(repeating: "a", count: 254)])
  func noName(_ name: String) throws {
    let options = try Certificates.usualClient(name)
    #expect(throws: TLSError.self) { try TLSConnector(options) }
  }

  @Test("Wrong files are told from good ones, each with what to do")
  func wrongFiles() throws {
    let certificates = Certificates.shared
    let name = try Certificates.usual.get()
    let (chain, key) = (certificates.path("\(name).pem"), certificates.path("\(name).key"))
    let empty = certificates.path("empty")
    try Data().write(to: URL(filePath: empty))
    let huge = certificates.path("huge")
    try Data(count: 2 << 20).write(to: URL(filePath: huge))
    for (chain, key) in [
      ("/nonexistent", key), (chain, "/nonexistent"), (empty, key), (chain, empty), (key, chain),
      ("/dev/zero", key),
      (huge, key), (certificates.folder.path, key), (chain, huge),
    ] {
      #expect(throws: TLSError.self) { try TLSIdentity(chain: chain, key: key) }
    }
    try openssl([
      "ec", "-in", key, "-aes128", "-passout", "pass:x", "-out", certificates.path("locked"),
    ])
    #expect(throws: TLSError.self) {
      try TLSIdentity(chain: chain, key: certificates.path("locked"))
    }
  }
}
