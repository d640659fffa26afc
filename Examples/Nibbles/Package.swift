// swift-tools-version: 6.0
import PackageDescription

// Another package, with its own `harness` that knows one tokenizer more. Replace the path by
// .package(url: "https://…/tokenizer-harness", from: "…") in a package of yours.
let package = Package(
  name: "nibbles",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "tokenizer-harness", path: "../..")],
  targets: [
    .target(name: "Nibbles", dependencies: [.product(name: "Tokenizers", package: "tokenizer-harness")]),
    .executableTarget(
      name: "my-harness",
      dependencies: ["Nibbles", .product(name: "HarnessCLI", package: "tokenizer-harness")]),
  ],
  swiftLanguageModes: [.v6]
)
