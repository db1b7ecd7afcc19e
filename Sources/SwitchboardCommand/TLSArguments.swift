import ArgumentParser
import Logging
import Switchboard
import SwitchboardTLS

/// The options of a server that speaks TLS.
struct TLSArguments: ParsableArguments {
  @Option(
    name: .customLong("tls-cert"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      Speak TLS, as whom this file of certificates says: PEM, the server's own first, then whoever signed it. \
      Given several times, the name decides that a client asks for; the first one where none has it. Read anew at \
      SIGHUP. (default: no TLS)
      """, valueName: "file"))
  var certificates: [String] = []

  @Option(
    name: .customLong("tls-key"), parsing: .singleValue,
    help: ArgumentHelp("The private key of each, in PEM.", valueName: "file"))
  var keys: [String] = []

  @Option(
    name: .customLong("tls-client-ca"),
    help: ArgumentHelp(
      "Take clients alone that show a certificate of one of these authorities.", valueName: "file"))
  var clientAuthorities: String?

  @Option(
    name: .customLong("alpn"), parsing: .singleValue,
    help: ArgumentHelp(
      """
      A protocol that is agreed on with clients that name some; those that name others alone are refused. May be \
      given several times.
      """, valueName: "name"))
  var protocols: [String] = []

  @Option(
    name: .customLong("tls-threads"),
    help: ArgumentHelp(
      """
      Have so many threads compute handshakes, and the loops do nothing but serve meanwhile: for keys that compute \
      for long, as RSA with more than 2,048 bits. (default: each loop computes its own)
      """, valueName: "count"))
  var threads: Int?

  func validate() throws {
    guard !certificates.isEmpty else {
      return try Dependence.check(
        [
          ("--tls-key", !keys.isEmpty), ("--tls-client-ca", clientAuthorities != nil),
          ("--alpn", !protocols.isEmpty), ("--tls-threads", threads != nil),
        ], on: "--tls-cert")
    }
    if let threads, !(1...Self.mostThreads).contains(threads) {
      throw ValidationError("'--tls-threads' is \(threads): give 1 to \(Self.mostThreads).")
    }
    guard certificates.count == keys.count else {
      throw ValidationError(
        "'--tls-cert' is given \(certificates.count) times and '--tls-key' \(keys.count): give each "
          + "certificate's key, in the same order.")
    }
    try TLSTrait.check()
  }

  private static let mostThreads = 1024
  private static let mostWaiting = 65536

  #if TLS
  /// How it is spoken; nil for not at all.
  func options() throws -> ServerTLS? {
    guard !certificates.isEmpty else { return nil }
    var options = ServerTLS()
    for (certificate, key) in zip(certificates, keys) {
      options.identities.append(try TLSIdentity(chain: certificate, key: key))
    }
    options.protocols = protocols
    if let clientAuthorities {
      options.clientCertificates = .required(.authorities(clientAuthorities))
    }
    // More than can be under way: none is refused for want of a thread.
    options.handshakePool = try threads.map {
      try OffloadPool(threads: $0, limit: Self.mostWaiting, givesWay: true)
    }
    return options
  }
  #endif
}

extension Server {
  /// Has a server speak TLS as it was said, and read its certificates anew at SIGHUP.
  mutating func speak(_ arguments: TLSArguments, _ logger: Logger)
    throws
  {
    #if TLS
    guard let options = try arguments.options() else { return }
    tls = options
    ReloadSignal.install()
    let pool = try OffloadPool(threads: 1)
    every(.milliseconds(200)) { _ in
      guard ReloadSignal.take() else { return }
      _ = pool.submit {
        for identity in options.identities {
          do throws(TLSError) {
            try identity.reload()
          } catch {
            return logger.warning("the certificates stay as they were: \(error)")
          }
        }
        logger.notice("the certificates were read anew")
      }
    }
    #endif
  }
}

/// The options of a client that speaks TLS.
struct ClientTLSArguments: ParsableArguments {
  @Flag(name: .customLong("tls"), help: "Speak TLS.")
  var isOn = false

  @Option(
    name: .customLong("tls-ca"),
    help: ArgumentHelp(
      "Believe servers that have a certificate of these authorities: PEM. (default: the system's)",
      valueName: "file"))
  var authorities: String?

  @Option(
    name: .customLong("tls-name"),
    help: ArgumentHelp(
      "The name that its certificate has to have. (default: the host)", valueName: "name"))
  var name: String?

  @Flag(
    name: .customLong("tls-anybody"),
    help: "Believe everybody's certificate: whoever stands in between can read and change all.")
  var believesAnybody = false

  func validate() throws {
    if authorities != nil, believesAnybody {
      throw ValidationError("'--tls-ca' and '--tls-anybody' contradict each other: leave one out.")
    }
    guard isOn else {
      return try Dependence.check(
        [
          ("--tls-ca", authorities != nil), ("--tls-name", name != nil),
          ("--tls-anybody", believesAnybody),
        ], on: "--tls")
    }
    try TLSTrait.check()
  }

  /// What speaks it; nil for not at all.
  func connector(to host: String) throws -> (any FilterSource)? {
    guard isOn else { return nil }
    #if TLS
    let trust =
      believesAnybody ? TLSTrust.anybody : authorities.map(TLSTrust.authorities) ?? .system
    return try TLSConnector(.trusting(trust, name: name ?? host))
    #else
    return nil
    #endif
  }
}

/// Options that mean something beside another one alone.
enum Dependence {
  static func check(_ options: [(name: String, isGiven: Bool)], on other: String) throws {
    guard let first = options.first(where: \.isGiven) else { return }
    throw ValidationError("'\(first.name)' goes with '\(other)': give that, too.")
  }
}

/// Whether this program speaks TLS.
enum TLSTrait {
  static func check() throws {
    #if !TLS
    throw ValidationError(
      "This program was built without TLS: build it with 'swift build -c release --traits default,TLS', "
        + "for which OpenSSL's headers have to be there (libssl-dev).")
    #endif
  }
}
