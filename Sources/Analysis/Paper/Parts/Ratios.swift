import Foundation
import Metrics
import Support

extension PaperPart {
  /// Bytes/token of every setting.
  static let ratios = PaperPart(
    "ratios", title: "Compression ratios", source: "tables 1, 2 and 12",
    needs: { scale in
      var needs = PaperNeeds()
      needs.samples = ["Bytes", scale.sentencePiece] + PaperTokenizers.vocabularies.flatMap(settings)
      needs.shortSamples = ["AC[v=256]"]
      return needs
    },
    run: { input in
      let rows = input.measurements.samples.map { sample in
        RatioRow(
          sample: sample,
          paper: sample.exampleSize == input.scale.exampleBytes
            ? printedRatio(of: sample.tokenizer, input.baseline)
            : input.baseline.number("setup", "arithmeticCoder", "ratioAt1024"),
          paperBits: sample.exampleSize == input.scale.exampleBytes
            ? input.baseline.value(
              "bitCompressionRatio", of: input.baseline.rowName(for: sample.tokenizer) ?? sample.tokenizer) : nil)
      }
      return PaperAnswer(
        claims: claims(input),
        artifacts: [
          .table(Table(key: "paper-ratios", rows, fields: fields)),
          .note(
            "Bytes/token of the held-out text with the 95% interval over its examples; bit ratio: 8 bits a byte over the "
              + "bits that a token can carry. Comes back: whether the tokens decode to the text. "
              + "\(input.scale.sentencePiece) stands beside the paper's SentencePiece of "
              + "\(short(input.baseline.number("setup", "sentencePiece", "vocabulary"))) pieces. What AC and windows hold is M1's "
              + "doing: here of size \(input.scale.m1.size) after \(short(Double(input.scale.m1.steps))) steps of "
              + "\(input.scale.m1.batch) sequences, in the paper after \(short(input.baseline.number("setup", "m1", "steps"))) of "
              + "\(short(input.baseline.number("setup", "m1", "batch")))."),
        ])
    })

  /// The paper's bytes/token of a tokenizer, or of its family; of GZip from the table about its header, which has both.
  private static func printedRatio(of tokenizer: String, _ baseline: Baseline) -> Double? {
    baseline.table("gzipHeader25m")?.rows(where: ["tokenizer": tokenizer]).first?.number("compressionRatio")
      ?? baseline.value("compressionRatio", of: tokenizer)
      ?? baseline.rowName(for: tokenizer).flatMap { baseline.value("compressionRatio", of: $0) }
  }

  /// Every code in tokens of one size.
  private static func settings(_ v: String) -> [String] {
    var names = ["GZip[v=\(v)]", "GZip[v=\(v),header=off]", "AC[v=\(v)]", "StaticAC[v=\(v)]"]
    names += PaperTokenizers.windows.map { PaperTokenizers.greedy($0, v) }
    names.append("EqualInfoAC[b=16,v=\(v),end=delay]")
    names += ["2", "never"].map { PaperTokenizers.greedy(16, v, reset: $0) }
    names.append("EqualInfoAC[b=16,v=\(v)]")
    return names
  }

  private struct RatioRow {
    let sample: TokenSample
    let paper, paperBits: Double?
  }

  private static let fields: [TableField<RatioRow>] = [
    .text("tokenizer", "Tokenizer") { $0.sample.tokenizer },
    .number("exampleBytes", "Example bytes", unit: "bytes", .integer) { Double($0.sample.exampleSize) },
    .estimate("compressionRatio", "Bytes/token", .fixed(3), better: .higher) { row in
      var resampling = Resampling()
      // Tokens/byte, whose ends change places.
      let interval = row.sample.rate.flatMap { resampling.estimate($0) }?.interval()
      return .number(
        row.sample.ratio, interval: interval.map { Interval(lower: 1 / $0.upper, upper: 1 / $0.lower) })
    },
    .number("paperCompressionRatio", "Paper bytes/token", .fixed(2)) { $0.paper },
    .number("bitCompressionRatio", "Bit ratio", .fixed(3), better: .higher) { $0.sample.bitRatio },
    .number("paperBitCompressionRatio", "Paper bit ratio", .fixed(2)) { $0.paperBits },
    .text("roundTrip", "Comes back") { $0.sample.roundTripProblem == nil ? "yes" : "no" },
  ]

  private static func claims(_ input: PaperInput) -> [Claim] {
    let windows = PaperTokenizers.windows.map { input.sample(PaperTokenizers.greedy($0, "256")) }
    let header = "Without zlib's header a token of GZip holds more"
    return [
      .evermore(
        "The longer the window, the more bytes a token holds, and whole examples by AC hold the most",
        windows + [input.sample("AC[v=256]")]),
      doubled(input),
      .all(
        header,
        PaperTokenizers.vocabularies.map {
          .fewerTokens(header, input.sample("GZip[v=\($0),header=off]"), than: input.sample("GZip[v=\($0)]"))
        }), longContext(input),
    ]
  }

  /// That tokens of 16 bits hold twice as much as those of 8, within 1%.
  private static func doubled(_ input: PaperInput) -> Claim {
    let statement = "Of one code, tokens of 16 bits hold twice the bytes of tokens of 8"
    let names = ["AC[v=", "StaticAC[v=", "GZip[v="]
    return .all(
      statement,
      names.map { name in
        guard let small = input.sample(name + "256]")?.ratio, let large = input.sample(name + "65k]")?.ratio else {
          return Claim(statement, .cannotTell, "\(name)…] was not measured")
        }
        return Claim(
          statement, abs(large / small - 2) < 0.02 ? .seen : .notSeen,
          String(format: "%@ %.3f times", name.replacing("[v=", with: ""), large / small))
      })
  }

  /// That AC holds more of long examples than of short ones: texts that are not paired.
  private static func longContext(_ input: PaperInput) -> Claim {
    let statement = "AC holds more of examples of \(input.scale.exampleBytes) bytes than of 1024"
    var resampling = Resampling()
    guard let long = input.sample("AC[v=256]"), let short = input.sample("AC[v=256]", exampleSize: 1024),
      let a = long.rate.flatMap({ resampling.estimate($0) }), let b = short.rate.flatMap({ resampling.estimate($0) }),
      let spreadA = Summary(a.replicates)?.standardDeviation, let spreadB = Summary(b.replicates)?.standardDeviation
    else { return Claim(statement, .cannotTell, "nothing was measured") }
    // Tokens/byte: the fewer, the more a token holds. What is saved of them, and to the first order its spread.
    let ratio = a.value / b.value, (ownA, ownB) = (spreadA / a.value, spreadB / b.value)
    let saved = 1 - ratio, reach = 1.96 * ratio * (ownA * ownA + ownB * ownB).squareRoot()
    return .above(
      statement, value: saved, interval: Interval(lower: saved - reach, upper: saved + reach), in: .percent
    ) { String(format: "%.3f and %.3f bytes/token, ", 1 / a.value, 1 / b.value) + "\($0) fewer tokens" }
  }
}
