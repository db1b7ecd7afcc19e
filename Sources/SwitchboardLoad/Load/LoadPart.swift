/// One of several parts of a load: a thread's, or a process's.
///
/// All parts together do the whole load, however it divides. Requests belong to those parts alone
/// that have a connection to make them on.
struct LoadPart: Hashable, Sendable {
  /// Which one, from 0 on.
  let number: Int
  /// How many there are.
  let count: Int

  /// Its share of a number of things; the first parts take what does not divide evenly.
  func share(of all: Int) -> Int {
    all / count + (number < all % count ? 1 : 0)
  }

  /// The same part among those that have connections; nil if it has none.
  func making(requestsOn connections: Int) -> LoadPart? {
    number < connections ? LoadPart(number: number, count: min(count, connections)) : nil
  }
}

extension LoadOptions {
  /// What one of several processes does that share this load.
  ///
  /// A process without a connection to make requests on holds its idle ones and makes none.
  public func part(_ number: Int, of count: Int) -> LoadOptions {
    let part = LoadPart(number: number, count: count)
    var options = self
    options.process = part.making(requestsOn: connections) ?? part
    options.connections = part.share(of: connections)
    options.idle = part.share(of: idle)
    if let maker = part.making(requestsOn: connections) {
      options.requests = requests.map(maker.share)
      options.rates = rates.map { $0 / Double(maker.count) }
    } else {
      options.requests = requests.map { _ in 0 }
      options.rates = []
    }
    options.seed &+= UInt64(number)
    // Each begins with another server, and comes from addresses that the others do not use.
    let first = number % targets.count
    options.targets = Array(targets[first...] + targets[..<first])
    options.sourceOffset = number * max(1, options.allSources.count)
    return options
  }
}
