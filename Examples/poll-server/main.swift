// poll-server [PORT]: the frames server of the article, waiting with poll.
//
// The three example servers share everything but the next line. The callbacks are in
// Sources/SwitchboardArticle/FramesPeer.swift, the loop in Sources/Switchboard/Reactor/Reactor.swift.
import Switchboard
import SwitchboardArticle

runExampleServer(waitingWith: Poll.self)
