import Foundation
import Support
import Testing

@testable import Transformer

private let shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 19)

private func withPath(_ body: (String) throws -> Void) throws {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  try body(path)
}

@Test func modelsComeBackWithTheirMetadata() throws {
  try withPath { path in
    let model = Model(shape: shape, seed: 2)
    try model.save(to: path, metadata: ["tokenizer": "Bytes", "sha256": "no digest of ours"])
    let (loaded, metadata) = try Model.load(from: path)
    #expect(loaded.shape == shape && loaded.parameters.values.elementsEqual(model.parameters.values))
    #expect(metadata["tokenizer"] == "Bytes" && metadata["dim"] == "32" && metadata["sha256"] == nil)
    #expect(throws: FileError.self) { try Model.load(from: path + "/missing") }
  }
}

/// Every bit of the file counts: of lengths, names, numbers and weights. Only padding may differ.
@Test func oneChangedBitIsRefused() throws {
  try withPath { path in
    try Model(shape: shape, seed: 2).save(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    var generator = SeededGenerator(seed: 1)
    for trial in 0..<300 {
      var data = whole
      let place = trial < 100 ? generator.below(1500) : generator.below(whole.count)
      if data[place] == 0x20 { continue }  // a space after the JSON
      data[place] ^= 1 << UInt8(generator.below(7))
      try data.write(to: URL(fileURLWithPath: path))
      #expect(throws: TransformerError.self, "byte \(place)") {
        let file = try SafeTensors(path: path)
        if !file.isSealed { throw TransformerError.damagedFile(path, reason: "the digest's own name was hit") }
        _ = try Model.load(from: path)
      }
    }
  }
}

/// A small file that claims a model of up to 2^96 weights is refused before anything of that size is made.
@Test(arguments: ["dim", "heads", "layers", "headSize", "mlp", "vocabulary"])
func absurdShapesAreRefused(key: String) throws {
  try withPath { path in
    let names = ["dim", "heads", "layers", "headSize", "mlp", "vocabulary"]
    for others in ["16", "16777200"] {
      var metadata = Dictionary(uniqueKeysWithValues: names.map { ($0, others) })
      metadata[key] = "16777200"
      try SafeTensors.write(to: path, metadata: metadata, tensors: [])
      #expect(throws: TransformerError.self) { try Model.load(from: path) }
    }
  }
}
