import TestSupport

typealias Client = TestSupport.Client

/// What the frames protocol answers to a whole stream.
func replies(to bytes: [UInt8]) -> [UInt8] { frameReplies(to: bytes) }
