import Metrics

extension PaperPart {
  /// M1 that starts afresh with every window, every second, or never.
  static let m1Resets = PaperPart(
    "resets", title: "Resets of M1", source: "figure 12, table 9",
    needs: { scale in
      var needs = PaperNeeds()
      let tokenizers = ["1", "2", "never"].map { PaperTokenizers.greedy(16, "256", reset: $0) }
      needs.cells = [CellTable("resets", tokenizers, scale)]
      needs.samples = tokenizers
      needs.tellsWithoutCells = true
      return needs
    },
    run: { input in
      let names = ["1", "2", "never"].map { PaperTokenizers.greedy(16, "256", reset: $0) }
      let samples = names.map { input.sample($0) }, cells = names.map { input.cell("resets", $0) }
      let rows = names.indices.map { index in
        AblationRow(
          tokenizer: names[index], sample: samples[index], group: cells[index],
          paperRatio: input.baseline.value("compressionRatio", of: names[index]),
          paperBits: input.baseline.table("m1Reset")?.rows(where: ["tokenizer": names[index]]).first?.number(
            "bitsPerByte"))
      }
      return PaperAnswer(
        claims: [
          evermore("The seldomer M1 is reset, the more bytes a token holds", samples),
          .lower(
            "M2 is lowest where M1 is reset with every window: lower than every second", cells[0], than: cells[1],
            input.seeds),
          .lower(
            "M2 is lowest where M1 is reset with every window: lower than never", cells[0], than: cells[2], input.seeds),
        ],
        artifacts: [
          .table(
            Table(key: "paper-resets", rows, fields: AblationRow.fields).withoutEmptyColumns(keeping: ["bitsPerByte"])),
          .note("The paper's bits/byte are of its 403m."),
        ])
    })
}

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
