// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours: warnings are errors, and what is memory-unsafe says so with `unsafe`.
let strict: [SwiftSetting] = [.strictMemorySafety(), .treatAllWarnings(as: .error)]
/// Tools, tests and examples: warnings are errors.
let plain: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
  name: "switchboard",
  products: [
    .library(name: "Switchboard", targets: ["Switchboard"]),
    .library(name: "SwitchboardProtocols", targets: ["SwitchboardProtocols"]),
    .library(name: "SwitchboardTesting", targets: ["SwitchboardTesting"]),
    .library(name: "SwitchboardTLS", targets: ["SwitchboardTLS"]),
    .executable(name: "switchboard", targets: ["SwitchboardCommand"]),
    .executable(name: "demo", targets: ["demo"]),
    .executable(name: "select-server", targets: ["select-server"]),
    .executable(name: "poll-server", targets: ["poll-server"]),
    .executable(name: "epoll-server", targets: ["epoll-server"]),
    .executable(name: "simple-client", targets: ["simple-client"]),
    .executable(name: "echo-server", targets: ["echo-server"]),
    .executable(name: "chat-server", targets: ["chat-server"]),
    .executable(name: "key-value-server", targets: ["key-value-server"]),
    .executable(name: "file-server", targets: ["file-server"]),
  ],
  traits: [
    .trait(
      name: "Command",
      description: "The command and the laboratory. The library needs no other package: "
        + "whoever depends on it says 'traits: []'.",
      enabledTraits: ["TestBench"]),
    .trait(
      name: "TestBench",
      description: "Kernels that are simulated, fail on purpose or count. A server needs none."),
    .trait(
      name: "TLS",
      description: "SwitchboardTLS, for which OpenSSL's headers have to be there (libssl-dev)."),
    .default(enabledTraits: ["Command"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
  ],
  targets: [
    .target(name: "CKernel"),
    .target(name: "CProcess"),
    .target(name: "Switchboard", dependencies: ["CKernel"], swiftSettings: strict),
    .target(name: "SwitchboardProtocols", swiftSettings: strict),
    // OpenSSL, and what speaks TLS by it: empty without the trait.
    .systemLibrary(name: "COpenSSL"),
    .target(
      name: "SwitchboardTLS",
      dependencies: [
        "Switchboard", .target(name: "COpenSSL", condition: .when(traits: ["TLS"])),
      ],
      swiftSettings: strict),
    // What anybody may test a protocol with.
    .target(name: "SwitchboardTesting", dependencies: ["Switchboard"], swiftSettings: strict),
    // What a program here writes to: terminals, files, logs; and the machine it runs on.
    .target(
      name: "SwitchboardBase", dependencies: ["Switchboard", "CProcess"], swiftSettings: strict),
    // The article's servers and client, and sessions beside them: what the examples are made of.
    .target(
      name: "SwitchboardArticle",
      dependencies: ["Switchboard", "SwitchboardProtocols", "SwitchboardBase"],
      swiftSettings: strict),
    .target(
      name: "SwitchboardTimeline",
      dependencies: ["Switchboard", "SwitchboardBase", "SwitchboardArticle"],
      swiftSettings: strict),
    .target(
      name: "SwitchboardLoad",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
      ],
      swiftSettings: strict),
    .target(
      name: "SwitchboardReport",
      dependencies: ["Switchboard", "SwitchboardBase", "SwitchboardLoad"],
      swiftSettings: strict),
    .target(
      name: "SwitchboardLab",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
        "SwitchboardTimeline", "SwitchboardLoad", "SwitchboardReport",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "SwitchboardCommand",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
        "SwitchboardTimeline", "SwitchboardLoad", "SwitchboardReport", "SwitchboardLab", "ChatRoom",
        "SwitchboardTLS",
        .command("ArgumentParser", package: "swift-argument-parser"),
        .command("Logging", package: "swift-log"),
      ], swiftSettings: plain),
    .example("demo", dependencies: ["SwitchboardTimeline"]),
    .example("select-server"),
    .example("poll-server"),
    .example("epoll-server"),
    .example("simple-client"),
    .example("echo-server"),
    .example(
      "chat-server", except: ["Room.swift", "ChatSession.swift"], dependencies: ["ChatRoom"]),
    // The chat's session, for the command and the tests too.
    .target(
      name: "ChatRoom", dependencies: ["Switchboard", "SwitchboardProtocols"],
      path: "Examples/chat-server", exclude: ["main.swift"],
      swiftSettings: strict),
    .example("key-value-server", except: ["KeyValueStore"], dependencies: ["KeyValueStore"]),
    // What it does with commands, for the tests too.
    .target(
      name: "KeyValueStore", dependencies: ["Switchboard", "SwitchboardProtocols"],
      path: "Examples/key-value-server/KeyValueStore", swiftSettings: strict),
    .example(
      "file-server", except: ["FileServerSession.swift"], dependencies: ["FileServing"]),
    // What it answers, for the tests too.
    .target(
      name: "FileServing", dependencies: ["Switchboard"], path: "Examples/file-server",
      exclude: ["main.swift"], swiftSettings: strict),
    .target(
      name: "TestSupport", dependencies: ["Switchboard", "SwitchboardTesting"],
      path: "Tests/TestSupport",
      swiftSettings: plain),
    .testTarget(
      name: "ProtocolsTests", dependencies: ["SwitchboardProtocols"], swiftSettings: plain),
    .testTarget(
      name: "UnitTests", dependencies: ["Switchboard", "TestSupport"], swiftSettings: plain),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["Switchboard", "SwitchboardProtocols", "SwitchboardArticle", "TestSupport"],
      swiftSettings: plain),
    // What needs a process of its own, and the filter that takes io_uring from it.
    .target(name: "SystemCallFilter", path: "Tests/SystemCallFilter"),
    .executableTarget(
      name: "EngineHelper",
      dependencies: ["Switchboard", "SwitchboardArticle", "SystemCallFilter"],
      path: "Tests/EngineHelper", swiftSettings: plain),
    // Tells the engine's tests where a call comes from.
    .target(name: "CallStack", path: "Tests/CallStack"),
    .testTarget(
      name: "EngineTests",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardBase", "SwitchboardArticle",
        "SwitchboardLab", "EngineHelper", "TestSupport", "CallStack",
      ],
      swiftSettings: plain),
    .testTarget(
      name: "SessionTests",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardArticle", "ChatRoom", "KeyValueStore",
        "FileServing", "SwitchboardTesting", "TestSupport",
      ],
      swiftSettings: plain),
    .testTarget(
      name: "SimulationTests", dependencies: ["Switchboard", "SwitchboardLab", "TestSupport"],
      swiftSettings: plain),
    .testTarget(
      name: "ReportTests",
      dependencies: [
        "Switchboard", "SwitchboardBase", "SwitchboardTimeline", "SwitchboardLoad",
        "SwitchboardReport", "SwitchboardLab", "TestSupport",
      ],
      swiftSettings: plain),
    .testTarget(
      name: "LoadTests",
      dependencies: [
        "Switchboard", "SwitchboardBase", "SwitchboardArticle", "SwitchboardLoad",
        "SwitchboardCommand", "TestSupport",
      ],
      swiftSettings: plain),
    .testTarget(
      name: "DocumentationTests",
      dependencies: [
        "Switchboard", "SwitchboardProtocols", "SwitchboardArticle", "SwitchboardTesting",
        "TestSupport",
      ],
      swiftSettings: plain),
    .testTarget(
      name: "CommandTests",
      dependencies: [
        "SwitchboardCommand", "SwitchboardBase", "SwitchboardArticle", "SwitchboardTimeline",
        "SwitchboardLab", "TestSupport", "demo", "select-server", "poll-server", "epoll-server",
        "simple-client", "echo-server", "chat-server", "key-value-server", "file-server",
      ],
      swiftSettings: plain),
  ],
  swiftLanguageModes: [.v6]
)

extension Target {
  /// A program under `Examples/`: one short file.
  static func example(
    _ name: String, except excluded: [String] = [], dependencies: [Dependency] = []
  ) -> Target {
    .executableTarget(
      name: name, dependencies: ["Switchboard", "SwitchboardArticle"] + dependencies,
      path: "Examples/\(name)", exclude: excluded, swiftSettings: plain)
  }
}

extension Target.Dependency {
  /// What the command and the laboratory alone need.
  static func command(_ name: String, package: String) -> Target.Dependency {
    .product(name: name, package: package, condition: .when(traits: ["Command"]))
  }
}
