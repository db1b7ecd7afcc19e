#if TLS

import Switchboard

extension Upstreams {
  /// Servers that are spoken to by TLS.
  ///
  /// - Parameters:
  ///   - targets: Where they are. At least one; more than 65,536 are no use.
  ///   - choice: Whose turn it is.
  ///   - tls: Whom to believe, and whom it is for.
  public convenience init(
    _ targets: [ConnectTarget], choice: UpstreamChoice = .roundRobin, tls: TLSConnector
  ) {
    self.init(targets, choice: choice, behind: tls)
  }
}

#endif
