import Synchronization

/// What other threads may touch of a loop: its waker and its mail.
final class LoopControl<System: Kernel>: Sendable {
  let system: System
  let waker: Waker<System>
  let mail: MailFlag
  let jobs: MessageBox<@Sendable () -> Void>
  /// What the loop is asked for, connections among it.
  let requests: MessageBox<LoopRequest>
  /// Who looks names up for it.
  let resolver: Resolver
  /// What the loops of a server hold together, where there are several.
  let places: Places?
  /// How many connections addresses have, on all of them.
  let addresses: AddressTally
  /// What has been refused to the process, on any of them.
  let refusals: RefusedCalls
  private let siblings = Lock<[Waker<System>]>([])

  init(
    system: System, places: Places? = nil, addresses: AddressTally = AddressTally(),
    refusals: RefusedCalls = RefusedCalls(), resolver: Resolver = Resolver()
  ) throws(SystemError) {
    let waker = try Waker(system: system)
    self.system = system
    self.places = places
    self.addresses = addresses
    self.refusals = refusals
    self.waker = waker
    mail = MailFlag { waker.wake() }
    jobs = MessageBox(mail: mail)
    requests = MessageBox(mail: mail)
    self.resolver = resolver
    places?.add { waker.wake() }
  }

  /// The loop has ended: takes no more jobs, and refuses what it is asked for.
  func end() {
    jobs.close()
    refuse(requests.close(), .stopped)
  }

  /// Refuses what the loop was asked for, since it makes no connections.
  func refuseRequests() {
    refuse(requests.take(), .connectFailed(SystemError(.connect, .notSupported)))
  }

  private func refuse(_ letters: [(key: Key, message: LoopRequest)], _ reason: CloseReason) {
    for letter in letters {
      if case .connect(let wish) = letter.message { wish.refuse(reason) }
    }
  }

  /// For other threads.
  var handle: LoopHandle { LoopHandle(jobs: jobs, requests: requests) }

  /// Makes ``drainAll()`` reach another loop too.
  func addSibling(_ waker: Waker<System>) { siblings.withLock { $0.append(waker) } }

  /// Stops this loop's siblings.
  func stopSiblings() { for sibling in siblings.withLock({ $0 }) { sibling.stop() } }

  /// Drains this loop and its siblings.
  func drainAll() {
    waker.drain()
    for sibling in siblings.withLock({ $0 }) { sibling.drain() }
  }
}
