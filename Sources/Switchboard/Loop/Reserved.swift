/// A table of fixed capacity whose memory is reserved at once and used as far as it is touched.
///
/// Its elements never move and a table for a million connections costs nothing until they come. All
/// elements are valid from the start, as zero bits; that is what `BitwiseCopyable` elements of ours
/// are made for. Every access is checked.
@safe
struct ReservedTable<Element: BitwiseCopyable>: ~Copyable {
  private let start: UnsafeMutablePointer<Element>
  let capacity: Int

  /// - Throws: `ENOMEM` when the system refuses the address space.
  init(capacity: Int) throws(SystemError) {
    self.capacity = max(1, capacity)
    let bytes = self.capacity * MemoryLayout<Element>.stride
    guard let memory = unsafe RegionPool.take(bytes, isZeroed: true) else {
      throw SystemError(.reserve, .outOfMemory)
    }
    unsafe start = memory.bindMemory(to: Element.self, capacity: self.capacity)
  }

  deinit { unsafe RegionPool.giveBack(start, capacity * MemoryLayout<Element>.stride) }

  subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress { unsafe address(index) }
    @inline(__always) unsafeMutableAddress { unsafe mutableAddress(index) }
  }

  /// Where an element stands, for those who wrap the table.
  @inline(__always)
  func address(_ index: Int) -> UnsafePointer<Element> {
    precondition(index >= 0 && index < capacity, "index out of range")
    return unsafe UnsafePointer(start + index)
  }

  /// The same, to change it.
  @inline(__always)
  mutating func mutableAddress(_ index: Int) -> UnsafeMutablePointer<Element> {
    precondition(index >= 0 && index < capacity, "index out of range")
    return unsafe start + index
  }
}

/// The same for elements with a life of their own. Who puts one in takes it out again.
@safe
struct ReservedSlots<Element: ~Copyable>: ~Copyable {
  private let start: UnsafeMutablePointer<Element>
  let capacity: Int

  init(capacity: Int) throws(SystemError) {
    self.capacity = max(1, capacity)
    let bytes = self.capacity * max(1, MemoryLayout<Element>.stride)
    guard let memory = unsafe RegionPool.take(bytes, isZeroed: false) else {
      throw SystemError(.reserve, .outOfMemory)
    }
    unsafe start = memory.bindMemory(to: Element.self, capacity: self.capacity)
  }

  deinit { unsafe RegionPool.giveBack(start, capacity * max(1, MemoryLayout<Element>.stride)) }

  /// Puts an element where there is none.
  func put(_ element: consuming Element, at index: Int) {
    precondition(index >= 0 && index < capacity, "index out of range")
    unsafe (start + index).initialize(to: element)
  }

  /// Takes an element out of where there is one.
  func take(at index: Int) -> Element {
    precondition(index >= 0 && index < capacity, "index out of range")
    return unsafe (start + index).move()
  }

  /// An element that is there.
  subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress {
      precondition(index >= 0 && index < capacity, "index out of range")
      return unsafe UnsafePointer(start + index)
    }
    @inline(__always) nonmutating unsafeMutableAddress {
      precondition(index >= 0 && index < capacity, "index out of range")
      return unsafe start + index
    }
  }
}
