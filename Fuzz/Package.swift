// swift-tools-version: 6.0
import PackageDescription

// libFuzzer over the decoders; 'make fuzz' builds and runs it. Linux, with the toolchain's own fuzzer library.
let package = Package(
  name: "fuzz",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tokenizer-harness", path: "..")],
  targets: [
    .target(name: "FuzzTargets", dependencies: [.product(name: "HarnessCLI", package: "tokenizer-harness")]),
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzTargets"],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]),
  ],
  swiftLanguageModes: [.v6]
)
