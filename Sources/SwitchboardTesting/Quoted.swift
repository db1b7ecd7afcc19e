/// Bytes as a message shows them: text in quotes, with `\n` and its like, or numbers where it is no text.
package func quoted(_ bytes: some Collection<UInt8>) -> String {
  let shown = bytes.count > mostShown ? Array(bytes.prefix(mostShown)) : Array(bytes)
  let rest = bytes.count > mostShown ? "… (\(bytes.count) bytes)" : ""
  guard let text = String(validating: shown, as: UTF8.self), !text.contains("\0") else {
    return "\(shown)" + rest
  }
  return "'" + text.unicodeScalars.map { $0 == "'" ? "'" : $0.escaped(asASCII: false) }.joined()
    + "'" + rest
}

/// How many bytes of a message are shown.
private let mostShown = 120
