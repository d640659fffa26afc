import Foundation
import Support

/// What one cell was and gave. docs/records.md documents the fields; `schema` changes whenever a meaning does.
///
/// A record has two halves: ``content``, which every run of the cell gives again, and ``circumstances``, which say what
/// made this one. Each carries its own hash, so that a damaged record is noticed. The fields of `content` are also the
/// record's own: `record.tokenizer` is `record.content.tokenizer`.
@dynamicMemberLookup
public struct RunRecord: Codable, Sendable, Hashable {
  public static let schema = 3

  public let schema: Int
  public let content: Content
  /// SHA-256 of the content's JSON with sorted keys.
  public let contentSHA256: String
  public let circumstances: Circumstances
  public let circumstancesSHA256: String

  public init(_ content: Content, _ circumstances: Circumstances) throws {
    schema = Self.schema
    self.content = content
    self.circumstances = circumstances
    contentSHA256 = try Self.digest(content)
    circumstancesSHA256 = try Self.digest(circumstances)
  }

  /// A field of the content.
  public subscript<T>(dynamicMember member: KeyPath<Content, T>) -> T { content[keyPath: member] }

  static func digest(_ half: some Encodable) throws -> String { sha256(try jsonEncoder(pretty: false).encode(half)) }

  /// What is the same whenever and wherever the cell is run (bit for bit on every machine where `precision` is `exact`).
  public struct Content: Codable, Sendable, Hashable {
    /// The experiment's name.
    public var experiment: String
    /// The cell: canonical tokenizer name, M2 size, seed of initial weights and sequence order. A tokenizer whose
    /// vocabulary is found by a sweep or a rule has the name by which it is listed, "SentencePiece[v=1k…32k]".
    public var tokenizer: String
    public var size: String
    public var seed: UInt64
    /// The canonical name of the tokenizer that was trained, where ``tokenizer`` leaves it open.
    public var chosenTokenizer: String?
    /// Which of the experiment's variants this is; nil for the experiment as it stands.
    public var variant: String?
    /// What all cells of one table share.
    public var `protocol`: ComparisonProtocol
    /// Everything that is needed to make the record again, as `harness reproduce` reads it.
    public var request: JSONValue
    /// Why there is no result; nil for a finished cell.
    public var error: String?
    /// What M1 cost where it left no budget for M2: the cell is finished, without a score. nil elsewhere.
    public var notAffordable: String?
    public var corpus: Corpus?
    public var m1: M1?
    public var tokenization: Tokenization?
    public var model: Model?
    public var flops: FLOPs?
    /// How the learning rate (and the vocabulary) was found; nil where it was given: the cell is untuned.
    public var tuning: Tuning?
    public var training: Training?
    /// The held-out text first (`text` is "held-out"), then further texts by name.
    public var scores: [Score]
    /// What was read from the store, in the order of the stages.
    public var stages: [Stage]

    public init(
      experiment: String, tokenizer: String, size: String, seed: UInt64, protocol: ComparisonProtocol,
      request: JSONValue
    ) {
      self.experiment = experiment
      self.tokenizer = tokenizer
      self.size = size
      self.seed = seed
      self.protocol = `protocol`
      self.request = request
      scores = []
      stages = []
    }
  }

  public struct Corpus: Codable, Sendable, Hashable {
    /// File names without folders.
    public var files: [String]
    /// SHA-256 of the training split, and of the held-out text that was scored.
    public var trainingSHA256: String
    public var heldOutSHA256: String
    /// Bytes of the whole splits.
    public var trainingBytes: Int
    public var heldOutBytes: Int
    public var documents: Int

    public init(
      files: [String], trainingSHA256: String, heldOutSHA256: String, trainingBytes: Int, heldOutBytes: Int,
      documents: Int
    ) {
      self.files = files
      self.trainingSHA256 = trainingSHA256
      self.heldOutSHA256 = heldOutSHA256
      self.trainingBytes = trainingBytes
      self.heldOutBytes = heldOutBytes
      self.documents = documents
    }
  }

  /// The model behind the tokenizer, for those that have one. ``FLOPs/m1Counted`` says what of it the budget paid for.
  public struct M1: Codable, Sendable, Hashable {
    public var size: String
    public var steps: Int
    public var batch: Int
    /// Positions, BOS included.
    public var contextLength: Int
    public var optimizer: String
    public var learningRate: Double
    public var seed: UInt64
    /// Of its training; its inference for coding is always exact.
    public var precision: String
    public var trainingFLOPs: Double
    /// Its own score on the very bytes that M2 is scored on, quantised as the coder sees it; nil for an empty text.
    public var heldOutBitsPerByte: Double?
    /// Identifies the weights.
    public var fingerprint: String

