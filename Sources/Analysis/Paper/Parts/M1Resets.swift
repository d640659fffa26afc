import Metrics

extension PaperPart {
  /// M1 that starts afresh with every window, every second, or never.
  static let m1Resets = PaperPart(
    "resets", title: "Resets of M1", source: "figure 12, table 9",
    needs: { scale in
      var needs = PaperNeeds()
      let tokenizers = PaperTokenizers.vocabularies.flatMap(settings)
      needs.cells = [CellTable("resets", tokenizers, scale)]
      needs.samples = tokenizers
      needs.tellsWithoutCells = true
      return needs
    },
    run: { input in
      let rows = PaperTokenizers.vocabularies.flatMap(settings).map { name in
        AblationRow(
          tokenizer: name, sample: input.sample(name), group: input.cell("resets", name),
          paperRatio: input.baseline.value("compressionRatio", of: name),
          paperBits: input.baseline.table("m1Reset")?.rows(where: ["tokenizer": name]).first?.number("bitsPerByte"))
      }
      return PaperAnswer(
        claims: [
          .evermore("The seldomer M1 is reset, the more bytes a token holds", settings("256").map { input.sample($0) })
        ]
          + PaperTokenizers.vocabularies.flatMap { v in
            zip(settings(v).dropFirst(), ["every second", "never"]).map { other, word in
              .lower(
                "M2 is lowest where M1 is reset with every window: lower than \(word) (v=\(v))",
                input.cell("resets", settings(v)[0]), than: input.cell("resets", other), input.seeds)
            }
          },
        artifacts: [
          .table(
            Table(key: "paper-resets", rows, fields: AblationRow.fields).withoutEmptyColumns(keeping: ["bitsPerByte"])),
          .note("The paper's bits/byte are of its 403m."),
        ])
    })

  private static func settings(_ v: String) -> [String] {
    ["1", "2", "never"].map { PaperTokenizers.greedy(16, v, reset: $0) }
  }
}
