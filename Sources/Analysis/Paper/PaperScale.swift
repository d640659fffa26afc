/// How large everything is that a paper report trains: the numbers in which one scale differs from another.
public struct PaperScale: Sendable, Hashable, Codable {
  public struct M1: Sendable, Hashable, Codable {
    public var size: String
    public var context, batch, steps: Int
  }
  public let name: String
  /// In place of the paper's 32,000 pieces, which no small model can learn.
  public var sentencePiece: String
  public let m1: M1
  /// Steps of M1s beside ``m1``'s, ascending.
  public let otherM1Steps: [Int]
  /// M2's sizes, ascending; at least three.
  public let sizes: [String]
  public let sequenceLength, batch: Int
  /// Training FLOPs of a cell.
  public let budget: Double
  /// Tokens of a cell where it is tokens that are equal, and the size that is trained with a vocabulary of 65,536.
  public let tokens: Double
  public let largeVocabularySize: String
  public let seeds: [UInt64]
  public let exampleBytes: Int
  /// Held-out bytes that are scored, and those that points on the way are scored on.
  public let heldOutBytes, quickBytes: Int
  /// FLOPs a second that ``minutes`` is planned with, on two cores.
  public static let plannedSpeed = 2e11
  /// What all of it is planned to fit into.
  public let minutes: Int

  /// What is wrong with a scale that somebody wrote; nil where nothing is.
  public var problem: String? {
    if name.isEmpty || !name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) {
      return "'name' must be letters, digits and -: it names a folder"
    }
    if Self.all.contains(where: { $0.name == name }) {
      return "'name' must be another than the program's own, '\(name)'"
    }
    if !sentencePiece.hasPrefix("SentencePiece[") { return "'sentencePiece' must be one, such as SentencePiece[v=4k]" }
    if sizes.count < 3 || Set(sizes).count < sizes.count {
      return "'sizes' must be at least three of M2's, all different, the smallest first"
    }
    if seeds.isEmpty || Set(seeds).count < seeds.count { return "'seeds' must be different, at least one" }
    let steps = otherM1Steps + [m1.steps]
    if otherM1Steps.isEmpty || zip(steps, steps.dropFirst()).contains(where: >=) {
      return "'otherM1Steps' must be fewer than m1's, ascending, at least one"
    }
    if quickBytes > heldOutBytes { return "'quickBytes' are the first of 'heldOutBytes', and must not be more" }
    let numbers = [
      m1.context, m1.batch, steps[0], sequenceLength, batch, exampleBytes, heldOutBytes, quickBytes, minutes,
    ]
    if numbers.contains(where: { $0 < 1 }) || budget < 1 || tokens < 1 { return "its numbers must be at least 1" }
    return nil
  }

  public var largest: String { sizes[sizes.count - 1] }
  public var smallest: String { sizes[0] }

  /// An hour on two cores.
  public static let small = PaperScale(
    name: "small", sentencePiece: "SentencePiece[v=4k]", m1: M1(size: "1m", context: 1024, batch: 4, steps: 2000),
    otherM1Steps: [125, 500], sizes: ["100k", "200k", "1m"], sequenceLength: 256, batch: 4, budget: 2e12, tokens: 3e5,
    largeVocabularySize: "100k", seeds: [1, 2, 3, 4, 5], exampleBytes: 10_240, heldOutBytes: 500_000,
    quickBytes: 50_000, minutes: 60)

  /// A night.
  public static let laptop = PaperScale(
    name: "laptop", sentencePiece: "SentencePiece[v=4k]", m1: M1(size: "1m", context: 1024, batch: 4, steps: 8000),
    otherM1Steps: [500, 2000], sizes: ["200k", "1m", "3m"], sequenceLength: 256, batch: 4, budget: 2.4e13, tokens: 4e6,
    largeVocabularySize: "200k", seeds: [1, 2, 3, 4, 5], exampleBytes: 10_240, heldOutBytes: 1_000_000,
    quickBytes: 50_000, minutes: 720)

  public static let all: [PaperScale] = [.small, .laptop]
}

/// Names of the paper's tokenizers.
enum PaperTokenizers {
  /// The paper's own windows, which pad with zeros.
  static func greedy(_ bits: Int, _ vocabulary: String, reset: String = "1") -> String {
    "EqualInfoAC[b=\(bits),v=\(vocabulary),end=greedy\(reset == "1" ? "" : ",reset=\(reset)")]"
  }
  static let vocabularies = ["256", "65k"]
  static let windows = [16, 24, 32, 64, 128]
  /// The settings of the main result, and this project's windows that a small model learns.
  static func main(_ scale: PaperScale) -> [String] {
    ["Bytes", scale.sentencePiece] + vocabularies.map { "AC[v=\($0)]" } + vocabularies.map { "StaticAC[v=\($0)]" }
      + vocabularies.map { greedy(16, $0) } + vocabularies.map { "GZip[v=\($0)]" } + ["EqualInfoAC[b=12,v=4k]"]
  }
}
