import Foundation
import Support

extension RecordAnalysis {
  /// What was compared, and how far the run is.
  static let overview = RecordAnalysis("overview", title: "What was compared") { input in
    var findings: [Finding] = []
    let records = input.records, finished = records.count { $0.isFinished }
    let cells = records.map { ReportPlan.Cell(tokenizer: $0.tokenizer, size: $0.size, seed: $0.seed) } + input.missing
    if !cells.isEmpty {
      findings.append(
        Finding(
          "\(finished) of \(cells.count) cells finished: \(unique(cells.map(\.tokenizer)).count) tokenizers, M2 of size "
            + "\(list(unique(cells.map(\.size)))), seed \(list(unique(cells.map { "\($0.seed)" })))."))
    }
    for text in unique(records.compactMap(\.heldOut).map { "\($0.bytes) bytes in \($0.exampleBytes.count) examples" }) {
      findings.append(
        Finding("Every tokenizer was scored on the same held-out text: \(text). Bits/byte: lower is better."))
    }
    for corpus in unique(records.compactMap(\.corpus)) {
      findings.append(
        Finding(
          """
          Corpus: \(list(corpus.files)), \(short(Double(corpus.trainingBytes)))B of training text, SHA-256 \
          \(code: corpus.trainingSHA256.prefix(16) + "…").
          """))
    }
    let embeddingRate = input.protocol.fields["m2.embeddingRate"].flatMap(Double.init) ?? 1
    let embedding = embeddingRate == 1 ? nil : "the embedding's \(short(embeddingRate)) times that"
    let referenceSteps = input.protocol.fields["m2.referenceSteps"].flatMap(Double.init)
    let trainings = records.compactMap { record in
      record.training.map { training in
        let rate = record.isTuned ? "tuned" : "\(training.learningRate)"
        let tokensPerStep = input.equalContext?.tokensPerStep ?? training.batch * training.sequenceLength
        let length = referenceSteps.map { "less in runs of more than \(Int($0 * Double(tokensPerStep) / 1024)) steps" }
        let details = [embedding, length].compactMap { $0 }.joined(separator: "; ")
        let own = details.isEmpty ? "" : " (\(details))"
        let step =
          input.equalContext.map { "about \($0.tokensPerStep) tokens a step in sequences of \($0.context)" }
          ?? "batch \(training.batch) × \(training.sequenceLength) tokens"
        return
          "\(training.optimizer), \(training.schedule) schedule, rate \(rate)\(own), \(step), \(training.precision)"
      }
    }
    for training in unique(trainings) { findings.append(Finding("Training: \(training).")) }
    if !input.missing.isEmpty {
      let names = unique(input.missing.map { "\($0.tokenizer) \($0.size)" })
      findings.append(
        Finding("Not run yet: \(input.missing.count) cells of \(list(Array(names.prefix(6)), more: names.count - 6))."))
    }
    return findings.isEmpty ? [] : [.findings(findings)]
  }
}

/// "a, b and 3 more".
func list(_ items: [String], more: Int = 0) -> String {
  items.joined(separator: ", ") + (more > 0 ? " and \(more) more" : "")
}

/// Bits/byte for a sentence: three digits after the point.
func bits(_ value: Double) -> String { String(format: "%.3f", value) }

/// ", 95% interval a–b", or nothing.
func between(_ estimate: ScoreEstimate) -> String {
  estimate.interval.map { " (95% interval \(bits($0.lower))–\(bits($0.upper)))" } ?? ""
}
