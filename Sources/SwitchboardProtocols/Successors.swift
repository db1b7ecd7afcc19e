// `byte + 1`, wrapping, for runs of bytes: from one span into another, and within one. The two
// say the same twice, since a span cannot be borrowed for reading while it is written.

extension MutableSpan<UInt8> {
  /// Writes the successors of `input[source...]` from `target` on, a block at a time, for as
  /// long as those hold no `stop` and fit. Returns how many were written.
  ///
  /// Searching and adding are one pass here. The block with `stop`, or what is left of one, is
  /// the caller's. Not inlined: among other code the optimiser loses sight of the bounds.
  @inline(never)
  mutating func putBlocks(
    of input: Span<UInt8>, from source: Int, at target: Int, until stop: UInt8
  ) -> Int {
    var i = source
    var o = target
    while i <= input.count - Block.count && o <= count - Block.count {
      let block = Block(input, at: i)
      guard block.matches(stop).isEmpty else { break }
      block.storeSuccessors(into: &self, at: o)
      i += Block.count
      o += Block.count
    }
    return i - source
  }

  /// Writes the successors of `input` from `target` on.
  @inline(__always)
  mutating func put(successorsOf input: Span<UInt8>, at target: Int) {
    let count = input.count
    if count < 8 {
      for k in 0..<count { self[target + k] = input[k] &+ 1 }
      return
    }
    var i = 0
    var o = target
    while i <= count - 16 {
      Vector(input, at: i).successors.store(into: &self, at: o)
      i += 16
      o += 16
    }
    if i <= count - 8 { Word(input, at: i).successors.store(into: &self, at: o) }
    Word(input, at: count - 8).successors.store(into: &self, at: target + count - 8)
  }

  /// As `putBlocks`, from `source` to `target` within the first `limit` bytes of this span.
  ///
  /// `target <= source`; a block is read before a write reaches it.
  @inline(never)
  mutating func moveBlocks(
    from source: Int, to target: Int, limit: Int, until stop: UInt8
  ) -> Int {
    precondition(0 <= target && target <= source && limit <= count)
    var i = source
    var o = target
    while i <= limit - Block.count {
      let block = Block(span, at: i)
      guard block.matches(stop).isEmpty else { break }
      block.storeSuccessors(into: &self, at: o)
      i += Block.count
      o += Block.count
    }
    return i - source
  }

  /// Writes the successors of `count` bytes at `source` from `target` on.
  ///
  /// `target <= source`, and the two may overlap: the last word is read before anything is
  /// written, and all else before a write reaches it.
  @inline(__always)
  mutating func move(successorsOf count: Int, from source: Int, to target: Int) {
    if count < 8 {
      for k in 0..<max(0, count) { self[target + k] = self[source + k] &+ 1 }
      return
    }
    let end = source + count
    let last = Word(span, at: end - 8).successors
    var i = source
    var o = target
    while i <= end - 16 {
      Vector(span, at: i).successors.store(into: &self, at: o)
      i += 16
      o += 16
    }
    if i <= end - 8 { Word(span, at: i).successors.store(into: &self, at: o) }
    last.store(into: &self, at: target + count - 8)
  }
}
