import Foundation
import Metrics

/// What one cell was and gave. docs/records.md documents the fields; `schema` changes whenever a meaning does.
public struct RunRecord: Codable, Sendable {
  public static let schema = 1

  public struct Budget: Codable, Sendable {
    public var by: String
    public var budget: Double
    public var convention: String
  }
  public struct Model: Codable, Sendable {
    public var dim, heads, layers, headSize, mlp: Int
    /// Weights outside and inside the embedding.
    public var nonEmbeddingParameters: Int
    public var embeddingParameters: Int
  }
  /// FLOPs; `all` counts the head and attention, `nonEmbedding` is the paper's convention.
  public struct FLOPs: Codable, Sendable {
    public var trainingAll: Double
    public var trainingNonEmbedding: Double
    public var perTokenAll: Double
    public var perTokenNonEmbedding: Double
    /// M2's inference FLOPs per byte of text.
    public var perByteAll: Double
    public var perByteNonEmbedding: Double
    /// The tokenizer's own.
    public var tokenizerPerByte: Double
  }
  /// The model behind the tokenizer, for those that have one. Its training stands outside the budget.
  public struct M1: Codable, Sendable {
    public var size: String
    public var steps: Int
    public var contextLength: Int
    public var trainingFLOPs: Double
  }
  public struct Point: Codable, Sendable {
    public var step: Int
    public var value: Double
  }
  public struct Training: Codable, Sendable {
    public var steps: Int
    public var batch: Int
    public var sequenceLength: Int
    public var optimizer: String
    public var schedule: String
    public var learningRate: Double
    public var precision: String
    public var shards: Int
    public var tokens: Int
    /// Bytes of text that those tokens stand for, by the held-out ratio.
    public var bytes: Double
    public var epochs: Double
    /// Mean nats per token of the batches around a step.
    public var lossNats: [Point]
    /// Quick evaluations, bits/byte, on the first held-out examples.
    public var bitsPerByte: [Point]
  }
  public struct Tokenization: Codable, Sendable {
    public var vocabularySize: Int
    public var trainingBytes: Int
    public var trainingTokens: Int
    public var heldOutBytes: Int
    public var heldOutTokens: Int
    /// Bytes per token, held out.
    public var compressionRatio: Double?
    public var bitCompressionRatio: Double?
    public var uniformBitsPerByte: Double?
    public var unigramBitsPerByte: Double?
    /// Share of the vocabulary that occurs in the training tokens.
    public var vocabularyUse: Double
    /// Kullback–Leibler divergence of training token frequencies from uniform, bits.
    public var divergenceFromUniformBits: Double
    public var stepsPerKilobyte: Double?
    public var isLossless: Bool
    public var roundTrips: Bool
    /// Why not, with the first differing offset.
    public var roundTripProblem: String?
    public var flopsPerByte: Double
    /// SHA-256 of the trained tokenizer.
    public var sha256: String
    /// What the backend adds, e.g. EqualInfoAC's undecodableWindowShare.
    public var facts: [String: Double]
  }
  public struct Result: Codable, Sendable {
    public var bytes: Int
    public var tokens: Int
    public var nats: Double
    public var bitsPerByte: Double?
  }
  /// What may differ between two runs of the same cell.
  public struct Timing: Codable, Sendable {
    public var trainingSeconds: Double?
    public var evaluationSeconds: Double?
    /// Training FLOPs (all) per second, in 1e9.
    public var gigaflopsPerSecond: Double?
    public var encodeMegabytesPerSecond: Double?
    public var decodeMegabytesPerSecond: Double?
    public var threads: Int
    public var finished: String
    public init(threads: Int, finished: String) {
      self.threads = threads
      self.finished = finished
    }
  }
  public struct Environment: Codable, Sendable {
    public var cpu: String
    public var cores: Int
    public var system: String
    public var libraries: [String: String]
    public var gitCommit: String?
  }

  public var schema = RunRecord.schema
  public var experiment: String
  /// Hash of the experiment's content.
  public var experimentHash: String
  public var corpus: [String]
  public var corpusSHA256: String
  public var corpusBytes: Int
  public var tokenizer: String
  public var size: String
  public var seed: UInt64
  /// "ok", or "failed" with `error`.
  public var status: String
  public var error: String?
  public var match: Budget
  public var m1: M1?
  public var model: Model?
  public var flops: FLOPs?
  public var training: Training?
  public var tokenization: Tokenization?
  public var result: Result?
  public var timing: Timing
  public var environment: Environment

  public var bitsPerByte: Double? { result?.bitsPerByte }

  public static func load(_ path: String) throws -> RunRecord {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw HarnessError.file(path, reason: "cannot be read")
    }
    struct Version: Decodable { var schema: Int }
    guard let version = try? JSONDecoder().decode(Version.self, from: data) else {
      throw HarnessError.file(path, reason: "not a run record")
    }
    guard version.schema == schema else {
      throw HarnessError.file(path, reason: "schema \(version.schema); this program reads schema \(schema)")
    }
    do { return try JSONDecoder().decode(RunRecord.self, from: data) } catch {
      throw HarnessError.file(path, reason: "a damaged run record: \(error)")
    }
  }

  /// All records of a run folder, sorted by tokenizer order of first appearance in the experiment, size and seed.
  public static func loadAll(runFolder: String) throws -> [RunRecord] {
    let folder = runFolder + "/records"
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
      throw HarnessError.file(
        runFolder, reason: "no run here (the folder 'records' is missing); make one with 'harness run'")
    }
    let records = try names.filter { $0.hasSuffix(".json") }.sorted().map { try load(folder + "/" + $0) }
    guard !records.isEmpty else { throw HarnessError.file(folder, reason: "holds no records yet") }
    return records
  }
}
