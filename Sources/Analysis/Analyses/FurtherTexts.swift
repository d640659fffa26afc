import Metrics

extension RecordAnalysis {
  /// The same trained models on texts of other kinds.
  static let furtherTexts = RecordAnalysis("texts", title: "Scores on further texts") { input in
    guard !input.furtherTexts.isEmpty else { return [] }
    let rows = Array(input.groups.enumerated())
    let texts: [TableField<(offset: Int, element: CellGroup)>] = input.furtherTexts.map { text, estimates in
      .estimate(text, text, unit: "bits/byte", .fixed(3), better: .lower) { row in
        .number(
          estimates[row.offset]?.bitsPerByte, interval: estimates[row.offset]?.interval, marks: row.element.scoreMarks)
      }
    }
    let fields: [TableField<(offset: Int, element: CellGroup)>] =
      [
        .text("tokenizer", "Tokenizer") { $0.element.tokenizer },
        .text("size", "M2") { $0.element.size },
        .estimate("heldOut", "Held-out", unit: "bits/byte", .fixed(3), better: .lower) {
          $0.element.bitsPerByteCell
        },
      ] + texts
    let counts = input.furtherTexts.map { text, estimates in
      "\(text) has \(estimates.lazy.compactMap { $0?.scores.first?.bytes.count }.first ?? 0) examples"
    }
    return [
      .table(Table(key: "texts", rows, fields: fields)),
      .note(
        "Bits/byte of texts that the models were not trained for, by the same trained models: \(list(counts))."),
    ]
  }
}
