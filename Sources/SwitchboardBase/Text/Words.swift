extension String {
  /// A name as sources write it, as words: `staleEvent` is `stale event`.
  package var inWords: String {
    reduce(into: "") { words, character in
      if character.isUppercase, !words.isEmpty { words += " " }
      words += character.lowercased()
    }
  }
}

/// What is near to a word that somebody mistyped.
package enum Spellings {
  /// Of these words the one that was probably meant: at most a third of its letters are wrong. Nil where
  /// there is none.
  package static func nearest(to word: String, of words: [String]) -> String? {
    let word = Array(word.lowercased())
    let near = words.map { (word: $0, distance: distance(word, Array($0))) }
      .filter { $0.distance <= max(1, $0.word.count / 3) }
    return near.min { $0.distance < $1.distance }?.word
  }

  /// How many letters have to be put in, left out, changed or swapped with their neighbours.
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var rows = [Array(0...b.count)]
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var least = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
          least = min(least, rows[i - 1][j - 1] + 1)
        }
        row.append(least)
      }
      rows.append(row)
    }
    return rows[a.count][b.count]
  }
}
