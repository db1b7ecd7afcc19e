// swift-tools-version:6.0
import PackageDescription

// A package of its own, so that the product's manifest never names a peer. The version is exact:
// figures from two machines are then about the same code.
let package = Package(
  name: "nio-peer",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")
  ],
  targets: [
    .executableTarget(
      name: "nio-peer",
      dependencies: [
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      path: "Sources/NIOPeer"
    )
  ]
)
