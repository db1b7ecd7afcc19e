// swift-tools-version: 6.2
import PackageDescription

// What tests SwitchboardTLS: a package of its own, since it needs OpenSSL's headers (libssl-dev), and its program
// (openssl) to make certificates.
//
//     swift test --package-path Tests/TLS
let package = Package(
  name: "tls-tests",
  dependencies: [.package(name: "switchboard", path: "../..", traits: ["TLS", "TestBench"])],
  targets: [
    .testTarget(
      name: "TLSTests",
      dependencies: [
        .product(name: "Switchboard", package: "switchboard"),
        .product(name: "SwitchboardTLS", package: "switchboard"),
        .product(name: "SwitchboardTesting", package: "switchboard"),
      ],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6]
)
