// chat-server [PORT]: a room for whoever connects, with `nc localhost 9090` for example.
//
// The room is in Room.swift, what each peer may say and hears in ChatSession.swift.
import ChatRoom
import SwitchboardArticle

let room = Room()

runExampleServer(
  "chat-server",
  configure: { server in
    server.loops = 2
    // Some thousands of lines: who is further behind has left the conversation.
    server.options.outboxLimit = 256 << 10
  },
  session: { [room] in ChatSession(room) })
