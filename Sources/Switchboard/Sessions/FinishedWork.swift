/// What other threads have computed for a loop's filters, on its way back. There is no more of it than there are
/// connections in their opening exchange.
final class FinishedWork: Sendable {
  private let all = Lock<[(key: Key, work: any FilterWork)]>([])
  private let mail: MailFlag

  init(_ mail: MailFlag) { self.mail = mail }

  /// Any thread.
  func put(_ work: any FilterWork, of key: Key) {
    all.withLock { $0.append((key, work)) }
    mail.raise()
  }

  func take() -> [(key: Key, work: any FilterWork)] {
    all.withLock { all in
      defer { all = [] }
      return all
    }
  }
}
