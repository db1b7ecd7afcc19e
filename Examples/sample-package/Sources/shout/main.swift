import Switchboard

let port = CommandLine.arguments.dropFirst().first.flatMap { UInt16($0) } ?? 9090
var server = Server(on: [.loopback(port: port)])
server.options.idleTimeout = .seconds(30)
try server.run { Shout() }
