import Foundation
import Metrics

extension PaperPart {
  /// Bits/byte of two models that know nothing of order.
  static let trivialModels = PaperPart(
    "table-3", title: "Trivial models", source: "table 3",
    needs: { scale in
      var needs = PaperNeeds()
      needs.samples =
        ["Bytes", scale.sentencePiece, "AC[v=256]", "StaticAC[v=256]"]
        + [16, 32, 64, 128].map { PaperTokenizers.greedy($0, "256") } + ["GZip[v=256]", "EqualInfoAC[b=16,v=256]"]
      return needs
    },
    run: { input in
      var resampling = Resampling()
      let rows = input.measurements.samples.map { sample in
        let name = input.baseline.rowName(for: sample.tokenizer) ?? sample.tokenizer
        return TrivialRow(
          sample: sample, gain: gain(sample, &resampling),
          paper: input.baseline.table("trivialModelsBitsPerByte")?.rows(where: ["tokenizer": name]).first)
      }
      return PaperAnswer(
        claims: claims(rows, input.scale),
        artifacts: [
          .table(Table(key: "paper-trivial", rows, fields: fields)),
          .note(
            "Uniform: every token as likely as any other. Unigram: frequencies of the first 2 MiB of training text, each "
              + "id counted once more. The gain is what unigram saves of uniform, with its 95% interval over examples."),
        ])
    })

  private struct TrivialRow {
    let sample: TokenSample
    /// (uniform − unigram) / uniform.
    let gain: BootstrapEstimate?
    let paper: Baseline.Row?
  }

  private static func gain(_ sample: TokenSample, _ resampling: inout Resampling) -> BootstrapEstimate? {
    guard let uniform = sample.uniformScores, let unigram = sample.unigramScores else { return nil }
    return resampling.saving(unigram, of: uniform)
  }

  private static let fields: [TableField<TrivialRow>] = [
    .text("tokenizer", "Tokenizer") { $0.sample.tokenizer },
    .number("uniform", "Uniform bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.sample.uniformScores?.bitsPerByte
    },
    .number("paperUniform", "Paper's uniform", unit: "bits/byte", .fixed(3)) { $0.paper?.number("uniform") },
    .number("unigram", "Unigram bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.sample.unigramScores?.bitsPerByte
    },
    .number("paperUnigram", "Paper's unigram", unit: "bits/byte", .fixed(3)) { $0.paper?.number("unigram") },
    .estimate("gain", "Gain", .percent(2)) { .number($0.gain?.value, interval: $0.gain?.interval()) },
    .number("paperGain", "Paper's gain", .percent(2)) { row in
      row.paper?.number("uniform").flatMap { uniform in row.paper?.number("unigram").map { (uniform - $0) / uniform } }
    },
  ]

  private static func claims(_ rows: [TrivialRow], _ scale: PaperScale) -> [Claim] {
    func gain(_ tokenizer: String) -> BootstrapEstimate? { rows.first { $0.sample.tokenizer == tokenizer }?.gain }
    let little = "Token frequencies save less than 1% of the bits of AC, StaticAC and GZip"
    let windows = [16, 32, 64, 128].map { PaperTokenizers.greedy($0, "256") }
    let falling = "The longer the window, the less token frequencies help"
    let much = "Token frequencies save a quarter and more of the bits of bytes and SentencePiece"
    func percent(_ name: String) -> String? { gain(name).map { name + String(format: " %.2f%%", 100 * $0.value) } }
    return [
      .all(
        little,
        ["AC[v=256]", "StaticAC[v=256]", "GZip[v=256]"].map { name in
          gain(name).map { .below(little, $0, 0.01) { "\(name) \($0)" } }
            ?? Claim(little, .cannotTell, "\(name) was not measured")
        }),
      .all(
        falling,
        zip(windows, windows.dropFirst()).map { shorter, longer in
          .higher(falling, gain(shorter), than: gain(longer)) {
            String(format: "%@ %.2f%%, %@ %.2f%%", shorter, 100 * $0, longer, 100 * $1)
          }
        }, seen: list(windows.compactMap(percent))),
      .all(
        much,
        ["Bytes", scale.sentencePiece].map { name in
          let own = gain(name)
          return .above(much, 0.25, value: own?.value, interval: own?.interval(), in: .percent) { "\(name) \($0)" }
        }),
    ]
  }
}
