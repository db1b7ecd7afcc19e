import Synchronization

/// Who serves the connections of a blocking server.
protocol BlockingCrew: AnyObject {
  /// How many connections can be served at once.
  var capacity: Int { get }
  /// Takes a connection; there is room for it.
  func take(_ socket: consuming Socket<Linux>) throws(SystemError)
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

  func take(_ socket: consuming Socket<Linux>) {
    let ticket = house.enter(house.control)
    worker.serve(socket)
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
  private let over = Over()

  private final class Over: Sendable {
    private let tickets = Mutex<[Int]>([])
    func add(_ ticket: Int) { tickets.withLock { $0.append(ticket) } }
    func take() -> [Int] {
      tickets.withLock { tickets in
        defer { tickets = [] }
        return tickets
      }
    }
  }

  init(_ house: BlockingHouse, capacity: Int) {
    self.house = house
    self.capacity = capacity
  }

  func take(_ socket: consuming Socket<Linux>) throws(SystemError) {
    let (house, over) = (house, over)
    let control = try LoopControl(system: Linux())
    let worker = try BlockingWorker(house, control: control)
    let ticket = house.enter(control)
    let parcel = Parcel(socket)
    do throws(SystemError) {
      threads[ticket] = try Thread {
        if let socket = parcel.open() { worker.serve(socket) }
        worker.end()
        over.add(ticket)
        house.leave(ticket)
      }
    } catch {
      house.leave(ticket)
      throw error
    }
  }

  func tidy() { for ticket in over.take() { threads.removeValue(forKey: ticket)?.join() } }

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
    private let parcels = Mutex<[Parcel?]>([])
    private let count = Semaphore()

    func put(_ parcel: Parcel?) {
      parcels.withLock { $0.append(parcel) }
      count.signal()
    }
    func take() -> Parcel? {
      count.wait()
      return parcels.withLock { $0.removeFirst() }
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
            while let socket = queue.take()?.open() {
              let ticket = house.enter(control, wasExpected: true)
              worker.serve(socket)
              house.leave(ticket)
            }
            worker.end()
          })
      }
    } catch {
      end()
      throw error
    }
  }

  func take(_ socket: consuming Socket<Linux>) {
    house.expect()
    queue.put(Parcel(socket))
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
  private var socket: Socket<Linux>?

  init(_ socket: consuming Socket<Linux>) { self.socket = consume socket }

  func open() -> Socket<Linux>? { socket.take() }
}
