#if TestBench

/// A growing table whose elements stay where they are for as long as it lives.
///
/// What a simulation knows of its sockets, streams and clients lies in such tables and is reached by
/// address. As objects, each step towards them would count a reference and check an access: that
/// took two fifths of the time of a simulated call. One thread, and nobody keeps an address for
/// longer than its table.
@safe
struct StableTable<Element: ~Copyable>: ~Copyable {
  @safe
  private struct Header {
    var count = 0
    var chunks: [UnsafeMutablePointer<Element>] = unsafe []
  }

  private static var chunkSize: Int { 32 }

  /// Apart, so that a table may grow that is a constant of its owner.
  private let header: UnsafeMutablePointer<Header>

  init() {
    unsafe header = .allocate(capacity: 1)
    unsafe header.initialize(to: Header())
  }

  deinit {
    for index in 0..<count { unsafe address(index).deinitialize(count: 1) }
    for index in unsafe header.pointee.chunks.indices {
      unsafe header.pointee.chunks[index].deallocate()
    }
    unsafe header.deinitialize(count: 1)
    unsafe header.deallocate()
  }

  @inline(__always)
  var count: Int { unsafe header.pointee.count }
  var indices: Range<Int> { 0..<count }

  /// Adds an element: where it stands from now on.
  @discardableResult
  func append(_ element: consuming Element) -> UnsafeMutablePointer<Element> {
    let index = count
    if index % Self.chunkSize == 0 {
      unsafe header.pointee.chunks.append(.allocate(capacity: Self.chunkSize))
    }
    unsafe header.pointee.count = index + 1
    let place = unsafe address(index)
    unsafe place.initialize(to: element)
    return unsafe place
  }

  /// Where an element stands.
  @inline(__always)
  func address(_ index: Int) -> UnsafeMutablePointer<Element> {
    precondition(index >= 0 && index < count, "index out of range")
    return unsafe header.pointee.chunks[index / Self.chunkSize] + index % Self.chunkSize
  }

  subscript(index: Int) -> Element {
    @inline(__always) unsafeAddress { unsafe UnsafePointer(address(index)) }
    @inline(__always) nonmutating unsafeMutableAddress { unsafe address(index) }
  }
}

/// One value at a fixed address, for the same reason.
@safe
struct StablePlace<Value: ~Copyable>: ~Copyable {
  let address: UnsafeMutablePointer<Value>

  init(_ value: consuming Value) {
    unsafe address = .allocate(capacity: 1)
    unsafe address.initialize(to: value)
  }

  deinit {
    unsafe address.deinitialize(count: 1)
    unsafe address.deallocate()
  }
}

#endif
