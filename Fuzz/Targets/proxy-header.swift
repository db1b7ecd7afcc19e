import Switchboard

/// A header of the PROXY protocol and whatever follows: however it is cut, the end is the same; what is read is
/// written again as a header that says the same.
func check(_ input: Input) {
  var input = input
  let all = ProxyHeader.Versions.allCases
  let versions = all[(input.next() ?? 0) % all.count]
  let bytes = input.bytes
  let whole = ProxyHeader.read(bytes.span, versions)
  checkParts(bytes, versions, whole, at: cuts(of: bytes, whole, &input))
  guard case .whole(let header, let count) = whole else { return }
  expect(count <= min(bytes.count, ProxyHeader.longest), "\(count) bytes of \(bytes.count)")
  expect((header.source == nil) == (header.destination == nil), "one end alone")
  look(at: header)
  rewrite(header)
}

/// Where it is cut: at some places that the input chooses, and about the header's end. The unit tests cut at all.
private func cuts(
  of bytes: [UInt8], _ whole: ProxyHeaderReading, _ input: inout Input
) -> [Int] {
  var cuts = [bytes.count - 1]
  if case .whole(_, let count) = whole { cuts += [count - 1, count] }
  for _ in 0..<4 {
    guard let high = input.next(), let low = input.next() else { break }
    cuts.append((high << 8 | low) % (bytes.count + 1))
  }
  return cuts.filter { bytes.indices.contains($0) }
}

/// What comes sooner is the same, or not there yet.
private func checkParts(
  _ bytes: [UInt8], _ versions: ProxyHeader.Versions, _ whole: ProxyHeaderReading, at cuts: [Int]
) {
  for cut in cuts {
    let part = ProxyHeader.read(Array(bytes.prefix(cut)).span, versions)
    switch (part, whole) {
    case (.incomplete, _): break
    case (.whole(_, let count), _): expect(part == whole && count <= cut, "\(part), not \(whole)")
    case (.wrong, _): expect(part == whole, "\(part), not \(whole)")
    }
  }
}

/// Everything that can be asked for.
private func look(at header: ProxyHeader) {
  _ = (header.alpn, header.authority, header.uniqueID, header.networkNamespace)
  if let tls = header.tls { _ = (tls.isVerified, tls.version, tls.commonName, tls.cipher) }
  expect(header.uniqueID?.count ?? 0 <= ProxyHeader.longestIdentifier, "a long identifier")
}

private func rewrite(_ header: ProxyHeader) {
  for isSummed in [false, true] {
    guard let bytes = try? header.encoded(checksum: isSummed) else { continue }
    guard case .whole(let again, let count) = ProxyHeader.read(bytes.span) else {
      expect(false, "what was written is no header: \(bytes)")
      return
    }
    expect(count == bytes.count, "\(count) of \(bytes.count) bytes")
    expect(again.source == header.source, "\(header) became \(again)")
    expect(again.destination == header.destination, "\(header) became \(again)")
  }
}
