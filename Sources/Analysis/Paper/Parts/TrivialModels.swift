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
      let rows = input.measurements.samples.map { sample in
        let name = input.baseline.rowName(for: sample.tokenizer) ?? sample.tokenizer
        return TrivialRow(
          sample: sample,
          paper: input.baseline.table("trivialModelsBitsPerByte")?.rows(where: ["tokenizer": name]).first)
      }
      return PaperAnswer(
        claims: claims(input),
        artifacts: [
          .table(Table(key: "paper-trivial", rows, fields: fields)),
          .note(
            "Uniform: every token as likely as any other. Unigram: frequencies of the training text's first tokens, each "
              + "id counted once more. The gain is what unigram saves of uniform, with its 95% interval over examples."),
        ])
    })

  private struct TrivialRow {
    let sample: TokenSample
    let paper: Baseline.Row?
    /// (uniform − unigram) / uniform.
    var gain: (value: Double, interval: Interval?)? { unigramGain(sample) }
  }

  private static func unigramGain(_ sample: TokenSample) -> (value: Double, interval: Interval?)? {
    var resampling = Resampling()
    guard let uniform = sample.uniformScores, let unigram = sample.unigramScores else { return nil }
    let whole = uniform.bitsPerByte
    let difference = resampling.estimate(uniform).flatMap { a in
      resampling.estimate(unigram).map { (a - $0).interval() }
    }
    return (
      (whole - unigram.bitsPerByte) / whole,
      difference.map { Interval(lower: $0.lower / whole, upper: $0.upper / whole) }
    )
  }

  private static let fields: [TableField<TrivialRow>] = [
    .text("tokenizer", "Tokenizer") { $0.sample.tokenizer },
    .number("uniform", "Uniform", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.sample.uniformScores?.bitsPerByte
    },
    .number("paperUniform", "Paper", unit: "bits/byte", .fixed(3)) { $0.paper?.number("uniform") },
    .number("unigram", "Unigram", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.sample.unigramScores?.bitsPerByte
    },
    .number("paperUnigram", "Paper", unit: "bits/byte", .fixed(3)) { $0.paper?.number("unigram") },
    .estimate("gain", "Gain", .percent(2)) { .number($0.gain?.value, interval: $0.gain?.interval) },
    .number("paperGain", "Paper", .percent(2)) { row in
      row.paper?.number("uniform").flatMap { uniform in row.paper?.number("unigram").map { (uniform - $0) / uniform } }
    },
  ]

  private static func claims(_ input: PaperInput) -> [Claim] {
    func gain(_ tokenizer: String) -> (value: Double, interval: Interval?)? {
      input.sample(tokenizer).flatMap(unigramGain)
    }
    func small(_ statement: String, _ tokenizers: [String]) -> Claim {
      .all(
        statement,
        tokenizers.map { name in
          guard let gain = gain(name), let interval = gain.interval else {
            return Claim(statement, .cannotTell, "\(name) was not measured")
          }
          let verdict: Claim.Verdict =
            interval.upper < 0.01 ? .seen : interval.lower > 0.01 ? .notSeen : .cannotTell
          return Claim(statement, verdict, String(format: "%@ %.2f%%", name, 100 * gain.value))
        })
    }
    let windows = [16, 32, 64, 128].map { PaperTokenizers.greedy($0, "256") }
    let falling = "The longer the window, the less token frequencies help"
    return [
      small(
        "Token frequencies save less than 1% of the bits of AC, StaticAC and GZip",
        ["AC[v=256]", "StaticAC[v=256]", "GZip[v=256]"]),
      .all(
        falling,
        zip(windows, windows.dropFirst()).map { shorter, longer in
          guard let a = gain(shorter), let b = gain(longer), let x = a.interval, let y = b.interval else {
            return Claim(falling, .cannotTell, "\(shorter) or \(longer) was not measured")
          }
          let verdict: Claim.Verdict = x.lower > y.upper ? .seen : x.upper < y.lower ? .notSeen : .cannotTell
          return Claim(
            falling, verdict, String(format: "%@ %.2f%%, %@ %.2f%%", shorter, 100 * a.value, longer, 100 * b.value))
        }),
      .all(
        "They save a quarter and more of the bits of bytes and SentencePiece",
        ["Bytes", input.scale.sentencePiece].map { name in
          let own = gain(name)
          return .above("", 0.25, value: own?.value, interval: own?.interval) {
            String(format: "%@ %.1f%%", name, 100 * $0)
          }
        }),
    ]
  }
}
