import SwitchboardProtocols

/// The frames protocol a byte at a time.
private struct Model {
  var inFrame = false
  var replies: [UInt8] = []

  mutating func step(_ bytes: [UInt8]) {
    for byte in bytes {
      if inFrame, byte == 0x24 {
        inFrame = false
      } else if inFrame {
        replies.append(byte &+ 1)
      } else if byte == 0x5E {
        inFrame = true
      }
    }
  }
}

/// All three ways to step, over any cutting of the stream and any room for the replies.
func check(_ input: Input) {
  var input = input
  let room = input.next() ?? 0
  let start = input.next() ?? 0
  let pieces = input.pieces()
  var model = Model()
  model.step(input.bytes)

  var (appended, appending) = ([UInt8](), Frames())
  var (indexed, indexing) = ([UInt8](), Frames())
  var (moved, moving) = ([UInt8](), Frames())
  for piece in pieces {
    appended += append(&appending, piece, room)
    indexed += index(&indexing, piece, room, start)
    moved += move(&moving, piece, behind: start)
  }
  expect(appended == model.replies, "appended \(appended), not \(model.replies)")
  expect(indexed == model.replies, "indexed \(indexed), not \(model.replies)")
  expect(moved == model.replies, "moved \(moved), not \(model.replies)")
  for frames in [appending, indexing, moving] {
    expect(frames.inFrame == model.inFrame, "inFrame is \(frames.inFrame)")
  }
}

/// Into an `OutputSpan` of little room, again and again.
private func append(_ frames: inout Frames, _ piece: [UInt8], _ room: Int) -> [UInt8] {
  var all: [UInt8] = []
  var rest = piece[...]
  // A step with no room takes nothing but what needs none; the next one then has some.
  var capacity = room
  while true {
    var taken = 0
    let replies = [UInt8](capacity: capacity) { output in
      taken = frames.step(rest.span, into: &output)
    }
    expect(replies.count <= capacity, "more replies than room")
    all += replies
    rest = rest.dropFirst(taken)
    if rest.isEmpty { return all }
    expect(replies.count == capacity, "stopped with room left")
    capacity = max(1, room)
  }
}

/// Into a span at an index; what is around the replies must stay as it was.
private func index(_ frames: inout Frames, _ piece: [UInt8], _ room: Int, _ start: Int) -> [UInt8] {
  var all: [UInt8] = []
  var rest = piece[...]
  var capacity = room
  while true {
    var buffer = [UInt8](repeating: 0xA5, count: start + capacity)
    var span = buffer.mutableSpan
    let (taken, end) = frames.step(rest.span, into: &span, from: start)
    expect(buffer[..<start].allSatisfy { $0 == 0xA5 }, "wrote in front of the replies")
    expect(buffer[end...].allSatisfy { $0 == 0xA5 }, "wrote behind the replies")
    all += buffer[start..<end]
    rest = rest.dropFirst(taken)
    if rest.isEmpty { return all }
    expect(end == buffer.count, "stopped with room left")
    capacity = max(1, room)
  }
}

/// In place; what is behind the peer's bytes must stay as it was.
private func move(_ frames: inout Frames, _ piece: [UInt8], behind count: Int) -> [UInt8] {
  var buffer = piece + [UInt8](repeating: 0x5A, count: count)
  var span = buffer.mutableSpan
  let replies = frames.stepInPlace(&span, count: piece.count)
  expect(buffer[piece.count...].allSatisfy { $0 == 0x5A }, "wrote behind the bytes")
  return Array(buffer[..<replies])
}
