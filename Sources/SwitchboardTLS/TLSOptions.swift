#if TLS

import Switchboard

/// A version of the protocol.
public enum TLSVersion: Int32, Sendable, CaseIterable, CustomStringConvertible {
  /// TLS 1.2 (RFC 5246)
  case tls12 = 0x0303
  /// TLS 1.3 (RFC 8446)
  case tls13 = 0x0304

  /// As people write it.
  public var description: String { self == .tls12 ? "TLS 1.2" : "TLS 1.3" }
}

/// Whose certificates are believed.
public enum TLSTrust: Hashable, Sendable {
  /// Those of the authorities that the system trusts.
  case system
  /// Those of the authorities in a file, in PEM.
  case authorities(String)
  /// Everybody's: whoever stands in between can read and change all. For tests.
  case anybody
}

/// How a server speaks TLS.
public struct ServerTLS: Sendable {
  /// Whether clients have to say who they are.
  public enum ClientCertificates: Hashable, Sendable {
    /// They are not asked.
    case notAsked
    /// They may, and who shows a certificate has to have one of these authorities.
    case welcome(TLSTrust)
    /// They have to.
    case required(TLSTrust)
  }

  /// Who it is, by the name that a client asks for: exactly, or by a wildcard. The first one where none fits.
  public var identities: [TLSIdentity]
  /// Whoever asks for a name that none of them has is refused (`unrecognized_name`), and does not get the first one.
  public var refusesUnknownNames = false
  /// Protocols above, in the order of preference (ALPN, RFC 7301). A client that names others alone is refused. Empty:
  /// none is agreed on. Each of 1 to 255 bytes.
  public var protocols: [String] = []
  /// The least version that is spoken.
  public var leastVersion = TLSVersion.tls12
  /// The newest version that is spoken.
  public var mostVersion = TLSVersion.tls13
  /// Whether clients have to say who they are.
  public var clientCertificates = ClientCertificates.notAsked
  /// How long a handshake may take. More than zero, at most 24 days.
  public var handshakeTimeout: Duration = .seconds(10)
  /// How many handshakes may be under way at once, on each loop; more are closed. At least one.
  public var maxHandshakes = 4096
  /// Whose threads compute handshakes: for keys that compute for long, as those of RSA with more than 2,048 bits do. A
  /// handshake that finds no room among its waiting work is refused. Best one that gives way
  /// (`OffloadPool(threads: 2, givesWay: true)`). To be closed when the server has ended, not before.
  /// Nil: each loop computes its own, which costs least.
  public var handshakePool: OffloadPool?
  /// By which clients are known that come again.
  public var tickets = TLSTicketKeys()
  /// How many tickets a full handshake of TLS 1.3 ends with, each good for one connection to come, which is given the
  /// next one: so as many as a client has connections at a time, of which each brought one. More are for clients that
  /// open several at once when they come again; each costs a fifteenth of the handshake and some 250 bytes. 0 to 16;
  /// 0: nobody is known again.
  public var ticketsPerHandshake = 1

  /// A server with one or more identities.
  public init(_ identities: TLSIdentity...) { self.identities = identities }

  /// A server with one identity, read from files.
  ///
  /// - Parameters:
  ///   - chain: Certificates in PEM, the own one first.
  ///   - key: Its private key in PEM.
  /// - Throws: where they cannot be used.
  public static func certificate(_ chain: String, key: String) throws(TLSError) -> ServerTLS {
    ServerTLS(try TLSIdentity(chain: chain, key: key))
  }
}

/// How a client speaks TLS.
public struct ClientTLS: Sendable {
  /// Whose certificates are believed.
  public var trust: TLSTrust
  /// The server's name, or its address in numbers, which its certificate has to have. Of a name, it is what the server is
  /// asked for, too.
  public var name: String
  /// Who it is; nil: nobody, which is usual.
  public var identity: TLSIdentity?
  /// Protocols above that it can speak, in the order of preference (ALPN). Each of 1 to 255 bytes.
  public var protocols: [String] = []
  /// The least version that is spoken.
  public var leastVersion = TLSVersion.tls12
  /// The newest version that is spoken.
  public var mostVersion = TLSVersion.tls13
  /// How long a handshake may take: no longer than what is left of ``ConnectTimes/timeout``.
  public var handshakeTimeout: Duration = .seconds(10)

  /// - Parameters:
  ///   - trust: Whose certificates are believed.
  ///   - name: The server's name, or its address in numbers.
  public init(trusting trust: TLSTrust, name: String) { (self.trust, self.name) = (trust, name) }

  /// The same.
  public static func trusting(_ trust: TLSTrust, name: String) -> ClientTLS {
    ClientTLS(trusting: trust, name: name)
  }
}

/// What was agreed on, and with whom.
public struct TLSDetails: Hashable, Sendable {
  /// The version.
  public let version: String
  /// The cipher suite, by OpenSSL's name.
  public let cipher: String
  /// The protocol above, by ALPN.
  public let applicationProtocol: String?
  /// The name that the client asked for.
  public let serverName: String?
  /// The session is one of before: no certificate was shown.
  public let isResumed: Bool
  /// The peer's certificate, in DER; nil where it showed none.
  public let peerCertificate: [UInt8]?
  /// Whom that is of, as one line (RFC 2253).
  public let peerName: String?
}

#endif
