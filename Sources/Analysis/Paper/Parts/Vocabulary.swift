import Metrics
import Support

extension PaperPart {
  /// Tokens of a whole window against tokens of a part of it, with equal tokens and with equal text.
  static let vocabulary = PaperPart(
    "vocabulary", title: "Vocabulary", source: "figure 6, table 6",
    needs: { scale in
      let (parts, whole) = (PaperTokenizers.greedy(16, "256"), PaperTokenizers.greedy(16, "65k"))
      let size = [scale.largeVocabularySize]
      var needs = PaperNeeds()
      needs.cells = [
        CellTable("tokens", [parts, whole], scale, sizes: size, match: .tokens(scale.tokens)),
        CellTable("bytes", [parts, whole], scale, sizes: size, match: .bytes(scale.tokens * 2)),
        // The same question at a vocabulary that a small model can learn: windows of 12 bits, halved or whole.
        CellTable("smallTokens", small, scale, match: .tokens(4 * scale.tokens)),
        CellTable("smallBytes", small, scale, match: .bytes(6 * scale.tokens)),
      ]
      return needs
    },
    run: { input in
      let large = [PaperTokenizers.greedy(16, "256"), PaperTokenizers.greedy(16, "65k")]
      let tables = [
        ("tokens", "token", large), ("bytes", "byte", large), ("smallTokens", "token", small),
        ("smallBytes", "byte", small),
      ]
      let rows = tables.flatMap { table, matched, names in
        names.compactMap { name -> VocabularyRow? in
          guard let group = input.tables[table]?.groups.first(where: { $0.tokenizer == name }), group.heldOut != nil
          else {
            return nil
          }
          let row = name.contains("v=65k") ? "EqualInfoAC[b=16,v=65k] \(matched) matched" : name
          let paper = input.baseline.table("byteMatched")?.rows(where: ["tokenizer": row]).first
          return VocabularyRow(matched: matched + "s", group: group, paper: paper?.number("bitsPerByte"))
        }
      }
      func claim(_ statement: String, _ table: String, _ names: [String]) -> Claim {
        let groups = input.tables[table]?.groups ?? []
        return .lower(
          statement, groups.first { $0.tokenizer == names[1] }, than: groups.first { $0.tokenizer == names[0] },
          input.seeds)
      }
      return PaperAnswer(
        claims: [
          claim("With equal tokens, v=65k is below v=256 in windows of 16 bits", "tokens", large),
          claim("With equal text, v=65k is below v=256 in windows of 16 bits", "bytes", large),
          claim("With equal tokens, whole windows of 12 bits (v=4k) are below halves (v=64)", "smallTokens", small),
          claim("With equal text, whole windows of 12 bits (v=4k) are below halves (v=64)", "smallBytes", small),
        ],
        artifacts: [
          .table(Table(key: "paper-vocabulary", rows, fields: fields)),
          .note(
            "Matched by tokens, the larger vocabulary sees twice the text; matched by bytes, half the tokens. With few tokens v=256 "
              + "may still be on its plateau: the part 'Seeds' has both with equal FLOPs, where v=256 has many more. The paper asks at "
              + "25m with \(short(input.baseline.number("setup", "m2", "tokens"))) tokens."),
        ])
    })

  private static let small = ["EqualInfoAC[b=12,v=64]", "EqualInfoAC[b=12,v=4k]"]

  private struct VocabularyRow {
    let matched: String
    let group: CellGroup
    let paper: Double?
  }

  private static let fields: [TableField<VocabularyRow>] = [
    .text("tokenizer", "Tokenizer") { $0.group.tokenizer },
    .text("size", "M2") { $0.group.size },
    .text("matched", "Equal") { $0.matched },
    .number("trainingTokens", "Training tokens", unit: "tokens", .short) {
      $0.group.representative.training.map { Double($0.tokens) }
    },
    .number("trainingBytes", "Training bytes", unit: "bytes", .short) { $0.group.representative.training?.bytes },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.group.bitsPerByteCell
    },
    .number("paperBitsPerByte", "Paper bits/byte", unit: "bits/byte", .fixed(3)) { $0.paper },
  ]
}
