internal import CKernel

/// What connections of a ring can ask.
final class RingContext<System: RingKernel>: LoopContext {
  private let ring: Ring<System>
  /// How often it was asked. Each question knows its answer by it: one that found the queue full
  /// comes later, when nobody waits for it any more.
  private var questions: UInt64 = 0

  init(box: AnyObject, ring: Ring<System>) {
    self.ring = ring
    super.init(box: box)
  }

  /// A direct descriptor has no address to be asked for: it is made an ordinary one for the time of
  /// the question. The operation completes while it is submitted; its completion is looked up where
  /// it lies and left for the loop, which passes over it.
  override func peerAddress(_ descriptor: Int32) -> SocketAddress? {
    let raw = unsafe ring.raw
    let entry = unsafe ring.entry()
    unsafe ck_prepare_install(entry, descriptor)
    questions &+= 1
    let tag = URing<System>.Tag.install.rawValue | questions << 8
    unsafe entry.pointee.user_data = tag
    // Want of memory may end it before the entry was taken.
    var patience = 64
    repeat {
      guard ring.enter(least: 0, until: nil) == nil else { return nil }
      patience -= 1
    } while unsafe ck_ring_unsubmitted(raw) > 0 && patience > 0
    var at = unsafe ck_ring_completions_end(raw)
    let start = unsafe ck_ring_completions_start(raw)
    while at != start {
      at &-= 1
      guard let completion = unsafe ck_ring_completion(raw, at) else { return nil }
      guard unsafe completion.pointee.user_data == tag else { continue }
      unsafe completion.pointee.user_data = URing<System>.Tag.none.rawValue
      let installed = unsafe completion.pointee.res
      guard installed >= 0 else { return nil }
      var address = SocketAddress.any(port: 0)
      let opened = Descriptor(rawValue: installed)
      let asked = ring.system.peerAddress(opened, into: &address)
      _ = ring.system.close(opened)
      return asked.isSuccess ? address.unmapped : nil
    }
    return nil
  }
}
