import Switchboard
import SwitchboardTLS
import Testing

// What docs/TLS.md shows.

private struct Guest: Session {
  let peer: SocketAddress?
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
}

private struct Upstream: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {}
}

private func serve(_ chain: String, _ key: String) throws {
  // snippet tls-server
  var server = Server()
  let tls = try ServerTLS.certificate("chain.pem", key: "key.pem")
  server.listen(on: .any(port: 8443), tls: tls) { accepted in Guest(peer: accepted.peer) }
  try server.run()
  // end
}

private func names(_ server: inout Server) throws {
  // snippet tls-names
  var tls = ServerTLS(
    try TLSIdentity(chain: "example.org.pem", key: "example.org.key"),
    try TLSIdentity(chain: "example.net.pem", key: "example.net.key", staple: "example.net.der"))
  tls.refusesUnknownNames = true
  tls.protocols = ["h2", "http/1.1"]
  tls.clientCertificates = .required(.authorities("clients.pem"))
  server.tls = tls
  // end
}

private func connect(_ connection: inout Connection) throws {
  // snippet tls-client
  let tls = try TLSConnector(.trusting(.system, name: "db.internal"))
  connection.connect(to: .host("db.internal", port: 5433), tls: tls) { Upstream() }
  // end
}

private func reload(_ tls: ServerTLS) {
  // snippet tls-reload
  for identity in tls.identities {
    do {
      try identity.reload()
    } catch {
      print("the certificates stay as they were: \(error)")
    }
  }
  // end
}

private func computing(_ server: inout Server, _ tls: ServerTLS) throws {
  var tls = tls
  // snippet tls-pool
  let pool = try OffloadPool(threads: 2, givesWay: true)
  tls.handshakePool = pool
  server.tls = tls
  try server.run()
  pool.close()
  // end
}

private func tickets(_ keys: [[UInt8]], _ tls: inout ServerTLS) throws {
  // snippet tls-tickets
  tls.tickets = try TLSTicketKeys(shared: keys)
  // end
}
