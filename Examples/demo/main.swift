// A server, three clients, and a picture of who was served when, drawn from what the server's loop did.
//
// It is the article's session, in one process: the server is that of epoll-server, the clients are those of
// simple-client.

import SwitchboardTimeline

runExampleDemo()
