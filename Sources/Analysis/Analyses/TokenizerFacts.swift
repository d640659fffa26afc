import Metrics
import Support

extension RecordAnalysis {
  /// What the tokenizers do to the text, without any M2: use of the vocabulary, speed, and each backend's own facts.
  static let tokenizers = RecordAnalysis("tokenizers", title: "Tokenizers") { input in
    let groups = input.tokenizers.filter { $0.tokenization != nil }
    guard !groups.isEmpty else { return [] }
    let facts = Set(groups.flatMap { $0.tokenization?.facts.keys.map { $0 } ?? [] }).sorted()
    let own: [TableField<CellGroup>] = facts.map { fact in
      .number(fact, words(fact), fact.hasSuffix("Share") ? .percent(1) : .significant) { $0.tokenization?.facts[fact] }
    }
    let table = Table(key: "tokenizers", groups, fields: common + own).withoutEmptyColumns()
    let note: RichText = """
      None of this says how well a model learns, and nothing is ranked by it: tokens cut from arithmetic codes are nearly as \
      frequent as each other and use the whole vocabulary, and a model learns nothing from them. \(code: "harness metrics") \
      counts more of the kind.
      """
    return [.table(table), .note(note)]
  }

  private static let common: [TableField<CellGroup>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer },
    .number("vocabularyUse", "Vocabulary used", .percent(1)) { $0.tokenization?.vocabularyUse },
    .number("divergenceFromUniformBits", "KL from uniform (bits)", unit: "bits", .fixed(3)) {
      $0.tokenization?.divergenceFromUniformBits
    },
    .number("encodeMegabytesPerSecond", "Encode MB/s", unit: "MB/s", .significant, better: .higher) {
      $0.representative.measurement("encodeMegabytesPerSecond", of: "held-out-tokens")
    },
    .number("decodeMegabytesPerSecond", "Decode MB/s", unit: "MB/s", .significant, better: .higher) {
      $0.representative.measurement("decodeMegabytesPerSecond", of: "held-out-tokens")
    },
  ]

  /// "bytesPerWindow" → "Bytes per window".
  static func words(_ key: String) -> String {
    var text = ""
    for character in key { text += character.isUppercase ? " " + character.lowercased() : String(character) }
    return text.prefix(1).uppercased() + text.dropFirst()
  }
}
