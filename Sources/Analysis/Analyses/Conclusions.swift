import Foundation
import Metrics
import Records
import Support

extension RecordAnalysis {
  /// Best of each size, ties, who learned and who did not, against bytes, steps: sentences from numbers.
  static let conclusions = RecordAnalysis("conclusions", title: "What to conclude") { input in
    let findings = input.sizes.flatMap { conclusions(size: $0, input) } + m1Findings(input)
    return findings.isEmpty ? [] : [.findings(findings)]
  }

  private static func conclusions(size: String, _ input: AnalysisInput) -> [Finding] {
    let scored = input.groups.filter { $0.size == size && $0.heldOut != nil }
      .sorted { ($0.heldOut?.bitsPerByte ?? 0) < ($1.heldOut?.bitsPerByte ?? 0) }
    guard let best = scored.first, let value = best.heldOut else { return [] }
    guard scored.count > 1 else {
      return [Finding("At size \(size) only \(best.tokenizer) is scored: \(bits(value.bitsPerByte))\(between(value)).")]
    }
    var lines: [String] = []
    let own = best.isLearned == false ? "; M2 did not learn it, so these are the tokenizer's own bits" : ""
    lines.append(
      "At size \(size), \(best.tokenizer) has the lowest bits/byte of \(scored.count) tokenizers, "
        + "\(bits(value.bitsPerByte))\(between(value))\(own).")
    let others = scored.dropFirst(), ties = others.filter { input.differenceFromBest($0)?.isTie == true }
    let untested = others.filter { input.differenceFromBest($0)?.isTie == nil }
    if !ties.isEmpty {
      lines.append("Not told apart from it (paired test, p ≥ 0.05): \(list(ties.map(\.tokenizer))).")
    } else if untested.isEmpty {
      lines.append("Every other tokenizer is told apart from it (paired test, p < 0.05).")
    }
    if !untested.isEmpty { lines.append("Untested against it: \(list(untested.map(\.tokenizer))).") }
    let unlearned = scored.filter { $0.isLearned == false }
    if !unlearned.isEmpty {
      lines.append(
        "M2 of size \(size) learned nothing beyond token frequencies from \(list(unlearned.map(\.tokenizer))).")
      if let learned = scored.first(where: { $0.isLearned == true }), let value = learned.heldOut,
        learned.tokenizer != best.tokenizer
      {
        lines.append(
          "Of those it learned, \(learned.tokenizer) is lowest, \(bits(value.bitsPerByte))\(between(value)).")
      }
    }
    if let bytes = input.byteLevel(size: size), let reference = bytes.heldOut {
      lines.append(contentsOf: againstBytes(bytes, reference, scored))
    }
    if let fastest = scored.max(by: { ratio($0) < ratio($1) }), ratio(fastest) > 0 {
      lines.append(
        "Fewest autoregressive steps at size \(size): \(fastest.tokenizer), "
          + String(format: "%.2f bytes/step.", ratio(fastest)))
    }
    return lines.map(Finding.init)
  }

  private static func againstBytes(_ bytes: CellGroup, _ reference: ScoreEstimate, _ scored: [CellGroup]) -> [String] {
    let better = scored.filter { group in
      guard group.tokenizer != bytes.tokenizer, let estimate = group.heldOut else { return false }
      let difference = ScoreEstimate.difference(estimate, minus: reference)
      return estimate.bitsPerByte < reference.bitsPerByte && difference?.isTie != true
    }
    return [
      "Better than \(bytes.tokenizer) (\(bits(reference.bitsPerByte))), and told apart from it: "
        + (better.isEmpty ? "none." : "\(list(better.map(\.tokenizer))).")
    ]
  }

  /// What M1 cost beside the budget, and whose bits are M1's own.
  private static func m1Findings(_ input: AnalysisInput) -> [Finding] {
    input.m1s.flatMap { m1 -> [Finding] in
      let users = input.groups.filter { $0.m1?.fingerprint == m1.fingerprint }
      var findings = [Finding(account(of: m1, to: users, input))]
      let echoes = users.filter { group in
        guard group.isLearned == false, let own = group.representative.m1BitsPerByte,
          let value = group.heldOut?.bitsPerByte
        else { return false }
        return abs(value / own - 1) < 0.01
      }
      if let own = echoes.first?.representative.m1BitsPerByte {
        findings.append(
          Finding(
            "The bits/byte of \(list(unique(echoes.map(\.tokenizer)))) are M1's own, within 1% of its \(bits(own)): "
              + "M2 added nothing to the code."))
      }
      return findings
    }
  }

  /// What M1's training cost, and what of it the budget paid for, each by its own way of counting.
  private static func account(of m1: RunRecord.M1, to users: [CellGroup], _ input: AnalysisInput) -> String {
    let fields = input.protocol.fields, names = list(unique(users.map(\.tokenizer)))
    let isEverything = fields["match.flops"] ?? "all" == "all"
    let budget = fields["match.by"] ?? "flops" == "flops" ? fields["match.budget"].flatMap(Double.init) : nil
    var text =
      "M1 (size \(m1.size), context \(m1.contextLength)) was trained with \(short(m1.trainingFLOPs)) FLOPs, "
      + "everything counted"
    if let budget, isEverything {
      text += String(format: ", %.1f times the budget of a cell", m1.trainingFLOPs / budget)
    }
    text += "."
    if let budget, let counted = users.lazy.compactMap({ $0.representative.flops?.m1Counted }).first {
      text +=
        " Each cell of \(names) pays \(short(counted)) of its budget of \(short(budget)) FLOPs for it"
        + (isEverything ? "." : ", the embedding not counted.")
    } else if fields["match.m1"] == nil {
      text += " No budget pays for it: \(names) start from what it learned."
    }
    return text
  }

  private static func ratio(_ group: CellGroup) -> Double { group.tokenization?.compressionRatio ?? 0 }
}
