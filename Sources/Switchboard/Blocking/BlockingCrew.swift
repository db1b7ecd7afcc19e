/// Who serves the connections of a blocking server.
protocol BlockingCrew: AnyObject {
  /// How many connections can be served at once.
  var capacity: Int { get }
  /// Takes a connection with its ticket, which is given back at its end; there is room for it.
  func take(
    _ accepted: consuming Listener<Linux>.Incoming, _ role: ListenerRole, _ ticket: UInt32
  ) throws(SystemError)
  /// Threads that have ended are awaited.
  func tidy()
  /// Nothing more comes: everything that is under way is awaited.
  func end()
}

/// The accepting thread itself.
final class BlockingSelf: BlockingCrew {
  let capacity = 1
  private let house: BlockingHouse
  private let worker: BlockingWorker

  init(_ house: BlockingHouse, signals: Descriptor?) throws(SystemError) {
    self.house = house
    worker = try BlockingWorker(house, control: house.control, signals: signals)
  }

  func take(
    _ accepted: consuming Listener<Linux>.Incoming, _ role: ListenerRole, _ ticket: UInt32
  ) {
    house.attach(house.control, to: ticket)
    worker.serve(accepted, role, ticket)
    house.leave(ticket)
  }
  func tidy() {}
  func end() { worker.end() }
}

/// A thread for each connection.
final class BlockingThreads: BlockingCrew {
  let capacity: Int
  private let house: BlockingHouse
  private var threads: [Int: Thread] = [:]
  private var started = 0
  private let over = Over()

  private final class Over: Sendable {
    private let numbers = Lock<[Int]>([])
    func add(_ number: Int) { numbers.withLock { $0.append(number) } }
    func take() -> [Int] {
      numbers.withLock { numbers in
        defer { numbers = [] }
        return numbers
      }
    }
  }

  init(_ house: BlockingHouse, capacity: Int) {
    self.house = house
    self.capacity = capacity
  }

  func take(
    _ accepted: consuming Listener<Linux>.Incoming, _ role: ListenerRole, _ ticket: UInt32
  ) throws(SystemError) {
    let (house, over) = (house, over)
    let control = try LoopControl(system: Linux())
    let worker = try BlockingWorker(house, control: control)
    let parcel = Parcel(accepted)
    house.attach(control, to: ticket)
    started += 1
    let number = started
    threads[number] = try Thread {
      if let accepted = parcel.open() { worker.serve(accepted, role, ticket) }
      worker.end()
      over.add(number)
      house.leave(ticket)
    }
  }

  func tidy() { for number in over.take() { threads.removeValue(forKey: number)?.join() } }

  func end() {
    for thread in threads.values { thread.join() }
    threads = [:]
  }
}

/// A fixed number of threads that take connections one after the other.
final class BlockingPool: BlockingCrew {
  var capacity: Int { threads.count }
  private let house: BlockingHouse
  private let queue = Queue()
  private var threads: [Thread] = []

  private final class Queue: Sendable {
    typealias Item = (parcel: Parcel, role: ListenerRole, ticket: UInt32)
    private let items = Lock<[Item?]>([])
    private let count = Semaphore()

    func put(_ item: Item?) {
      items.withLock { $0.append(item) }
      count.signal()
    }
    func take() -> Item? {
      count.wait()
      return items.withLock { $0.removeFirst() }
    }
  }

  init(_ house: BlockingHouse, count: Int) throws(SystemError) {
    self.house = house
    do throws(SystemError) {
      for _ in 0..<count {
        let queue = queue
        let control = try LoopControl(system: Linux())
        let worker = try BlockingWorker(house, control: control)
        threads.append(
          try Thread {
            while let item = queue.take() {
              house.attach(control, to: item.ticket)
              if let accepted = item.parcel.open() {
                worker.serve(accepted, item.role, item.ticket)
              }
              house.leave(item.ticket)
            }
            worker.end()
          })
      }
    } catch {
      end()
      throw error
    }
  }

  func take(
    _ accepted: consuming Listener<Linux>.Incoming, _ role: ListenerRole, _ ticket: UInt32
  ) {
    queue.put((Parcel(accepted), role, ticket))
  }
  func tidy() {}
  func end() {
    for _ in threads { queue.put(nil) }
    for thread in threads { thread.join() }
    threads = []
  }
}

/// A thread that is awaited once.
private final class Thread {
  private var thread: LoopThread?
  init(_ body: sending @escaping () -> Void) throws(SystemError) {
    thread = try LoopThread(body)
  }
  func join() { thread.take()?.join() }
}

/// A connection on its way to another thread: one puts it in, one opens it, and a lock or the
/// thread's start lies between. Not opened, it is closed.
private final class Parcel: @unchecked Sendable {
  private var accepted: Listener<Linux>.Incoming?

  init(_ accepted: consuming Listener<Linux>.Incoming) { self.accepted = consume accepted }

  func open() -> Listener<Linux>.Incoming? { accepted.take() }
}
