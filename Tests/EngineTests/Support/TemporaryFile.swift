import Foundation

/// A file that is gone with its owner.
final class TemporaryFile: Sendable {
  let path = FileManager.default.temporaryDirectory.path + "/file-\(UUID())"

  init(_ bytes: [UInt8]) {
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
      fatalError("cannot write \(path)")
    }
  }

  /// A file of so many zero bytes, which take no room.
  convenience init(sparse count: Int) {
    self.init([])
    resize(to: count)
  }

  deinit { unlink(path) }

  /// How many descriptors of this process are of this file.
  var descriptors: Int {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
    return all.count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
  }

  func resize(to count: Int) { precondition(truncate(path, count) == 0) }
}
