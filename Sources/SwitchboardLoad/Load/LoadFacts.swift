extension LoadResult {
  /// How it was measured, each fact with its name: the server first, then how it was asked, then by what and where.
  package var facts: [(name: String, value: String)] {
    var facts = [
      ("server", setup["target"] ?? "unknown"), ("protocol", setup["protocol"] ?? "unknown"),
      ("connections", setup["connections"] ?? "unknown"),
      ("rate", setup["rate"].map { "\($0) requests/s" } ?? "closed loop"),
      ("backend", setup["backend"] ?? "epoll"),
    ]
    let told = Set(facts.map(\.0)).union(["target"])
    facts += setup.filter { !told.contains($0.key) }.sorted { $0.key < $1.key }
      .map { ($0.key, $0.value) }
    if replicates.count > 1 { facts.append(("runs", "\(replicates.count)")) }
    return facts.map { (name: $0.0, value: $0.1) } + whereabouts
  }

  /// The machines that measured it, and what they ran.
  private var whereabouts: [(name: String, value: String)] {
    let named: [(String, (LoadOrigin) -> String)] = [
      ("measured", \.time), ("host", \.host), ("machine", \.machine), ("processors", \.processors),
      ("version", \.version), ("build", \.build), ("command", \.command),
    ]
    return named.compactMap { name, value in
      let values = origins.map(value).reduce(into: [String]()) { known, value in
        if !known.contains(value) { known.append(value) }
      }
      return values.isEmpty ? nil : (name, values.joined(separator: "; "))
    }
  }
}
