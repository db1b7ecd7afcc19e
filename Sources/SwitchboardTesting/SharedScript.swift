#if TestBench

import Switchboard

/// A conversation, and what the model has clients get in it: what each does, and when.
struct SharedScript {
  /// What somebody must get.
  struct Part {
    let client: Int
    let text: String
    /// What it is the answer to; nil for what is got because somebody came or went.
    let cause: Request?
  }

  private enum Move {
    case awaitOthers([SimulatedClient.Reached])
    case send(String)
    case expect(String)
    case finish
  }

  /// What clients must get, in the order of the conversation.
  private(set) var parts: [Part] = []
  /// Somebody whom the model answers, and who is not there.
  private(set) var stranger: Int?
  private var moves: [[Move]]
  private var predecessors: [[SimulatedClient.Reached]] = []
  /// How far each client that has connected has come.
  private var reached: [SimulatedClient.Reached] = []

  /// Asks the model.
  init(_ model: some SharedModel, clients: Int, _ requests: [Request]) {
    var model = model
    moves = Array(repeating: [], count: clients)
    for client in 1...clients {
      predecessors.append(reached)
      reached.append(SimulatedClient.Reached(client: client))
      expect(model.opened(client), nil)
    }
    for request in requests {
      let place = request.client - 1
      moves[place] += [.awaitOthers(reached), .send(request.text)]
      reached[place].taken += request.text.utf8.count
      expect(model.replies(to: request.text, from: request.client), request)
    }
    for client in 1...clients {
      moves[client - 1] += [.awaitOthers(reached), .finish]
      expect(model.closed(client), nil)
    }
  }

  private mutating func expect(_ replies: [Reply], _ cause: Request?) {
    for reply in replies where !reply.text.isEmpty {
      guard reached.indices.contains(reply.client - 1) else {
        stranger = reply.client
        continue
      }
      moves[reply.client - 1].append(.expect(reply.text))
      reached[reply.client - 1].received += reply.text.utf8.count
      parts.append(Part(client: reply.client, text: reply.text, cause: cause))
    }
  }

  /// Has the clients of a world do it.
  func describe(_ world: SimulatedWorld) {
    for (place, moves) in moves.enumerated() {
      world.client(place + 1) { client in
        client.connect(behind: predecessors[place])
        for move in moves {
          switch move {
          case .awaitOthers(let those): client.awaitOthers(those)
          case .send(let text): client.send(text)
          case .expect(let text): client.expect(text)
          case .finish: client.finish()
          }
        }
      }
    }
  }

  // --------------------------------------------------------------------------- telling

  /// What a client waits for and what came instead; nil where all have what they must get.
  ///
  /// - Parameter heard: What each client has received.
  func mistake(in heard: [Int: [UInt8]]) -> String? {
    var places: [Int: Int] = [:]
    var before: [Int: String] = [:]
    var missing: String?
    for part in parts {
      let rest = (heard[part.client] ?? []).dropFirst(places[part.client, default: 0])
      let wanted = Array(part.text.utf8)
      if !rest.starts(with: wanted) {
        let isCut = wanted.starts(with: rest)
        let told = words(part, behind: before[part.client], instead: Array(rest))
        if !isCut { return told }
        missing = missing ?? told
        places[part.client] = .max
        continue
      }
      places[part.client, default: 0] += wanted.count
      before[part.client] = part.text
    }
    // What is missing may only be on its way.
    return surplus(in: heard, before) ?? missing
  }

  private func words(_ part: Part, behind before: String?, instead came: [UInt8]) -> String {
    let cause = part.cause.map { cause in
      let who = cause.client == part.client ? "it" : "client \(cause.client)"
      return " (\(who) sent \(quoted(cause.text.utf8)))"
    }
    return "client \(part.client) waits for \(quoted(part.text.utf8))\(cause ?? "")"
      + (before.map { " after \(quoted($0.utf8))" } ?? "")
      + (came.isEmpty ? "; nothing came" : "; instead came \(quoted(came))")
  }

  private func surplus(in heard: [Int: [UInt8]], _ before: [Int: String]) -> String? {
    for client in 1...moves.count {
      let wanted = parts.reduce(0) { $0 + ($1.client == client ? $1.text.utf8.count : 0) }
      let rest = (heard[client] ?? []).dropFirst(wanted)
      guard !rest.isEmpty else { continue }
      return "client \(client) waits for nothing more"
        + (before[client].map { " after \(quoted($0.utf8))" } ?? "")
        + "; there came \(quoted(rest))"
    }
    return nil
  }
}

#endif
