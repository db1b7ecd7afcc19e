// swift-tools-version: 6.2
import PackageDescription

// A package of your own. `traits: []` leaves out the command and the laboratory, so that nothing is resolved
// but the library.
let package = Package(
  name: "shout",
  dependencies: [.package(name: "switchboard", path: "../..", traits: [])],
  targets: [
    .executableTarget(
      name: "shout", dependencies: [.product(name: "Switchboard", package: "switchboard")]),
    .testTarget(
      name: "shoutTests",
      dependencies: ["shout", .product(name: "SwitchboardTesting", package: "switchboard")]),
  ],
  swiftLanguageModes: [.v6]
)
