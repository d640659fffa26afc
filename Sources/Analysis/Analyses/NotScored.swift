import Support

extension RecordAnalysis {
  /// Cells that failed or do not round-trip, with the reason, and cells not run yet.
  static let notScored = RecordAnalysis("not-scored", title: "Not scored") { input in
    let failed = input.groups.compactMap { group in
      group.problem.map { Finding("\(group.tokenizer), \(group.size): \($0)") }
    }
    let missing = unique(input.missing.map { "\($0.tokenizer), \($0.size)" }).map { name in
      let seeds = input.missing.filter { "\($0.tokenizer), \($0.size)" == name }.map { "\($0.seed)" }
      return Finding("\(name), seed \(list(seeds)): not run yet")
    }
    return failed.isEmpty && missing.isEmpty ? [] : [.findings(failed + missing)]
  }
}
