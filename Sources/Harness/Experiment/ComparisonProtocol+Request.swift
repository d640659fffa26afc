import Foundation
import Records
import Support
import Transformer

extension ComparisonProtocol {
  /// What a cell must share with every other cell of its table.
  /// - Parameters:
  ///   - heldOutSHA256: of the bytes that are scored.
  ///   - texts: SHA-256 of every further text's scored bytes.
  init(_ request: CellRequest, trainingSHA256: String, heldOutSHA256: String, texts: [String: String]) throws {
    var fields: [String: String] = [:]
    fields["corpus.training"] = trainingSHA256
    fields["corpus.heldOut"] = heldOutSHA256
    fields["corpus.exampleBytes"] = "\(request.corpus.exampleBytes)"
    fields["corpus.seed"] = "\(request.corpus.seed)"
    fields["match.by"] = request.match.by.rawValue
    fields["match.budget"] = "\(request.match.budget)"
    fields["match.flops"] = request.match.flops.rawValue
    // What another version of this program would compute otherwise.
    fields["versions"] = [
      Corpus.version, M1Stage.version, M1Stage.scoreVersion, TokenizerStage.version, HeldOutTokens.version,
      TrainingTokens.version, ModelStage.version, ScoreStage.version, trainingVersion, inferenceVersion,
    ].map(String.init).joined(separator: ".")
    fields["sizes"] = String(sha256(try jsonEncoder(pretty: false).encode(ModelShape.sizeDefinitions)).prefix(8))
    for (key, value) in try request.m2.fields() { fields["m2.\(key)"] = value }
    if let tuned = request.tuning?.protocolText { fields["m2.learningRate"] = tuned }
    for (key, value) in request.m1Description { fields["m1.\(key)"] = value }
    for (name, sha256) in texts { fields["texts.\(name)"] = sha256 }
    self.init(fields: fields)
  }
}

extension TrainingOptions {
  /// Every option by name, as text: an option that is added is in here without being named.
  func fields() throws -> [String: String] {
    guard case .object(let values) = try JSONValue(encoding: self) else { return [:] }
    return values.mapValues { value in
      switch value {
      case .string(let text): text
      case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
      default: "\(value)"
      }
    }
  }
}
