import Foundation
import SwitchboardTLS

/// Certificates that are made for the tests, by the program openssl, in a folder that is removed with them.
final class Certificates: Sendable {
  static let shared = Certificates()

  let folder: URL

  private init() {
    folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
    try! FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    atexit { try? FileManager.default.removeItem(at: Certificates.shared.folder) }
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A certificate of its own, for some names: `NAME.pem` and `NAME.key`.
  func make(_ name: String, for names: [String], key: [String] = Certificates.p256) throws {
    let subject = names.map { $0.first?.isNumber ?? false ? "IP:\($0)" : "DNS:\($0)" }
    try openssl(
      ["req", "-x509", "-nodes", "-days", "2", "-newkey"] + key + [
        "-keyout", path("\(name).key"), "-out", path("\(name).pem"), "-subj", "/CN=\(name)",
        "-addext", "subjectAltName=\(subject.joined(separator: ","))",
      ])
  }

  static let p256 = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
  static let rsa = ["rsa:2048"]

  func identity(_ name: String) throws -> TLSIdentity {
    try TLSIdentity(chain: path("\(name).pem"), key: path("\(name).key"))
  }

  /// The one that most tests have: of `localhost`, `127.0.0.1` and a wildcard.
  static let usual: Result<String, any Error> = Result {
    try shared.make("usual", for: ["localhost", "127.0.0.1", "*.wild.test"])
    return "usual"
  }

  static func usualServer() throws -> ServerTLS {
    ServerTLS(try shared.identity(try usual.get()))
  }

  static func usualClient(_ name: String = "localhost") throws -> ClientTLS {
    .trusting(.authorities(shared.path("\(try usual.get()).pem")), name: name)
  }
}

/// Runs the program openssl: what it wrote, on both ways.
@discardableResult
func openssl(_ arguments: [String], input: Data = Data(), allows codes: [Int32] = [0]) throws
  -> String
{
  let process = Process()
  process.executableURL = URL(filePath: "/usr/bin/env")
  process.arguments = ["openssl"] + arguments
  let (input_, output) = (Pipe(), Pipe())
  (process.standardInput, process.standardOutput, process.standardError) = (input_, output, output)
  try process.run()
  try input_.fileHandleForWriting.write(contentsOf: input)
  try input_.fileHandleForWriting.close()
  let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
  process.waitUntilExit()
  guard codes.contains(process.terminationStatus) else { throw OpenSSLFailed(said: said) }
  return said
}

struct OpenSSLFailed: Error {
  let said: String
}
