import Testing

@testable import Switchboard

@Suite("Why there is no connection")
struct ConnectFailureTests {
  private func failure(
    _ reason: ConnectFailure.Reason = .nothingLeft, _ attempts: [(SocketAddress, Errno?)] = [],
    _ lookUps: [(SocketAddress.Family, LookUpFailure.Reason)] = [], untried: Int = 0
  ) -> ConnectFailure {
    ConnectFailure(
      target: "db:443", reason: reason,
      attempts: attempts.map { address, errno in
        .init(
          address: address,
          error: errno.map { SystemError(.connect, $0, on: .address(address)) })
      },
      lookUps: lookUps.map { LookUpFailure("db", $0, $1) }, untried: untried)
  }

  @Test("Every attempt is named, those that came to the same together, and what to do")
  func attempts() {
    let refused = failure(
      .nothingLeft,
      [
        (six(1), .networkUnreachable), (four(1), .connectionRefused), (six(2), .networkUnreachable),
      ])
    #expect(
      refused.description == "cannot connect to db:443: network is unreachable (ENETUNREACH) from "
        + "[2001:db8::1]:443 and [2001:db8::2]:443, connection refused (ECONNREFUSED) from "
        + "192.0.2.1:443; check that a server is listening there")
    let late = failure(.timedOut(.seconds(10)), [(six(1), nil), (four(1), nil)], untried: 3)
    #expect(
      late.description == "cannot connect to db:443 within 10.0 seconds: no answer from "
        + "[2001:db8::1]:443 and 192.0.2.1:443, 3 not tried; check the address, the route and any "
        + "firewall between")
  }

  @Test("Look-ups are named where they are why, and not where one family is enough")
  func lookUps() {
    let unknown = failure(.nothingLeft, [], [(.v6, .noSuchName), (.v4, .noSuchName)])
    #expect(
      unknown.description == "cannot connect to db:443: IPv6: nobody knows the name, IPv4: nobody "
        + "knows the name; check its spelling (`getent hosts NAME` asks as this does)")
    let mixed = failure(.nothingLeft, [], [(.v6, .noAddress), (.v4, .serverFailing)])
    #expect(mixed.advice == LookUpFailure.Reason.serverFailing.advice)
    let one = failure(.nothingLeft, [(four(1), .connectionRefused)], [(.v6, .noAddress)])
    #expect(!one.description.contains("IPv6"))
    let hidden = failure(
      .nothingLeft, [(four(1), .connectionRefused)], [(.v6, .timedOut(.seconds(5)))])
    #expect(hidden.description.contains("IPv6: the look-up took longer than 5.0 seconds, "))
  }

  @Test("Nothing known, and nothing wanted any more")
  func neither() {
    #expect(
      failure().description
        == "cannot connect to db:443: no address is known; give an address, or a name that has one")
    #expect(
      failure(.timedOut(.milliseconds(1))).description
        == "cannot connect to db:443 within 0.001 seconds: no address is known; check the name "
        + "servers in /etc/resolv.conf and the way to them, and try again")
    #expect(
      failure(.cancelled, [(four(1), nil)]).description
        == "cannot connect to db:443 before it was given up: no answer from 192.0.2.1:443; connect "
        + "again if it is still needed")
  }

  static let reasons: [LookUpFailure.Reason] = [
    .notAName, .noSuchName, .noAddress, .serverFailing, .serverRefuses, .timedOut(.seconds(1)),
    .queueFull(limit: 7), .noThread(SystemError(.startThread, .wouldBlock)), .system(.outOfMemory),
    .system(.invalid), .other(-8),
  ]

  @Test("Every failed look-up is one line with a next action", arguments: reasons)
  func oneLine(_ reason: LookUpFailure.Reason) {
    for name in [
      "db.internal", "", "a\nb\r\u{85}\u{2028}c\u{0}\u{1B}[2J",
      String(repeating: "x", count: 9_000),
    ] {
      let text = LookUpFailure(name, .v6, reason).description
      #expect(!text.unicodeScalars.contains { $0.properties.generalCategory == .control })
      #expect(!text.contains { $0.isNewline } && text.count < 600)
      #expect(text.hasPrefix("no IPv6 address for '") && text.hasSuffix("; " + reason.advice))
      #expect(reason.advice.count >= 8)
    }
    #expect(LookUpFailure("db", .v4, .noSuchName).description.contains("'db'"))
  }

  @Test("What getaddrinfo says has a reason each")
  func codes() {
    let all: [(Int32, LookUpFailure.Reason)] = [
      (-2, .noSuchName), (-3, .serverFailing), (-4, .serverRefuses), (-5, .noAddress),
      (-9, .noAddress), (-10, .system(.outOfMemory)), (-6, .other(-6)), (-12, .other(-12)),
    ]
    for (code, reason) in all { #expect(SystemNames.reason(code) == reason) }
  }
}

@Suite("Names that nobody is asked for")
struct NameRulesTests {
  private func answer(_ host: String, _ family: SocketAddress.Family)
    -> Result<[String], LookUpFailure.Reason>?
  {
    NameRules.answer(host, family, port: 80)?.map { $0.map(\.description) }
  }

  @Test("An address in numbers is itself, in its own family")
  func numbers() {
    #expect(answer("192.0.2.1", .v4) == .success(["192.0.2.1:80"]))
    #expect(answer("192.0.2.1", .v6) == .failure(.noAddress))
    for text in ["2001:db8::1", "[2001:db8::1]"] {
      #expect(answer(text, .v6) == .success(["[2001:db8::1]:80"]))
      #expect(answer(text, .v4) == .failure(.noAddress))
    }
  }

  @Test(
    "This machine is its loopback addresses",
    arguments: ["localhost", "LocalHost.", "a.localhost", "a.b.LOCALHOST."])
  func localhost(_ name: String) {
    #expect(answer(name, .v4) == .success(["127.0.0.1:80"]))
    #expect(answer(name, .v6) == .success(["[::1]:80"]))
  }

  @Test("A name is not looked up as a Unix-domain socket", arguments: ["db", "localhost", "::1"])
  func unix(_ name: String) { #expect(answer(name, .unix) == .failure(.noAddress)) }

  @Test("What is no name is asked of nobody")
  func noNames() {
    let long = String(repeating: "x.", count: 127)
    for name in ["", "[]", "a\u{0}b", long + "y", String(repeating: "y", count: 5_000)] {
      #expect(answer(name, .v4) == .failure(.notAName), "\(name.prefix(20))")
    }
    // 253 bytes, and a dot.
    #expect(answer(long, .v4) == nil)
  }

  @Test(
    "All else is a name",
    arguments: ["db.internal", "notlocalhost", "localhost.example", "1.2.3.4.5"])
  func names(_ name: String) {
    #expect(answer(name, .v4) == nil && answer(name, .v6) == nil)
  }
}
