/// Where the kernel finds the descriptor that it is to take over, and writes the number that it has then.
///
/// It reads and writes there when it gets to it, which is hardly ever later than it is asked: so the place stays
/// as long as there may be an answer.
@safe
final class AdoptionPlace {
  let start = UnsafeMutablePointer<Int32>.allocate(capacity: 1)

  init() { unsafe start.initialize(to: -1) }

  deinit { unsafe start.deallocate() }

  var number: Int32 {
    get { unsafe start.pointee }
    set { unsafe start.pointee = newValue }
  }
}
