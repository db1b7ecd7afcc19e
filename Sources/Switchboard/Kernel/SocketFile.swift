/// The file of a listening Unix-domain socket: removed when the last listener on it is closed, if it is still
/// the same.
final class SocketFile: Sendable {
  private let address: SocketAddress
  private let inode: Int
  private let system: any Kernel

  private init(_ address: SocketAddress, _ inode: Int, _ system: some Kernel) {
    (self.address, self.inode, self.system) = (address, inode, system)
  }

  deinit {
    if system.socketFile(at: address) == .value(inode) { _ = system.removeFile(at: address) }
  }

  /// Binds a socket to a Unix-domain address. A file that a server has left behind is replaced; one that
  /// somebody listens on is not, nor anything that is no socket.
  ///
  /// - Returns: the file; nil for an abstract name, which has none.
  static func bind<System: Kernel>(
    _ socket: borrowing Socket<System>, to address: SocketAddress, mode: UInt32?
  ) throws(SystemError) -> SocketFile? {
    let (system, descriptor) = (socket.system, socket.descriptor)
    let operand = SystemError.Operand.address(address)
    guard address.path != nil else {
      try system.must(.bind, on: operand) { system.bind(descriptor, to: address) }
      return nil
    }
    // The file is made with these rights at most; afterwards it gets those that the umask took away.
    if let mode {
      try system.must(.setMode, on: operand) { system.setMode(mode, on: descriptor) }
    }
    let bound = system.bind(descriptor, to: address)
    if bound.errno == .addressInUse {
      try replaceStale(address, descriptor, system)
    } else if let errno = bound.errno {
      throw SystemError(.bind, errno, on: operand)
    }
    let inode = system.socketFile(at: address)
    let file = inode.isSuccess ? SocketFile(address, inode.value, system) : nil
    if let mode { try system.must(.setMode, on: operand) { system.setMode(mode, at: address) } }
    return file
  }

  /// Binds where there is a file already, unless somebody listens on it. Two servers that begin at the same
  /// moment do that one after the other.
  private static func replaceStale<System: Kernel>(
    _ address: SocketAddress, _ descriptor: Descriptor, _ system: System
  ) throws(SystemError) {
    let operand = SystemError.Operand.address(address)
    let lock = system.lockDirectory(of: address)
    // A directory that may not be read cannot be locked, and is used all the same.
    if lock.errno == .wouldBlock { throw SystemError(.lockDirectory, .wouldBlock, on: operand) }
    defer { if lock.isSuccess { _ = system.close(lock.descriptor) } }
    try system.must(.fileStatus, on: operand) { system.socketFile(at: address) }
    let asking = try system.must(.socket, on: operand) { system.socket(.unix) }.descriptor
    let answer = system.retryingInterrupts { system.connect(asking, to: address) }
    _ = system.close(asking)
    guard answer.errno == .connectionRefused else {
      throw SystemError(.bind, .addressInUse, on: operand)
    }
    try system.must(.removeFile, on: operand) { system.removeFile(at: address) }
    try system.must(.bind, on: operand) { system.bind(descriptor, to: address) }
  }
}
