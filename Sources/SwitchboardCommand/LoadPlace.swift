import SwitchboardBase

/// What `--out` of a load names: by its name alone, but for a folder that is there.
enum LoadPlace: Hashable {
  /// A result, as JSON.
  case file(String)
  /// A page.
  case page(String)
  /// A folder for both.
  case folder(String)

  init(_ path: String) {
    let isFolder = path.hasSuffix("/") || FileCalls.status(path)?.isFolder == true
    let isPage = [".html", ".htm"].contains { path.lowercased().hasSuffix($0) }
    self = isFolder ? .folder(path) : isPage ? .page(path) : .file(path)
  }
}
