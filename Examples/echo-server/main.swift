// echo-server [PORT]: the smallest protocol there is. Try it with `nc localhost 9090`.
import Switchboard
import SwitchboardArticle

struct Echo: Session {
  mutating func received(_ bytes: Span<UInt8>, _ connection: inout Connection) {
    connection.write(bytes)
  }
}

runExampleServer("echo-server") { Echo() }
