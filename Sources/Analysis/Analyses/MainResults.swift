import Metrics
import Records
import Support

extension RecordAnalysis {
  /// The main table: bits/byte of every tokenizer and size, with what it costs and the models that know nothing.
  static let mainResults = RecordAnalysis("main", title: "Results") { input in
    guard !input.groups.isEmpty else { return [] }
    let rows = input.groups.map(ResultRow.cell) + input.m1Scores.map(ResultRow.m1)
    var notes = [
      "Uniform and unigram are the bits/byte of two models that know nothing of order, over the same tokens: every token "
        + "as likely as any other, and training-set token frequencies. Bytes/token are also the bytes that an "
        + "autoregressive step yields. The tokenizer's FLOPs/byte come on top of M2's."
    ]
    notes += intervalNotes(input.groups)
    if input.groups.contains(where: { input.differenceFromBest($0)?.isTie == true }) {
      notes.append("≈ not told apart from the best of its size (paired test, p ≥ 0.05).")
    }
    if input.groups.contains(where: { $0.isLearned == false }) {
      notes.append(
        input.groups.contains { $0.gain != nil }
          ? "○ not learned: M2 does not save more than 1% of the best trivial model's bits, by the interval of what it saves."
          : "○ not learned: M2 is not better than the better trivial model by more than its interval.")
    }
    if input.groups.contains(where: { isNotedAsUntuned($0, input) }) {
      notes.append(
        "△ not tuned: trained at the learning rate that was given, where others of this report have their own.")
    }
    if input.groups.contains(where: \.isLossy) {
      notes.append(
        "‡ of a lossy code: the text does not come back from these tokens, so that M2's bits may leave some of it out.")
    }
    if rows.count > input.groups.count {
      notes.append(
        "\"M1 alone\" is M1's own bits/byte of the same text, as the coder sees it: what a perfect code by it costs."
      )
    }
    notes += stepNotes(input)
    return [.table(Table(key: "main", rows, fields: fields(input)).withoutEmptyColumns(keeping: ["bitsPerByte"]))]
      + notes.map { .note(RichText($0)) }
  }

  private enum ResultRow {
    case cell(CellGroup)
    case m1(AnalysisInput.M1Score)

    var group: CellGroup? { if case .cell(let group) = self { group } else { nil } }
    var tokenization: RunRecord.Tokenization? { group?.tokenization }
  }

  private static func fields(_ input: AnalysisInput) -> [TableField<ResultRow>] {
    [
      .text("tokenizer", "Tokenizer") { row in
        switch row {
        case .cell(let group): group.tokenizer
        case .m1(let m1): AnalysisInput.name(of: m1.m1)
        }
      },
      .text("size", "M2") { $0.group?.size },
      .number("vocabularySize", "Vocabulary", .integer) { $0.tokenization.map { Double($0.vocabularySize) } },
      .number("compressionRatio", "Bytes/token", .fixed(2), better: .higher) { $0.tokenization?.compressionRatio },
      .number("bitCompressionRatio", "Bit ratio", .fixed(2), better: .higher) { $0.tokenization?.bitCompressionRatio },
      .number("uniformBitsPerByte", "Uniform", unit: "bits/byte", .fixed(3)) { $0.tokenization?.uniformBitsPerByte },
      .number("unigramBitsPerByte", "Unigram", unit: "bits/byte", .fixed(3)) { $0.tokenization?.unigramBitsPerByte },
      .estimate("bitsPerByte", "M2 bits/byte", unit: "bits/byte", .fixed(3), better: .lower) { row in
        switch row {
        case .cell(let group): bitsPerByteCell(group, input)
        case .m1(let m1): .number(m1.bitsPerByte)
        }
      },
      .number("flopsPerByte", "M2 FLOPs/byte", unit: "FLOPs/byte", .short, better: .lower) {
        $0.group?.representative.flops?.perByteAll
      },
      .number("tokenizerFLOPsPerByte", "Tokenizer FLOPs/byte", unit: "FLOPs/byte", .short, better: .lower) {
        $0.tokenization?.flopsPerByte
      },
      .number("m2FLOPs", "M2's training FLOPs", unit: "FLOPs", .short) {
        $0.group?.representative.flops.flatMap { $0.m1Counted == nil ? nil : $0.trainingAll }
      },
      .number("m1Counted", "M1's, counted", unit: "FLOPs", .short) { $0.group?.representative.flops?.m1Counted },
      .number("trainingTokens", "Training tokens", unit: "tokens", .short) {
        $0.group?.representative.training.map { Double($0.tokens) }
      },
      .number("trainingBytes", "Training bytes", unit: "bytes", .short) { $0.group?.representative.training?.bytes },
      .text("roundTrip", "Round trip") { row in
        row.tokenization.map { $0.roundTrips ? ($0.isLossless ? "yes" : "yes (lossy on other text)") : "no" }
      },
    ]
  }
}

/// Held-out bits/byte with its interval and what is to be said of it.
func bitsPerByteCell(_ group: CellGroup, _ input: AnalysisInput) -> Table.Cell {
  var marks: [Table.Mark] = []
  if input.differenceFromBest(group)?.isTie == true { marks.append(.tied) }
  if group.isLearned == false { marks.append(.notLearned) }
  if isNotedAsUntuned(group, input) { marks.append(.untuned) }
  if group.isLossy { marks.append(.lossy) }
  return .number(group.heldOut?.bitsPerByte, interval: group.heldOut?.interval, marks: marks)
}

private func isNotedAsUntuned(_ group: CellGroup, _ input: AnalysisInput) -> Bool {
  input.isBesideTuned && group.heldOut != nil && !group.isTuned
}

/// What the intervals of these rows allow to vary.
private func intervalNotes(_ groups: [CellGroup]) -> [String] {
  let variations = Set(groups.compactMap { $0.heldOut?.variation })
  var notes: [String] = []
  if variations.contains(.seedsAndExamples) {
    notes.append(
      "[…] is the 95% interval over seeds and held-out examples (bootstrap, seeds as Student's t says): other seeds and other text of this kind."
    )
  }
  if variations.contains(.examples) {
    notes.append(
      (variations.count > 1 ? "For rows of one seed it is" : "[…] is")
        + " the 95% interval over held-out examples (BCa bootstrap): other text of this kind, the same trained model. One "
        + "seed says nothing of how much another would differ.")
  }
  return notes
}

/// Whose steps are of other sizes than the file's, where the context is of equal bytes and whole sequences fill no step.
private func stepNotes(_ input: AnalysisInput) -> [String] {
  guard let (context, wanted) = input.equalContext else { return [] }
  let uneven = input.groups.compactMap { group -> String? in
    guard let training = group.representative.training else { return nil }
    let tokens = training.batch * training.sequenceLength
    return abs(Double(tokens) / Double(wanted) - 1) > 0.1 ? "\(group.tokenizer) (\(tokens))" : nil
  }
  guard !uneven.isEmpty else { return [] }
  return [
    "Sequences of \(context) do not fill a step of \(wanted) tokens whole. More than a tenth off, so that batch size "
      + "differs too: \(list(unique(uneven)))."
  ]
}
