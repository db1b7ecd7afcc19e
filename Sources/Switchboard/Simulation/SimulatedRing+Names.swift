#if TestBench

internal import CKernel

// What a trace calls things.
extension SimulatedRing {
  /// What an operation is called, as calls are.
  static func name(ofOperation code: UInt32) -> String {
    switch code {
    case IORING_OP_ACCEPT.rawValue: "accept"
    case IORING_OP_POLL_ADD.rawValue: "poll"
    case IORING_OP_RECV.rawValue: "recv"
    case IORING_OP_SEND.rawValue: "send"
    case IORING_OP_SHUTDOWN.rawValue: "shutdown"
    case IORING_OP_CLOSE.rawValue: "close"
    case IORING_OP_ASYNC_CANCEL.rawValue: "cancel"
    case IORING_OP_FILES_UPDATE.rawValue: "register file"
    case UInt32(CK_OP_URING_CMD): "command"
    case UInt32(CK_OP_FIXED_FD_INSTALL): "install file"
    default: "operation \(code)"
    }
  }
}

#endif
