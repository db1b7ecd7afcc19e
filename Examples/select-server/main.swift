// select-server [PORT]: the frames server of the article, waiting with select.
//
// The three example servers share everything but the next line. The callbacks are in
// Sources/SwitchboardArticle/FramesPeer.swift, the loop in Sources/Switchboard/Reactor/Reactor.swift.
import Switchboard
import SwitchboardArticle

runExampleServer(waitingWith: Select.self)
