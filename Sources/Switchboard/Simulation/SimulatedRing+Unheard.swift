#if TestBench

internal import CKernel

// What the ring's process has not heard, and what its kernel has not done yet.
extension SimulatedRing {
  /// How many bytes have gone of a connection's send that its process still holds: it has not heard
  /// that the send has ended.
  func unheard(of socket: SimulatedSocket) -> Int {
    guard let last = longSends[socket.id] else { return 0 }
    let isUnderWay = operations.contains { $0.data == last.data }
    if isUnderWay || overflow.contains(where: { $0.user_data == last.data }) { return last.done }
    let isQueued = (0..<completionsLeft).contains { offset in
      let completion = unsafe raw.pointee.cqes[Int((words[3] &+ offset) & raw.pointee.cq_mask)]
      return completion.user_data == last.data
    }
    return unsafe isQueued || raw.pointee.parked > 0 ? last.done : 0
  }

  /// How many connections the process has closed that its kernel still holds.
  var unfinishedCloses: Int {
    closing.count
      + (0..<UInt32(submittable)).count { offset in
        let entry = unsafe raw.pointee.sqes[Int((words[0] &+ offset) & raw.pointee.sq_mask)]
        return UInt32(entry.opcode) == IORING_OP_CLOSE.rawValue
      }
  }
}

#endif
