// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "tokenizer-harness",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "harness", targets: ["harness-main"]),
    .library(name: "Tokenizers", targets: ["Tokenizers"]),
    .library(name: "HarnessCLI", targets: ["HarnessCLI", "Plugins"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // C: each imported by exactly one Swift target.
    .target(name: "CKernels", exclude: ["kernels.inc"]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dnnl", .when(platforms: [.linux]))]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(
      name: "CSentencePiece",
      linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),

    // What a tokenizer is. Depends on nothing.
    .target(name: "Tokenizers"),
    // Pure functions on counts and losses.
    .target(name: "Metrics", dependencies: ["Tokenizers"]),
    // The one decoder-only transformer, M1 and M2.
    .target(name: "Transformer", dependencies: ["Tokenizers", "Metrics", "CKernels", "COpenBLAS", "COneDNN"]),
    // One folder a backend.
    .target(name: "Plugins", dependencies: ["Tokenizers", "Transformer", "CSentencePiece", "CZlib"]),
    // Corpus, experiment, runner, records, report.
    .target(
      name: "Harness",
      dependencies: [
        "Tokenizers", "Metrics", "Transformer", "Plugins", "Yams",
        .product(name: "Crypto", package: "swift-crypto"),
      ]),
    // The command: argument parsing and printing only.
    .target(
      name: "HarnessCLI",
      dependencies: ["Harness", .product(name: "ArgumentParser", package: "swift-argument-parser")]),
    .executableTarget(name: "harness-main", dependencies: ["HarnessCLI"]),

    // The guide's example, built here too so that it is tested with the rest.
    .target(name: "Nibbles", dependencies: ["Tokenizers"], path: "Examples/Nibbles/Sources/Nibbles"),
    .testTarget(name: "NibblesTests", dependencies: ["Nibbles", "Harness", "Plugins"]),

    // What Fuzz/ gives to libFuzzer, built here too so that its corpus is replayed with the rest.
    .target(name: "FuzzTargets", dependencies: ["Harness", "Plugins"], path: "Fuzz/Sources/FuzzTargets"),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"]),

    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers"]),
    .testTarget(name: "MetricsTests", dependencies: ["Metrics"]),
    .testTarget(name: "TransformerTests", dependencies: ["Transformer", "CKernels"], resources: [.copy("Fixtures")]),
    .testTarget(
      name: "PluginsTests", dependencies: ["Plugins", "Harness", "Metrics", "CZlib"], resources: [.copy("Golden")]),
    .testTarget(name: "HarnessTests", dependencies: ["Harness", "Plugins"]),
    .testTarget(name: "HarnessCLITests", dependencies: ["HarnessCLI", "harness-main"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11,
  cxxLanguageStandard: .gnucxx17
)