    public init(
      size: String, steps: Int, batch: Int, contextLength: Int, optimizer: String, learningRate: Double, seed: UInt64,
      precision: String, trainingFLOPs: Double, heldOutBitsPerByte: Double?, fingerprint: String
    ) {
      self.size = size
      self.steps = steps
      self.batch = batch
      self.contextLength = contextLength
      self.optimizer = optimizer
      self.learningRate = learningRate
      self.seed = seed
      self.precision = precision
      self.trainingFLOPs = trainingFLOPs
      self.heldOutBitsPerByte = heldOutBitsPerByte
      self.fingerprint = fingerprint
    }
  }

  public struct Model: Codable, Sendable, Hashable {
    public var dim, heads, layers, headSize, mlp: Int
    /// Weights outside and inside the embedding.
    public var nonEmbeddingParameters: Int
    public var embeddingParameters: Int

    public init(
      dim: Int, heads: Int, layers: Int, headSize: Int, mlp: Int, nonEmbeddingParameters: Int, embeddingParameters: Int
    ) {
      self.dim = dim
      self.heads = heads
      self.layers = layers
      self.headSize = headSize
      self.mlp = mlp
      self.nonEmbeddingParameters = nonEmbeddingParameters
      self.embeddingParameters = embeddingParameters
    }
  }

  /// FLOPs; `all` counts the head and attention, `nonEmbedding` is the paper's convention.
  public struct FLOPs: Codable, Sendable, Hashable {
    public var trainingAll: Double
    public var trainingNonEmbedding: Double
    public var perTokenAll: Double
    public var perTokenNonEmbedding: Double
    /// M2's inference FLOPs per byte of held-out text.
    public var perByteAll: Double
    public var perByteNonEmbedding: Double
    /// The tokenizer's own.
    public var tokenizerPerByte: Double
    /// FLOPs of M1's training that the budget paid for, by the budget's convention; nil where M1 was free.
    public var m1Counted: Double?

    public init(
      trainingAll: Double, trainingNonEmbedding: Double, perTokenAll: Double, perTokenNonEmbedding: Double,
      perByteAll: Double, perByteNonEmbedding: Double, tokenizerPerByte: Double, m1Counted: Double? = nil
    ) {
      self.trainingAll = trainingAll
      self.trainingNonEmbedding = trainingNonEmbedding
      self.perTokenAll = perTokenAll
      self.perTokenNonEmbedding = perTokenNonEmbedding
      self.perByteAll = perByteAll
      self.perByteNonEmbedding = perByteNonEmbedding
      self.tokenizerPerByte = tokenizerPerByte
      self.m1Counted = m1Counted
    }
  }

  public struct Point: Codable, Sendable, Hashable {
    public var step: Int
    public var value: Double
    public init(step: Int, value: Double) {
      self.step = step
      self.value = value
    }
  }

  public struct Training: Codable, Sendable, Hashable {
    public var steps: Int
    public var batch: Int
    public var sequenceLength: Int
    public var optimizer: String
    public var schedule: String
    /// The base rate: widths, groups of tensors and the length have factors of their own, by the protocol's fields.
    public var learningRate: Double
    public var precision: String
    public var shards: Int
    /// "torch" where PyTorch trained; nil for this program's own kernels.
    public var trainer: String?
    /// Tokens seen, the bytes of text that they stand for, and passes over the training tokens.
    public var tokens: Int
    public var bytes: Double
    public var epochs: Double
    /// The context in bytes: sequenceLength × bytes/token.
    public var contextBytes: Double
    /// Training bytes per parameter, embeddings included.
    public var bytesPerParameter: Double
    /// Mean nats per token since the point before.
    public var lossNats: [Point]
    /// Bits/byte of snapshots on the first held-out examples (`curveBytes` of them).
    public var heldOutBitsPerByte: [Point]
    public var curveBytes: Int

