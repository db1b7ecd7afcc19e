internal import CKernel

// Documented where the protocol declares them.
extension Linux {
  /// The longest name that `sockaddr_un` has room for.
  private static var longestName: Int { 108 }

  func bindUnix(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    unsafe address.name.withUnsafeBufferPointer { name in
      unsafe Outcome(raw: ck_bind_unix(descriptor.rawValue, name.baseAddress, name.count))
    }
  }

  func connectUnix(_ descriptor: Descriptor, to address: SocketAddress) -> Outcome {
    unsafe address.name.withUnsafeBufferPointer { name in
      unsafe Outcome(raw: ck_connect_unix(descriptor.rawValue, name.baseAddress, name.count))
    }
  }

  /// A Unix-domain socket's address with its name, which the numbers of others do not hold.
  func named(_ address: SocketAddress, _ descriptor: Descriptor, isPeer: Bool) -> SocketAddress {
    guard address.family == .unix else { return address }
    let name = unsafe [UInt8](unsafeUninitializedCapacity: Linux.longestName) { buffer, count in
      let length = unsafe ck_unix_name(
        descriptor.rawValue, isPeer ? 1 : 0, buffer.baseAddress, buffer.count)
      count = max(0, length)
    }
    return SocketAddress(unixName: name)
  }

  public func socketFile(at address: SocketAddress) -> Outcome {
    guard let path = address.path else { return .failure(.noEntry) }
    return unsafe Outcome(raw: ck_socket_file(path))
  }
  public func removeFile(at address: SocketAddress) -> Outcome {
    guard let path = address.path else { return .failure(.noEntry) }
    return unsafe Outcome(raw: ck_unlink(path))
  }
  public func setMode(_ mode: UInt32, at address: SocketAddress) -> Outcome {
    guard let path = address.path else { return .failure(.noEntry) }
    return unsafe Outcome(raw: ck_chmod(path, mode))
  }
  public func setMode(_ mode: UInt32, on descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_fchmod(descriptor.rawValue, mode))
  }
  public func lockDirectory(of address: SocketAddress) -> Outcome {
    guard let path = address.path else { return .failure(.noEntry) }
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = end.map { String(path[...$0]) } ?? "."
    return unsafe Outcome(raw: ck_lock_directory(directory))
  }
  public func duplicate(_ descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_duplicate(descriptor.rawValue))
  }
  public func setNonBlocking(_ descriptor: Descriptor) -> Outcome {
    Outcome(raw: ck_set_non_blocking(descriptor.rawValue))
  }
  public func peerCredentials(_ descriptor: Descriptor, into credentials: inout PeerCredentials)
    -> Outcome
  {
    var raw = ck_credentials()
    let outcome = unsafe Outcome(raw: ck_peer_credentials(descriptor.rawValue, &raw))
    if outcome.isSuccess {
      credentials = PeerCredentials(process: raw.process, user: raw.user, group: raw.group)
    }
    return outcome
  }
}
