import Metrics

extension PaperPart {
  /// Windows that end where M1's entropy has a peak, or where a word does.
  static let entropyCuts = PaperPart(
    "cuts", title: "Codes cut at peaks of entropy", source: "beyond the paper: Zheng et al. 2026, arXiv 2602.04289",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("cuts", [plain, words, peaks], scale)]
      return needs
    },
    run: { input in
      let groups = (input.tables["cuts"]?.groups ?? []).filter { $0.heldOut != nil }
      return PaperAnswer(
        claims: [
          .lower(
            "Windows cut at peaks of M1's entropy have fewer bits/byte than those that are not cut",
            input.cell("cuts", peaks), than: input.cell("cuts", plain), input.seeds),
          .lower(
            "Windows cut where pre-tokens begin have fewer bits/byte than those that are not cut",
            input.cell("cuts", words),
            than: input.cell("cuts", plain), input.seeds),
        ],
        artifacts: [
          .table(Table(key: "paper-cuts", groups, fields: fields)),
          .note(
            "Zheng et al. find codes that are cut at peaks of entropy easier to learn; theirs do not decode, these do. What the cuts are: "
              + "docs/equal-info-windows.md."),
        ])
    })

  private static let plain = "EqualInfoAC[b=12,v=4k]"
  private static let words = "EqualInfoAC[b=12,v=4k,cut=pretoken]"
  private static let peaks = "EqualInfoAC[b=12,v=4k,cut=entropy]"

  private static let fields: [TableField<CellGroup>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer }, .text("size", "M2") { $0.size },
    .number("compressionRatio", "Bytes/token", .fixed(2), better: .higher) { $0.tokenization?.compressionRatio },
    .number("unigramBitsPerByte", "Unigram bits/byte", unit: "bits/byte", .fixed(3)) {
      $0.tokenization?.unigramBitsPerByte
    },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) { $0.bitsPerByteCell },
  ]
}