    public init(
      steps: Int, batch: Int, sequenceLength: Int, optimizer: String, schedule: String, learningRate: Double,
      precision: String, shards: Int, trainer: String? = nil, tokens: Int, bytes: Double, epochs: Double,
      contextBytes: Double,
      bytesPerParameter: Double, lossNats: [Point], heldOutBitsPerByte: [Point], curveBytes: Int
    ) {
      self.steps = steps
      self.batch = batch
      self.sequenceLength = sequenceLength
      self.optimizer = optimizer
      self.schedule = schedule
      self.learningRate = learningRate
      self.precision = precision
      self.shards = shards
      self.trainer = trainer
      self.tokens = tokens
      self.bytes = bytes
      self.epochs = epochs
      self.contextBytes = contextBytes
      self.bytesPerParameter = bytesPerParameter
      self.lossNats = lossNats
      self.heldOutBitsPerByte = heldOutBitsPerByte
      self.curveBytes = curveBytes
    }
  }

  /// A search over learning rates, or over vocabularies where the tokenizer leaves its own open, or both.
  public struct Tuning: Codable, Sendable, Hashable {
    /// One short training run, scored on text that is set aside from the training split.
    public struct Trial: Codable, Sendable, Hashable {
      /// Canonical name.
      public var tokenizer: String
      /// nil where the tokenizer could not be made, or not be used.
      public var vocabularySize: Int?
      public var learningRate: Double
      /// 0 where nothing could be trained, as for the FLOPs.
      public var steps: Int
      public var trainingFLOPs: Double
      public var bitsPerByte: Double?
      /// Why there are no bits/byte; nil where there are.
      public var problem: String?

      public init(
        tokenizer: String, vocabularySize: Int? = nil, learningRate: Double, steps: Int = 0, trainingFLOPs: Double = 0,
        bitsPerByte: Double? = nil, problem: String? = nil
      ) {
        self.tokenizer = tokenizer
        self.vocabularySize = vocabularySize
        self.learningRate = learningRate
        self.steps = steps
        self.trainingFLOPs = trainingFLOPs
        self.bitsPerByte = bitsPerByte
        self.problem = problem
      }
    }
    public enum End: String, Codable, Sendable, Hashable { case lowest, highest }
    /// The share of the cell's budget that each trial got.
    public var budgetShare: Double
    /// SHA-256 and length of the text that trials are scored on: of the training split, and held out from every M2 of
    /// the table. Tokenizers and M1 have seen it.
    public var textSHA256: String
    public var textBytes: Int
    /// By tokenizer, then rate.
    public var trials: [Trial]
    /// Of all trials together.
    public var trainingFLOPs: Double
    /// The base rate that the cell was trained at: where the parabola in log rate through the best trial and its
    /// neighbours is lowest.
    public var learningRate: Double
    /// Set where the best trial has the lowest or the highest of several rates: the grid was too small.
    public var end: End?

    public init(
      budgetShare: Double, textSHA256: String, textBytes: Int, trials: [Trial], learningRate: Double, end: End?
    ) {
      self.budgetShare = budgetShare
      self.textSHA256 = textSHA256
      self.textBytes = textBytes
      self.trials = trials
      trainingFLOPs = trials.reduce(0) { $0 + $1.trainingFLOPs }
      self.learningRate = learningRate
      self.end = end
    }
  }

  public struct Tokenization: Codable, Sendable, Hashable {
    public var vocabularySize: Int
    /// What this cell trained on.
    public var trainingBytes: Int
    public var trainingTokens: Int
    /// Bytes per token, held out.
    public var compressionRatio: Double?
    public var bitCompressionRatio: Double?
    public var uniformBitsPerByte: Double?
    public var unigramBitsPerByte: Double?
    /// Share of the vocabulary that occurs in the training tokens.
    public var vocabularyUse: Double
    /// Kullback–Leibler divergence of training token frequencies from uniform, bits.
    public var divergenceFromUniformBits: Double?
    public var isLossless: Bool
    public var roundTrips: Bool
    /// Why not, with the first differing offset.
    public var roundTripProblem: String?
    public var flopsPerByte: Double
    /// What the backend adds, e.g. EqualInfoAC's undecodableWindowShare.
    public var facts: [String: Double]
    /// A few lines of the held-out text, each coded on its own; nil in records of before there were any.
    public var lines: [Line]?

    /// How a line of text is cut.
    public struct Line: Codable, Sendable, Hashable {
      public var text: String
      public var ids: [UInt32]
      /// Of each token, the bytes that it stands for, all together the text's; nil where tokens stand for none in
      /// particular.
      public var byteCounts: [Int]?

      public init(text: String, ids: [UInt32], byteCounts: [Int]?) {
        self.text = text
        self.ids = ids
        self.byteCounts = byteCounts
      }
    }

