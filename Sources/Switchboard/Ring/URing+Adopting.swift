internal import CKernel

/// Taking over connections that were made elsewhere, as ordinary descriptors.
///
/// They become direct descriptors, as those are that the ring accepts, and nothing tells the two apart from
/// then on. The kernel chooses the number (`IORING_FILE_INDEX_ALLOC`), and chooses one that is free. A number
/// is freed by its close alone, and that is submitted when nothing of its connection is under way any more,
/// the half-close of the kernel's thread among it (``Slot/Pending/beforeClosing``): so no number is given
/// anew that somebody still means by it.
///
/// The kernels that have all else that a ring needs have this, too (Linux 5.19).
extension URing {
  /// A connection was taken over for which nobody waits: whoever asked was told that it cannot be.
  func adoptedLate(_ data: UInt64, _ result: Int32) {
    guard let number = ring.takeLate(data, result) else { return }
    let entry = unsafe ring.entry()
    unsafe ck_prepare_close(entry, number)
  }
}
