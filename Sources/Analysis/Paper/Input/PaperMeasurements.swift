import Metrics

/// What was measured for one part: numbers small enough to lie beside the records.
public struct PaperMeasurements: Sendable, Hashable, Codable {
  public var samples: [TokenSample] = []
  public var stability: [PrefixStability] = []
  public var meanings: [TokenMeaning] = []
  public var uniformity: [BitUniformity] = []
  public var positions: [PositionAccuracy] = []
  public var snapshots: [SnapshotScore] = []
  public var generation: [GenerationSpeed] = []
  public var tasks: [TaskScore] = []
  public init() {}
}

/// How a model answers questions that it was not trained on.
public struct TaskScore: Sendable, Hashable, Codable {
  public var need: TaskNeed
  public var steps: Int
  /// Of each question: tokens of its answer, those that the model thinks likeliest after the right ones before them, and
  /// nats of all.
  public var counts, right: [Int]
  public var nats: [Double]

  public init(need: TaskNeed, steps: Int, counts: [Int], right: [Int], nats: [Double]) {
    self.need = need
    self.steps = steps
    self.counts = counts
    self.right = right
    self.nats = nats
  }
}

/// What a tokenizer made of the held-out text, example by example.
public struct TokenSample: Sendable, Hashable, Codable {
  public var tokenizer: String
  /// Bytes that an example was cut to.
  public var exampleSize: Int
  public var vocabularySize: Int
  /// Why the text does not come back; nil where it does.
  public var roundTripProblem: String?
  public var bytes, tokens: [Int]
  /// Of each example, -log2 of its tokens' probability by training frequencies, each id counted once more.
  public var unigramBits: [Double]
  /// What the backend adds.
  public var facts: [String: Double]

  public init(
    tokenizer: String, exampleSize: Int, vocabularySize: Int, roundTripProblem: String?, bytes: [Int], tokens: [Int],
    unigramBits: [Double], facts: [String: Double]
  ) {
    self.tokenizer = tokenizer
    self.exampleSize = exampleSize
    self.vocabularySize = vocabularySize
    self.roundTripProblem = roundTripProblem
    self.bytes = bytes
    self.tokens = tokens
    self.unigramBits = unigramBits
    self.facts = facts
  }
}

/// One sentence's tokens behind many words.
public struct PrefixStability: Sendable, Hashable, Codable {
  public var tokenizer: String
  public var sentence: String
  /// Of the sentence alone: its tokens, and the bytes each stands for where that can be said.
  public var ids: [UInt32]
  public var byteCounts: [Int]?
  /// Of the first and second word, the third and fourth, …: the edit distance between the sentence's tokens behind one and
  /// behind the other, over the longer one's length. No word is in two, so that they are independent.
  public var distances: [Double]
  /// How many of all words' pairs' distances lie in each of ``bins`` equal parts of 0 … 1.
  public var histogram: [Int]
  public static let bins = 20

  public init(
    tokenizer: String, sentence: String, ids: [UInt32], byteCounts: [Int]?, distances: [Double], histogram: [Int]
  ) {
    self.tokenizer = tokenizer
    self.sentence = sentence
    self.ids = ids
    self.byteCounts = byteCounts
    self.distances = distances
    self.histogram = histogram
  }
}

/// The texts behind the tokens at one position of a window.
public struct TokenMeaning: Sendable, Hashable, Codable {
  public struct Text: Sendable, Hashable, Codable {
    public var text: String
    public var count: Int
    public init(text: String, count: Int) {
      self.text = text
      self.count = count
    }
  }
  public var tokenizer: String
  /// From 1; of tokenizers without windows always 1.
  public var position: Int
  /// One token that is shown, how often it occurs there, and its most frequent texts.
  public var token: UInt32
  public var occurrences: Int
  public var texts: [Text]
  /// Of each example: tokens at this position that occur there again, those whose text is the most frequent one of their
  /// token's other occurrences, and those whose text begins as the most of these do.
  public var counts, sameText, sameStart: [Int]

  public init(
    tokenizer: String, position: Int, token: UInt32, occurrences: Int, texts: [Text], counts: [Int], sameText: [Int],
    sameStart: [Int]
  ) {
    self.tokenizer = tokenizer
    self.position = position
    self.token = token
    self.occurrences = occurrences
    self.texts = texts
    self.counts = counts
    self.sameText = sameText
    self.sameStart = sameStart
  }
}

/// How far the bits of a code are from uniform, read as numbers of n bits.
public struct BitUniformity: Sendable, Hashable, Codable {
  public var stream: String
  public var reading: BitReading
  public var width: Int
  /// Kullback–Leibler divergence from uniform in bits: plug-in, and by Miller and Madow's entropy.
  public var plugIn, millerMadow: Double
  /// The middle 95% of the same for as many random bits.
  public var randomPlugIn, randomMillerMadow: Interval

  public init(
    stream: String, reading: BitReading, width: Int, plugIn: Double, millerMadow: Double, randomPlugIn: Interval,
    randomMillerMadow: Interval
  ) {
    self.stream = stream
    self.reading = reading
    self.width = width
    self.plugIn = plugIn
    self.millerMadow = millerMadow
    self.randomPlugIn = randomPlugIn
    self.randomMillerMadow = randomMillerMadow
  }
}

/// How many tokens at one position of a window M2 predicts right.
public struct PositionAccuracy: Sendable, Hashable, Codable {
  public var tokenizer, size: String
  /// Steps that M2 was trained for.
  public var step: Int
  /// From 1.
  public var position: Int
  /// Of each example: tokens at this position, those that M2 thinks likeliest, and those that are the most frequent token
  /// of this position.
  public var counts, right, trivial: [Int]

  public init(
    tokenizer: String, size: String, step: Int, position: Int, counts: [Int], right: [Int], trivial: [Int]
  ) {
    self.tokenizer = tokenizer
    self.size = size
    self.step = step
    self.position = position
    self.counts = counts
    self.right = right
    self.trivial = trivial
  }
}

/// A model's score on its way.
public struct SnapshotScore: Sendable, Hashable, Codable {
  public var tokenizer, size: String
  /// Steps that M2 was trained for, and the training tokens of these.
  public var step: Int
  public var trainingTokens: Int
  public var bytes: [Int]
  public var nats: [Double]

  public init(tokenizer: String, size: String, step: Int, trainingTokens: Int, bytes: [Int], nats: [Double]) {
    self.tokenizer = tokenizer
    self.size = size
    self.step = step
    self.trainingTokens = trainingTokens
    self.bytes = bytes
    self.nats = nats
  }
}

/// How fast a model writes, detokenization included.
public struct GenerationSpeed: Sendable, Hashable, Codable {
  public var tokenizer, size: String
  /// Of each run.
  public var tokens, bytes: [Int]
  public var seconds: [Double]

  public init(tokenizer: String, size: String, tokens: [Int], bytes: [Int], seconds: [Double]) {
    self.tokenizer = tokenizer
    self.size = size
    self.tokens = tokens
    self.bytes = bytes
    self.seconds = seconds
  }
}
