// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "tokenizer-harness",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "harness", targets: ["harness-main"]),
    // For authors of tokenizers: the protocol with its conformance kit, and the command to build with a longer registry.
    .library(name: "Tokenizers", targets: ["Tokenizers"]),
    .library(name: "HarnessCLI", targets: ["HarnessCLI", "Plugins"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    // For `make docs` alone.
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.3"),
  ],
  targets: [
    // C: each imported by exactly one Swift target (and by tests, which look inside).
    .target(name: "CSystem"),
    .target(name: "CKernels", exclude: ["kernels"]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .target(name: "COneDNN", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
    .target(
      name: "CSentencePiece",
      linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),

    // From here on every arrow points up this list, none down.
    // Threads, files, hashes, zlib, units: what is general.
    .target(name: "Support", dependencies: ["CSystem", "CZlib", "CCrypto"]),
    // Pure functions on numbers.
    .target(name: "Metrics"),
    // What a tokenizer is: protocol, names, registry, byte models, conformance kit.
    .target(
      name: "Tokenizers",
      dependencies: ["Support", "Metrics", .product(name: "HeapModule", package: "swift-collections")]),
    // One folder a backend.
    .target(
      name: "Plugins",
      dependencies: [
        "Support", "Metrics", "Tokenizers", "CSentencePiece", "CPCRE2",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    // The one decoder-only transformer, M1 and M2.
    .target(
      name: "Transformer", dependencies: ["Support", "Tokenizers", "CKernels", "COpenBLAS", "COneDNN"],
      resources: [.embedInCode("Torch/torch_worker.py")]),
    // Content-addressed folders: claim, build, verify, remove.
    .target(name: "Store", dependencies: ["Support"]),
    // What a cell was and gave.
    .target(name: "Records", dependencies: ["Support"]),
    // Records → tables, figures, findings.
    .target(name: "Analysis", dependencies: ["Support", "Metrics", "Records"]),
    // Tables, figures, findings → Markdown, CSV, SVG.
    .target(name: "Rendering", dependencies: ["Support", "Analysis"]),
    // Corpus, experiment, plan, stages, runner. Names no backend.
    .target(
      name: "Harness",
      dependencies: [
        "Support", "Metrics", "Tokenizers", "Transformer", "Store", "Records", "Analysis", "Rendering", "Yams",
      ]),
    // Measurements of this machine, of this project's own tokenizers: only its lists of what is measured by default, and
    // the arithmetic coder's overhead, know of Plugins.
    .target(name: "Bench", dependencies: ["Support", "Tokenizers", "Plugins", "Transformer", "Harness"]),
    // Version and commit of this build. Nothing but the command depends on it, so that a commit rebuilds little.
    .target(name: "BuildStamp", plugins: ["StampCommit"]),
    .plugin(name: "StampCommit", capability: .buildTool()),
    // The command: argument parsing and printing only.
    .target(
      name: "HarnessCLI",
      dependencies: [
        "Support", "Metrics", "Tokenizers", "Plugins", "Transformer", "Store", "Records", "Analysis", "Rendering",
        "Harness", "Bench", "BuildStamp", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // A module and a product may not share a name; this target only calls HarnessCLI.
    .executableTarget(name: "harness-main", dependencies: ["HarnessCLI"]),

    // The guide's example, built here too so that it is tested with the rest.
    .target(name: "Nibbles", dependencies: ["Tokenizers"], path: "Examples/Nibbles/Sources/Nibbles"),
    .testTarget(name: "NibblesTests", dependencies: ["Nibbles", "Tokenizers"]),

    // What Fuzz/ gives to libFuzzer, built here too so that its corpus is replayed with the rest.
    .target(
      name: "FuzzTargets", dependencies: ["Tokenizers", "Transformer", "Harness", "Plugins"],
      path: "Fuzz/Sources/FuzzTargets"),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "Support", "Tokenizers"]),

    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "Support"]),
    .testTarget(
      name: "MetricsTests", dependencies: ["Metrics", "CKernels"],
      exclude: ["scipy_constants.py", "ladder_constants.py"]),
    // Hashes of what every kernel computes; Tests/arm64 compiles it too.
    .target(name: "KernelHashes", dependencies: ["CKernels"], path: "Tests/KernelHashes", exclude: ["hashes.txt"]),
    .testTarget(
      name: "TransformerTests", dependencies: ["Transformer", "Support", "Tokenizers", "CKernels", "KernelHashes"],
      resources: [.copy("Fixtures")]),
    .testTarget(
      name: "PluginsTests", dependencies: ["Plugins", "Support", "Tokenizers", "Transformer", "CZlib"],
      resources: [.copy("Golden")]),
    .testTarget(name: "RecordsTests", dependencies: ["Records", "Support"]),
    .testTarget(name: "StoreTests", dependencies: ["Store", "Support"]),
    .testTarget(
      name: "AnalysisTests", dependencies: ["Analysis", "Rendering", "Records", "Metrics", "Support"],
      exclude: ["Outside/markdown_elements.py", "Outside/tensorboard_events.py"]),
    .testTarget(name: "SupportTests", dependencies: ["Support"]),
    .testTarget(
      name: "HarnessTests",
      dependencies: ["Harness", "Analysis", "Store", "Support", "Tokenizers", "Transformer", "Plugins"]),
    .testTarget(
      name: "HarnessCLITests", dependencies: ["HarnessCLI", "Records", "Support", "Tokenizers", "harness-main"]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11,
  cxxLanguageStandard: .gnucxx17
)
