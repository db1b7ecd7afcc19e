import SwitchboardProtocols

/// Lines a byte at a time.
private struct Model {
  let limit: Int
  var lines: [[UInt8]] = []
  var held: [UInt8] = []
  var failed = false

  mutating func step(_ bytes: [UInt8]) {
    for byte in bytes where !failed {
      if byte == 0x0A {
        lines.append(held.last == 0x0D ? held.dropLast() : held)
        held = []
      } else {
        held.append(byte)
        // One byte more may be the CR of the ending.
        let isEnding = held.count == limit + 1 && byte == 0x0D
        if held.count > limit, !isEnding { (failed, held) = (true, []) }
      }
    }
  }
}

/// Both ways to split, over any cutting of the stream; the first one also stops after lines, as the
/// choices say.
func check(_ input: Input) {
  var input = input
  let limit = input.next() ?? 0
  let stops = input.next() ?? 0
  let pieces = input.pieces()
  var model = Model(limit: limit)
  model.step(input.bytes)

  compare(split(LineSplitter(limit: limit), pieces, stops), model)
  compare(nexts(LineSplitter(limit: limit), pieces), model)
}

private typealias Found = (lines: [[UInt8]], failed: Bool, held: Int)

private func compare(_ found: Found, _ model: Model) {
  expect(found.lines == model.lines, "lines \(found.lines), not \(model.lines)")
  expect(found.failed == model.failed, "failed is \(found.failed)")
  expect(found.held == model.held.count, "\(found.held) held, not \(model.held.count)")
}

private func split(_ splitter: LineSplitter, _ pieces: [[UInt8]], _ stops: Int) -> Found {
  var (splitter, found) = (splitter, Found([], false, 0))
  for piece in pieces {
    var rest = piece[...]
    repeat {
      do throws(LineTooLong) {
        var goesOn = true
        let taken = try splitter.split(rest.span) { line in
          found.lines.append(line.indices.map { line[$0] })
          goesOn = stops >> (found.lines.count % 8) & 1 == 0
          return goesOn
        }
        expect(goesOn ? taken == rest.count : taken > 0, "took \(taken)")
        rest = rest.dropFirst(taken)
      } catch {
        (found.failed, rest) = (true, [])
      }
    } while !rest.isEmpty
  }
  found.held = splitter.heldCount
  return found
}

private func nexts(_ splitter: LineSplitter, _ pieces: [[UInt8]]) -> Found {
  var (splitter, found) = (splitter, Found([], false, 0))
  for piece in pieces {
    do throws(LineTooLong) {
      var place = 0
      while let line = try splitter.next(in: piece.span, from: &place) { found.lines.append(line) }
      expect(place == piece.count, "stopped at \(place) without a line")
    } catch {
      found.failed = true
    }
  }
  found.held = splitter.heldCount
  return found
}
