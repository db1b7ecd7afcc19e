// file-server [PORT]: the files of the folder that it is started in, over HTTP/1.1. Try it with
// `curl -O localhost:9090/README.md`.
//
// What a client may ask is in FileServerSession.swift.
import FileServing
import SwitchboardArticle

runExampleServer("file-server") { FileServerSession(folder: ".") }
