/// Why a peer was closed.
public enum CloseReason: Hashable, Sendable, CustomStringConvertible {
  /// We finished with it: a handler answered the empty interest, a session closed it.
  case finished
  /// The peer finished, and so did we.
  case peerFinished
  /// The session closed it at once.
  case aborted
  /// The connection broke.
  case failed(SystemError)
  /// More was written to it than it may hold unsent: the peer reads too slowly.
  case outboxFull
  /// Its session left more bytes than ``ServerOptions/inputLimit``: a message was longer than it may be.
  case inputFull
  /// Nothing came from it and nothing went to it for the idle timeout.
  case idle
  /// It was not finished when the drain timeout ended.
  case drainTimeout
  /// The reactor was stopped.
  case stopped
  /// The connection attempt failed.
  case connectFailed(SystemError)
  /// No connection came about: see ``Connection/connect(to:from:times:session:)``.
  case notConnected(ConnectFailure)
  /// Nobody's connection was to be had from a pool: see ``Connection/takePartner(from:)``.
  case noPartner(PoolFailure)
  /// Its filter gave it up: see ``FilterFailure``. Of a connection that was begun here, perhaps before it stood.
  case filterFailed(FilterFailure)
  /// The wire ended, and nobody had said that nothing more comes: what came may not be all that was sent.
  case truncated
  /// The poller failed to watch it.
  case registrationFailed(RegistrationError)

  /// In words.
  public var description: String {
    switch self {
    case .finished: "finished"
    case .peerFinished: "the peer finished"
    case .aborted: "aborted"
    case .failed(let error): error.errno.meaning
    case .outboxFull: "the peer reads too slowly"
    case .inputFull: "the session left more input than it may"
    case .idle: "idle for too long"
    case .drainTimeout: "not finished when the drain timeout ended"
    case .stopped: "the server was stopped"
    case .connectFailed(let error): error.description
    case .notConnected(let failure): failure.description
    case .noPartner(let failure): failure.description
    case .filterFailed(let failure): failure.description
    case .truncated: "it was cut off: the peer did not say that it had finished"
    case .registrationFailed(let error): error.description
    }
  }
}
