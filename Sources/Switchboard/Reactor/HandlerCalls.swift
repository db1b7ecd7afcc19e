/// A handler behind one virtual call for each callback.
class AnyHandler<System: Kernel> {
  func peerConnected(_ peer: inout Peer<System>) -> Interest { [] }
  func readyToReceive(_ peer: inout Peer<System>) -> Interest { [] }
  func readyToSend(_ peer: inout Peer<System>) -> Interest { [] }
  func timeElapsed(_ peer: inout Peer<System>) -> Interest { [] }
  func drain(_ peer: inout Peer<System>) -> Interest { [] }
  func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {}
  func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest { [] }
  func notice(_ notice: LoopNotice) {}
}

/// A handler of a known type. The callbacks of a loop never overlap, so its memory is reached
/// without the checks of a class's own property.
@safe
final class HandlerBox<Handler: ReactorHandler & ~Copyable>: AnyHandler<Handler.System> {
  typealias System = Handler.System

  private let start: UnsafeMutablePointer<Handler>
  private var isTaken = false

  init(_ handler: consuming Handler) {
    unsafe start = .allocate(capacity: 1)
    unsafe start.initialize(to: handler)
  }

  deinit {
    if !isTaken { unsafe start.deinitialize(count: 1) }
    unsafe start.deallocate()
  }

  var handler: Handler {
    unsafeAddress { unsafe UnsafePointer(start) }
    unsafeMutableAddress { unsafe start }
  }

  /// Gives the handler away, once, when nothing will be called any more.
  func take() -> Handler {
    precondition(!isTaken, "the handler was taken already")
    isTaken = true
    return unsafe start.move()
  }

  override func peerConnected(_ peer: inout Peer<System>) -> Interest {
    unsafe start.pointee.peerConnected(&peer)
  }
  override func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    unsafe start.pointee.readyToReceive(&peer)
  }
  override func readyToSend(_ peer: inout Peer<System>) -> Interest {
    unsafe start.pointee.readyToSend(&peer)
  }
  override func timeElapsed(_ peer: inout Peer<System>) -> Interest {
    unsafe start.pointee.timeElapsed(&peer)
  }
  override func drain(_ peer: inout Peer<System>) -> Interest { unsafe start.pointee.drain(&peer) }
  override func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    unsafe start.pointee.peerClosed(&peer, reason)
  }
  override func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    unsafe start.pointee.ready(readiness, watched: descriptor)
  }
  override func notice(_ notice: LoopNotice) { unsafe start.pointee.notice(notice) }
}

/// How a loop reaches its handler: the box is kept alive by the reactor, so a call neither retains
/// nor releases it.
@safe
struct HandlerCalls<System: Kernel> {
  private let box: Unmanaged<AnyHandler<System>>

  init(_ box: AnyHandler<System>) { unsafe self.box = unsafe .passUnretained(box) }

  @inline(__always)
  func peerConnected(_ peer: inout Peer<System>) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.peerConnected(&peer) }
  }
  @inline(__always)
  func readyToReceive(_ peer: inout Peer<System>) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.readyToReceive(&peer) }
  }
  @inline(__always)
  func readyToSend(_ peer: inout Peer<System>) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.readyToSend(&peer) }
  }
  func timeElapsed(_ peer: inout Peer<System>) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.timeElapsed(&peer) }
  }
  func drain(_ peer: inout Peer<System>) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.drain(&peer) }
  }
  func peerClosed(_ peer: inout Peer<System>, _ reason: CloseReason) {
    unsafe box._withUnsafeGuaranteedRef { $0.peerClosed(&peer, reason) }
  }
  func ready(_ readiness: Readiness, watched descriptor: Descriptor) -> Interest {
    unsafe box._withUnsafeGuaranteedRef { $0.ready(readiness, watched: descriptor) }
  }
  func notice(_ notice: LoopNotice) {
    unsafe box._withUnsafeGuaranteedRef { $0.notice(notice) }
  }
}
