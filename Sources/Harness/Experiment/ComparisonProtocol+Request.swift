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
    if let account = request.match.m1 { fields["match.m1"] = account.rawValue }
    // What another version of this program would compute otherwise.
    let versions = [
      Corpus.version, M1Stage.version, M1Stage.scoreVersion, TokenizerStage.version, HeldOutTokens.version,
      TrainingTokens.version, ModelStage.version, ScoreStage.version, request.m2.trainingVersion,
      inferenceVersion,
    ]
    let search = request.tuning == nil ? [] : [TuningStage.version]
    fields["versions"] = (versions + search).map(String.init).joined(separator: ".")
    fields["sizes"] = String(sha256(try jsonEncoder(pretty: false).encode(ModelShape.sizeDefinitions)).prefix(8))
    for (key, value) in try request.m2.fields() { fields["m2.\(key)"] = value }
    if let bytes = request.contextBytes {  // of each tokenizer as many tokens as it takes
      fields["m2.sequenceLength"] = nil
      fields["m2.batch"] = nil
      fields["m2.context"] = "\(bytes) bytes"
      fields["m2.tokensPerStep"] = "\(request.m2.tokensPerStep)"
    }
    if let tuning = request.tuning { fields.merge(tuning.protocolFields) { $1 } }
    for (key, value) in request.m1Description { fields["m1.\(key)"] = value }
    if let lossy = request.evaluation.lossy { fields["evaluation.lossy"] = lossy.rawValue }
    for (name, sha256) in texts { fields["texts.\(name)"] = sha256 }
    self.init(fields: fields)
  }
}

extension ComparisonProtocol {
  /// What a request says of its protocol without any text being read: equal for requests of equal protocols.
  init(outline request: CellRequest) throws {
    try self.init(
      request, trainingSHA256: "", heldOutSHA256: "\(request.evaluation.bytes) bytes",
      texts: request.evaluation.texts.mapValues { $0.joined(separator: "\n") })
  }

  /// The protocol of a request, told from a record of the same experiment: the record's, with those fields changed in
  /// which the two requests differ. nil where they differ in the texts themselves.
  init?(_ request: CellRequest, like record: RunRecord) throws {
    let made = try record.request.decoded(as: CellRequest.self)
    let wanted = try ComparisonProtocol(outline: request), known = try ComparisonProtocol(outline: made)
    let differences = wanted.differences(from: known)
    guard request.corpus == made.corpus,
      !differences.contains(where: { $0.field == "corpus.heldOut" || $0.field.hasPrefix("texts.") })
    else { return nil }
    var result = record.protocol.fields
    for difference in differences { result[difference.field] = difference.this }
    self.init(fields: result)
  }
}

extension TrainingOptions {
  /// Every option by name, as text: an option that is added is in here without being named.
  func fields() throws -> [String: String] {
    guard case .object(var values) = try JSONValue(encoding: self) else { return [:] }
    // Results depend on neither how many processes share a batch nor, with PyTorch, on shards.
    if let torch {
      values["torch"] = nil
      values["shards"] = nil
      values["trainer"] = .string("torch \(TorchBackend.version)")
      values["microBatch"] = .number(Double(torch.microBatch))
    }
    return values.mapValues { value in
      switch value {
      case .string(let text): text
      case .number(let number): Int(exactly: number).map { "\($0)" } ?? "\(number)"
      default: "\(value)"
      }
    }
  }
}