    public init(
      vocabularySize: Int, trainingBytes: Int, trainingTokens: Int, compressionRatio: Double?,
      bitCompressionRatio: Double?, uniformBitsPerByte: Double?, unigramBitsPerByte: Double?, vocabularyUse: Double,
      divergenceFromUniformBits: Double?, isLossless: Bool, roundTrips: Bool, roundTripProblem: String?,
      flopsPerByte: Double, facts: [String: Double], lines: [Line]? = nil
    ) {
      self.vocabularySize = vocabularySize
      self.trainingBytes = trainingBytes
      self.trainingTokens = trainingTokens
      self.compressionRatio = compressionRatio
      self.bitCompressionRatio = bitCompressionRatio
      self.uniformBitsPerByte = uniformBitsPerByte
      self.unigramBitsPerByte = unigramBitsPerByte
      self.vocabularyUse = vocabularyUse
      self.divergenceFromUniformBits = divergenceFromUniformBits
      self.isLossless = isLossless
      self.roundTrips = roundTrips
      self.roundTripProblem = roundTripProblem
      self.flopsPerByte = flopsPerByte
      self.facts = facts
      self.lines = lines
    }
  }

  public struct Score: Codable, Sendable, Hashable {
    public static let heldOut = "held-out"
    /// ``heldOut``, or the name of a further text.
    public var text: String
    /// SHA-256 of the scored bytes.
    public var sha256: String
    public var bytes: Int
    public var tokens: Int
    /// Σ nats of all its tokens.
    public var nats: Double
    /// nil where the tokenizer does not round-trip the text.
    public var bitsPerByte: Double?
    /// What it was computed in.
    public var precision: String
    /// Bytes and nats of every example: intervals and paired tests come from these.
    public var exampleBytes: [Int]
    public var exampleNats: [Double]
    /// Why the text does not come back from its tokens; nil where it does.
    public var problem: String?

    public init(
      text: String, sha256: String, bytes: Int, tokens: Int, nats: Double, bitsPerByte: Double?, precision: String,
      exampleBytes: [Int], exampleNats: [Double], problem: String? = nil
    ) {
      self.text = text
      self.sha256 = sha256
      self.bytes = bytes
      self.tokens = tokens
      self.nats = nats
      self.bitsPerByte = bitsPerByte
      self.precision = precision
      self.exampleBytes = exampleBytes
      self.exampleNats = exampleNats
      self.problem = problem
    }
  }

  /// One entry of the store that the cell stands on.
  public struct Stage: Codable, Sendable, Hashable {
    /// Before the kind of what was used in the search for a learning rate or a vocabulary: "trial-model".
    public static let trialPrefix = "trial-"
    /// "corpus", "m1", "tokenizer", "held-out-tokens", "training-tokens", "model", "score".
    public var kind: String
    public var key: String
    /// SHA-256 over the names and hashes of its files.
    public var sha256: String
    public init(kind: String, key: String, sha256: String) {
      self.kind = kind
      self.key = key
      self.sha256 = sha256
    }
  }

  /// What may differ between two runs of one cell.
  public struct Circumstances: Codable, Sendable, Hashable {
    /// When the record was written, ISO 8601 UTC.
    public var written: String
    /// What made each stage, in the order of ``Content/stages``.
    public var stages: [Making]
    /// What wrote the record.
    public var writer: Provenance

    public init(written: String, stages: [Making], writer: Provenance) {
      self.written = written
      self.stages = stages
      self.writer = writer
    }
  }

  public struct Making: Codable, Sendable, Hashable {
    public var kind: String
    /// Whether it was there before this run.
    public var reused: Bool
    public var provenance: Provenance
    public init(kind: String, reused: Bool, provenance: Provenance) {
      self.kind = kind
      self.reused = reused
      self.provenance = provenance
    }
  }
}

extension RunRecord {
  public var heldOut: Score? { content.scores.first { $0.text == Score.heldOut } }
  /// Held-out bits/byte.
  public var bitsPerByte: Double? { heldOut?.bitsPerByte }
  public var isFinished: Bool { content.error == nil }
  /// What was measured while a stage was made, summed over its entries: "seconds", "encodeMegabytesPerSecond", ….
  public func measurement(_ name: String, of kind: String) -> Double? {
    let found = circumstances.stages.filter { $0.kind == kind }.compactMap { $0.provenance.measurements[name] }
    return found.isEmpty ? nil : found.reduce(0, +)
  }
}
