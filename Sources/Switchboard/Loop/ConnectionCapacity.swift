/// How many connections a loop makes room for, whatever the limit of descriptors says: 2^30 in some
/// containers, 16 in a shell that was told so.
enum ConnectionCapacity {
  /// Descriptors that are left for everything else: listeners, wakers, files of the program's own.
  static var reserve: Int { 32 }
  /// The most without being asked for more: what `fs.nr_open` lets a process have unless somebody has
  /// raised it. Tables for so many cost a few hundred megabytes of address space, and memory as they
  /// fill.
  static var most: Int { 1 << 20 }
  /// The most that can be asked for. Keys have room for 2^30, but a table of that size no machine has.
  static var mostAsked: Int { 1 << 24 }
  /// Slots beyond the capacity: connections that are being closed still have theirs.
  static var margin: Int { 64 }

  /// - Parameters:
  ///   - wanted: What the options say, nil for as many as there can be.
  ///   - descriptors: How many the process may have.
  static func of(wanted: Int?, descriptors: Int) -> Int {
    let usable = usable(descriptors)
    guard let wanted else { return min(usable, most) }
    // The limit may yet be raised, so it binds only wishes that are beyond reason.
    return max(1, min(wanted, max(most, min(usable, mostAsked))))
  }

  /// The most that one of several loops can hold. The kernel spreads connections over them, not quite
  /// evenly; a small limit any loop may use up alone.
  static func ofLoop(_ total: Int, loops: Int) -> Int {
    min(total, max(65536, 2 * (total / max(1, loops))))
  }

  /// Descriptors that may be connections.
  static func usable(_ descriptors: Int) -> Int {
    max(1, descriptors - min(reserve, descriptors / 2))
  }
}
