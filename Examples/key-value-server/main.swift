// key-value-server [PORT]: speaks Redis' protocol, with `redis-cli -p 9090` for example.
//
// What it does with commands is in KeyValueStore/, where KeyValueSession.swift is the place to begin.
import KeyValueStore
import SwitchboardArticle

let options = KeyValueOptions()

runExampleServer(
  "key-value-server", configure: options.configure,
  session: { [options] in KeyValueSession(options) })
