internal import CKernel

// What names are resolved with.
extension Linux {
  /// What `getaddrinfo(3)` answered.
  enum NameAnswer {
    /// What it found, in its order.
    case addresses([SocketAddress])
    /// An error of its own, as <netdb.h> has them.
    case failure(Int32)
    /// A system call that it made failed.
    case failedCall(Errno)
  }

  /// How many addresses of a name are looked at.
  static var mostAddressesOfName: Int { 16 }

  /// `getaddrinfo(3)`: waits for files and name servers, for tens of seconds where none answers, unless it is to
  /// read numbers alone.
  ///
  /// - Parameters:
  ///   - name: Not empty, without a zero byte.
  ///   - family: Nil for both.
  ///   - onlyNumbers: Whether it is an address or nothing.
  ///   - port: What all of them get.
  func addresses(
    of name: String, _ family: SocketAddress.Family? = nil, onlyNumbers: Bool = false, port: UInt16
  ) -> NameAnswer {
    let room = Linux.mostAddressesOfName
    var found = [ck_address](repeating: ck_address(), count: room)
    let asked = family.map { $0 == .v4 ? AF_INET : AF_INET6 } ?? AF_UNSPEC
    let flags = onlyNumbers ? AI_NUMERICHOST : 0
    let answer = unsafe ck_resolve(name, asked, flags, port, &found, Int32(room))
    if answer >= 0 { return .addresses(found.prefix(answer).compactMap(SocketAddress.init)) }
    let errno = Int(CK_RESOLVE_ERRNO) - answer
    return errno >= 0
      ? .failedCall(Errno(rawValue: Int32(truncatingIfNeeded: errno)))
      : .failure(Int32(truncatingIfNeeded: answer))
  }
}
