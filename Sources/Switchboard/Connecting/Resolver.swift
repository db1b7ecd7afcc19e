/// Names' addresses, without keeping anybody waiting who asks: the calls that block (`getaddrinfo(3)`) are made on
/// threads that do nothing else.
///
/// ```swift
/// let resolver = Resolver()
/// resolver.lookUp("db.internal", .v6, port: 5432, within: .seconds(5)) { answer in
///   // Result<[SocketAddress], LookUpFailure>, on a thread of the resolver's.
/// }
/// ```
///
/// Threads and look-ups are bounded, and each look-up has a deadline that holds although its thread is still stuck in
/// the call: a name server that is dead delays nothing but the names that it should know. Threads are started when
/// they are needed and end when they have had nothing to do for ten seconds. When the resolver is let go, what was
/// asked is still answered, and then they end at once.
///
/// Safe from any thread, and never waits.
public final class Resolver: Sendable {
  /// The addresses of one family, at least one, or why there are none.
  public typealias Answer = Result<[SocketAddress], LookUpFailure>

  let lookUps: any LookUps

  /// A resolver without threads as yet.
  ///
  /// - Parameters:
  ///   - names: Who is asked.
  ///   - threads: How many calls are made at once, at least one.
  ///   - limit: How many look-ups may wait for an answer, at least one.
  public convenience init(
    _ names: any NameService = SystemNames(), threads: Int = 8, limit: Int = 4096
  ) {
    self.init(names, threads: threads, limit: limit, idleTime: LookUpDesk.idleTime) {
      (body) throws(SystemError) in
      try LoopThread(body).detach()
    }
  }

  convenience init(
    _ names: any NameService, threads: Int, limit: Int, idleTime: Duration,
    startThread: @escaping LookUpDesk.StartThread
  ) {
    self.init(
      LookUpDesk(
        names, threads: max(1, threads), limit: max(1, limit), idleTime: idleTime, startThread))
  }

  init(_ lookUps: any LookUps) { self.lookUps = lookUps }

  deinit { lookUps.letGo() }

  /// Looks up the addresses of one family. Both are two look-ups, so that the one need not wait for the other.
  ///
  /// Addresses in numbers (also in brackets) and this machine's names (`localhost`, and what ends with `.localhost`)
  /// are answered at once.
  ///
  /// - Parameters:
  ///   - name: A host name or an address.
  ///   - family: Addresses of the other family are no answer.
  ///   - port: What the addresses get.
  ///   - timeout: After so long the answer is ``LookUpFailure/Reason/timedOut(_:)``.
  ///   - answer: Called exactly once, unless the look-up is cancelled; on the calling thread before this returns where
  ///     nothing has to be asked or nothing can, otherwise on a thread of the resolver's. It must not block: others
  ///     wait for theirs.
  /// - Returns: The look-up, to be cancelled. It may be let go.
  @discardableResult
  public func lookUp(
    _ name: String, _ family: SocketAddress.Family, port: UInt16,
    within timeout: Duration = .seconds(10), answer: @escaping @Sendable (Answer) -> Void
  ) -> LookUp {
    let asker = LookUpAsker(
      name: name, family: family, port: port, timeout: timeout, answer: answer)
    if let known = NameRules.answer(name, family, port: port) {
      asker.tell(known)
      return LookUp(lookUps: lookUps, number: nil)
    }
    return LookUp(lookUps: lookUps, number: lookUps.ask(asker))
  }

  /// A look-up that was asked for.
  public struct LookUp: Sendable {
    fileprivate let lookUps: any LookUps
    fileprivate let number: LookUpQueue<LookUpAsker>.Number?

    /// Wants no answer any more: whether there will be none, since it had not come. Any thread.
    @discardableResult
    public func cancel() -> Bool { number.map { lookUps.cancel($0) } ?? false }
  }
}

/// Who waits for an answer.
struct LookUpAsker: Sendable {
  /// As it was given.
  let name: String
  let family: SocketAddress.Family
  let port: UInt16
  let timeout: Duration
  let answer: @Sendable (Resolver.Answer) -> Void

  /// What is asked of a name service.
  var question: LookUpQueue<LookUpAsker>.Question {
    .init(name: SocketAddress.unbracketed(name), family: family)
  }

  /// The answer: of that family, each address once, not too many.
  func tell(_ result: Result<[SocketAddress], LookUpFailure.Reason>) {
    switch result {
    case .failure(let reason): answer(.failure(LookUpFailure(name, family, reason)))
    case .success(let found):
      var addresses: [SocketAddress] = []
      for var address in found where address.family == family {
        guard addresses.count < Linux.mostAddressesOfName else { break }
        address.port = port
        if !addresses.contains(address) { addresses.append(address) }
      }
      answer(
        addresses.isEmpty
          ? .failure(LookUpFailure(name, family, .noAddress)) : .success(addresses))
    }
  }
}
