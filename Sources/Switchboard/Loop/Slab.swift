/// A growing table of slots, each empty or holding one element, named by ``Key``.
///
/// Adding and removing are O(1) and allocate nothing while a free slot is left. A slot's index stays
/// the same for its element's life; its generation is odd while it is in use and grows by one when
/// it is taken or given back, so a key of a former use matches nothing.
@safe
struct Slab<Element: ~Copyable>: ~Copyable {
  private struct Header {
    var generation: UInt32 = 0
    var nextFree: UInt32 = Slab.none
  }

  private static var none: UInt32 { .max }

  private var headers: UnsafeMutablePointer<Header>
  private var elements: UnsafeMutablePointer<Element>
  /// How many slots there are; indices are below it.
  private(set) var capacity: UInt32
  /// How many slots are in use.
  private(set) var count: UInt32 = 0
  /// The first free slot of those given back, the latest first: its memory is the warmest.
  private var firstFree: UInt32 = Slab.none
  /// Slots from here on have never been used.
  private var fresh: UInt32 = 0

  init(capacity: UInt32 = 16) {
    self.capacity = max(1, capacity)
    unsafe headers = .allocate(capacity: Int(self.capacity))
    unsafe elements = .allocate(capacity: Int(self.capacity))
  }

  deinit {
    for index in 0..<fresh {
      let header = unsafe headers[Int(index)]
      if header.generation & 1 == 1 { unsafe (elements + Int(index)).deinitialize(count: 1) }
    }
    unsafe headers.deallocate()
    unsafe elements.deallocate()
  }

  /// Indices from here on are not in use: the end for a walk over all slots.
  var end: UInt32 { fresh }

  /// The key that the next ``insert(_:)`` will answer.
  var nextKey: Key {
    guard firstFree != Slab.none else { return Key(index: fresh, generation: 1) }
    return unsafe Key(index: firstFree, generation: headers[Int(firstFree)].generation &+ 1)
  }

  /// Puts an element into a free slot, growing when there is none.
  mutating func insert(_ element: consuming Element) -> Key {
    let key = nextKey
    if firstFree != Slab.none {
      unsafe firstFree = headers[Int(key.index)].nextFree
    } else {
      if fresh == capacity { grow() }
      unsafe (headers + Int(fresh)).initialize(to: Header())
      fresh += 1
    }
    unsafe headers[Int(key.index)].generation = key.generation
    unsafe (elements + Int(key.index)).initialize(to: element)
    count += 1
    return key
  }

  /// Takes an element out; the key must be in use.
  mutating func remove(_ key: Key) -> Element {
    precondition(contains(key), "the key is not in use")
    let index = Int(key.index)
    unsafe headers[index] = Header(generation: key.generation &+ 1, nextFree: firstFree)
    firstFree = key.index
    count -= 1
    return unsafe (elements + index).move()
  }

  /// Whether the key names an element that is still there.
  func contains(_ key: Key) -> Bool {
    guard key.index < fresh, key.generation & 1 == 1 else { return false }
    return unsafe headers[Int(key.index)].generation == key.generation
  }

  /// The key of the element at an index, nil where there is none.
  func key(at index: UInt32) -> Key? {
    guard index < fresh else { return nil }
    let generation = unsafe headers[Int(index)].generation
    return generation & 1 == 1 ? Key(index: index, generation: generation) : nil
  }

  /// The element that a key names; the key must be in use.
  subscript(key: Key) -> Element {
    unsafeAddress {
      precondition(contains(key), "the key is not in use")
      return unsafe UnsafePointer(elements + Int(key.index))
    }
    unsafeMutableAddress {
      precondition(contains(key), "the key is not in use")
      return unsafe elements + Int(key.index)
    }
  }

  private mutating func grow() {
    let wanted = capacity * 2
    let newHeaders = UnsafeMutablePointer<Header>.allocate(capacity: Int(wanted))
    let newElements = UnsafeMutablePointer<Element>.allocate(capacity: Int(wanted))
    unsafe newHeaders.moveInitialize(from: headers, count: Int(fresh))
    // Every slot is in use when the table grows, so the elements move as one run.
    unsafe newElements.moveInitialize(from: elements, count: Int(fresh))
    unsafe headers.deallocate()
    unsafe elements.deallocate()
    unsafe (headers, elements) = (newHeaders, newElements)
    capacity = wanted
  }
}
