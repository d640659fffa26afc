import Metrics
import Support

extension PaperPart {
  /// The same trained models on texts of other kinds.
  static let otherTexts = PaperPart(
    "texts", title: "Texts of other kinds", source: "beyond the paper",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("main", PaperTokenizers.main(scale), scale)]
      return needs
    },
    run: { input in
      guard let table = input.tables["main"] else { return PaperAnswer(claims: [], artifacts: []) }
      let learned = table.groups.filter { $0.heldOut != nil && $0.isLearned != false }
      let best = learned.min { ($0.heldOut?.bitsPerByte ?? 0) < ($1.heldOut?.bitsPerByte ?? 0) }
      return PaperAnswer(
        claims: table.furtherTexts.map { text, estimates in
          let statement = "Of what M2 learned, the tokenizer that is lowest on held-out text is lowest on '\(text)' too"
          func estimate(_ group: CellGroup) -> ScoreEstimate? {
            table.groups.firstIndex { $0.label == group.label }.flatMap { estimates[$0] }
          }
          guard let best, let own = estimate(best) else { return Claim(statement, .cannotTell, "not run") }
          let all = Claim.all(
            statement,
            learned.filter { $0.label != best.label }.map {
              .lower(statement, own, best.label, than: estimate($0), $0.label)
            })
          let order = learned.compactMap { group in estimate(group).map { (group.tokenizer, $0.bitsPerByte) } }
            .sorted { $0.1 < $1.1 }
          return Claim(
            statement, all.verdict,
            "\(best.tokenizer) on held-out text; here "
              + list(order.prefix(3).map { "\($0.0) \(bits($0.1))" }, more: order.count - 3))
        },
        artifacts: RecordAnalysis.furtherTexts.run(table).map { $0.renamed(prefix: "paper") } + [
          .note(
            "The claims are of what M2 learned, without ○: by codes that it learned nothing from, a text has the bits that the code has. "
              + "What another seed changes on these texts is not known, and does not count.")
        ])
    })
}
