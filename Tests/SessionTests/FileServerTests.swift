import FileServing
import Foundation
import Switchboard
import SwitchboardTesting
import TestSupport
import Testing

extension SessionTests {
  @Suite struct FileServer {
    private static let text = String(repeating: "0123456789", count: 50_000)

    /// A folder with a file, an empty one, one that is hidden, another folder, and a pipe.
    private func serve(
      _ backend: Server.BackendName, _ body: @escaping @Sendable (Caller) throws -> Void
    ) throws {
      let folder = FileManager.default.temporaryDirectory.path + "/served-\(UUID())"
      let files = FileManager.default
      try files.createDirectory(atPath: folder + "/inner", withIntermediateDirectories: true)
      defer { try? files.removeItem(atPath: folder) }
      for (name, text) in [
        ("digits", Self.text), ("empty", ""), (".hidden", "x"), ("inner/x", "x"),
      ] {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/" + name))
      }
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)
      try serving(FileServerSession(folder: folder), on: backend) { port, _ in
        try body(Caller(to: port))
      }
    }

    private static func head(_ status: String, _ count: Int, _ fields: String = "") -> String {
      "HTTP/1.1 \(status)\r\nContent-Length: \(count)\r\nAccept-Ranges: bytes\r\n\(fields)\r\n"
    }

    private static func nothing(_ status: String, _ fields: String = "") -> String {
      "HTTP/1.1 \(status)\r\n\(fields)Content-Length: 0\r\n\r\n"
    }

    @Test("Files come whole or from a byte on, one behind the other", arguments: backends)
    func files(_ backend: Server.BackendName) throws {
      try serve(backend) { peer in
        let count = Self.text.utf8.count
        try peer.send(
          """
          GET /digits HTTP/1.1\r\nHost: x\r\n\r\nHEAD /digits HTTP/1.1\r\n\r\nGET /empty HTTP/1.1\r\n\r
          GET /digits HTTP/1.1\r\nRange: bytes=499995-\r\n\r
          GET /digits HTTP/1.1\r\nrange: BYTES=0-\r\n\r
          GET /digits HTTP/1.1\r\nRange: bytes=500000-\r\n\r\n
          """)
        try peer.expect(Self.head("200 OK", count) + Self.text)
        try peer.expect(Self.head("200 OK", count) + Self.head("200 OK", 0))
        let range = "Content-Range: bytes 499995-499999/500000\r\n"
        try peer.expect(Self.head("206 Partial Content", 5, range) + "56789")
        let all = "Content-Range: bytes 0-499999/500000\r\n"
        try peer.expect(Self.head("206 Partial Content", count, all) + Self.text)
        try peer.expect(
          Self.nothing("416 Range Not Satisfiable", "Content-Range: bytes */500000\r\n"))
        try peer.send("GET /empty HTTP/1.0\r\n\r\n")
        try peer.expect(Self.head("200 OK", 0))
        #expect(try peer.toEnd() == "")
      }
    }

    @Test(
      "What is nobody's is not found, and the connection stays",
      arguments: ["/", "", "/none", "/.hidden", "/..", "/../x", "/inner", "/inner/x", "/pipe", "*"])
    func absent(_ name: String) throws {
      try serve(.auto) { peer in
        try peer.send("GET \(name) HTTP/1.1\r\n\r\n")
        try peer.expect(Self.nothing("404 Not Found"))
        try peer.send("GET /empty HTTP/1.1\r\nConnection: close\r\n\r\n")
        try peer.expect(Self.head("200 OK", 0))
        #expect(try peer.toEnd() == "")
      }
    }

    @Test(
      "What is no request ends the connection",
      arguments: [
        ("\r\n\r\n", "400 Bad Request"), ("GET /digits\r\n\r\n", "400 Bad Request"),
        ("GET  /digits HTTP/1.1\r\n\r\n", "400 Bad Request"),
        ("GET /digits HTTP/2\r\n\r\n", "400 Bad Request"), ("\u{7f}\0 \r\n\r\n", "400 Bad Request"),
        (String(repeating: "x", count: 8193), "431 Request Header Fields Too Large"),
      ])
    func wrong(_ request: String, _ status: String) throws {
      try serve(.auto) { peer in
        try peer.send(request)
        #expect(try peer.toEnd() == Self.nothing(status))
      }
    }

    @Test("A body that nobody reads is none")
    func post() throws {
      try serve(.auto) { peer in
        try peer.send("POST /digits HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
        #expect(
          try peer.toEnd() == Self.nothing("405 Method Not Allowed", "Allow: GET, HEAD\r\n"))
      }
    }
  }
}
