import Metrics

extension RecordAnalysis {
  /// How sure the numbers are: intervals by what varies, and the paired difference from the best of each size.
  static let uncertainty = RecordAnalysis("uncertainty", title: "Uncertainty") { input in
    let groups = input.groups.filter { $0.heldOut != nil }
    guard !groups.isEmpty else { return [] }
    return [
      .table(
        Table(key: "uncertainty", groups, fields: fields(input))
          .withoutEmptyColumns(keeping: ["overExamples", "verdict"])),
      .note(
        "Intervals are 95%. Over examples the trained models stay as they are and the held-out text varies; over seeds "
          + "and examples both vary, seeds as Student's t says. The difference is paired: both models on the same "
          + "examples, so that what makes an example hard for all cancels. p, and with several seeds its interval, is of "
          + "a t-test on the examples' differences in nats, to which the variance between seeds is added where there are "
          + "several; p-values are not corrected for the number of comparisons."),
    ]
  }

  private static func fields(_ input: AnalysisInput) -> [TableField<CellGroup>] {
    [
      .text("tokenizer", "Tokenizer") { $0.tokenizer },
      .text("size", "M2") { $0.size },
      .number("seeds", "Seeds", .integer) { ($0.heldOut?.seeds.count).map(Double.init) },
      .estimate("overExamples", "Bits/byte, over examples", unit: "bits/byte", .fixed(3), better: .lower) {
        .number($0.heldOut?.bitsPerByte, interval: $0.heldOut?.overExamples?.interval())
      },
      .estimate("overSeedsAndExamples", "Over seeds and examples", unit: "bits/byte", .fixed(3), better: .lower) {
        .number(
          $0.heldOut?.overSeedsAndExamples?.value, interval: $0.heldOut?.overSeedsAndExamples?.interval())
      },
      .number("standardDeviation", "sd of seeds", unit: "bits/byte", .fixed(4)) {
        $0.heldOut?.seeds.standardDeviation
      },
      .estimate("difference", "Above the best", unit: "bits/byte", .signed(3), better: .lower) { group in
        let difference = input.differenceFromBest(group)
        return .number(difference?.bitsPerByte, interval: difference?.interval)
      },
      .number("pValue", "p", .significant) { input.differenceFromBest($0)?.test?.pValue },
      .text("verdict", "Verdict") { group in
        if input.best(size: group.size)?.tokenizer == group.tokenizer { return "lowest" }
        return input.differenceFromBest(group)?.isTie.map { $0 ? "≈ not told apart" : "told apart" }
      },
    ]
  }
}
