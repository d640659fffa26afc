import Metrics

/// One setting of an ablation: its tokens, and what M2 made of them.
struct AblationRow {
  let tokenizer: String
  let sample: TokenSample?
  let group: CellGroup?
  let paperRatio, paperBits: Double?

  static let fields: [TableField<AblationRow>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer },
    .number("compressionRatio", "Bytes/token", .fixed(3), better: .higher) { $0.sample?.ratio },
    .number("paperCompressionRatio", "Paper bytes/token", .fixed(2)) { $0.paperRatio },
    .number("undecodable", "Windows that decode to another text", .percent(1), better: .lower) { row in
      row.sample.map { $0.facts["undecodableWindowShare"] ?? 0 }
    },
    .text("size", "M2") { $0.group?.size },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.group?.bitsPerByteCell ?? .number(nil)
    },
    .number("paperBitsPerByte", "Paper bits/byte", unit: "bits/byte", .fixed(3)) { $0.paperBits },
  ]
}
