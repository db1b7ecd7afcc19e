import Switchboard
import SwitchboardArticle
import SwitchboardLoad
import TestSupport
import Testing

extension LoadGenerator {
  @Test(arguments: backends, ProxyHeader.Version.allCases)
  func
    `Each connection begins with a header of the PROXY protocol, if wanted, which tells its own ends`(
      backend: Server.BackendName, version: ProxyHeader.Version
    ) throws
  {
    let told = Lock<[Bool]>([])
    let proxies = ["127.0.0.0/8"].compactMap { AddressPrefix($0) }
    var server = Server()
    server.backend = backend
    server.listen(
      on: .loopback(port: 0),
      proxyProtocol: ProxyProtocol(version == .v1 ? .v1 : .v2, from: proxies)
    ) { accepted in
      let isOwn = accepted.peer == accepted.realPeer && accepted.proxied?.source == accepted.peer
      told.withLock { $0.append(isOwn && accepted.local == accepted.proxied?.destination) }
      return EchoSession()
    }
    let running = try server.start()
    defer { running.stop() }
    let result = try load(running.addresses[0].port) {
      ($0.backend, $0.speaking, $0.sendsHeader) = (backend, .echo, version)
      ($0.churn, $0.idle) = (5, 2)
    }
    #expect(result.failures == LoadFailures())
    #expect(result.requests > 0)
    let all = told.withLock { $0 }
    #expect(all.count > 2 && all.allSatisfy { $0 })
  }
}
