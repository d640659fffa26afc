import Foundation
import Metrics
import Support

extension PaperPart {
  /// Steps/s and bytes/s of models that write.
  static let generationSpeed = PaperPart(
    "generation", title: "Speed of generation", source: "beyond the paper",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("main", PaperTokenizers.main(scale), scale)]
      needs.generated = ["main"]
      return needs
    },
    run: { input in
      let all = input.measurements.generation
      /// By the ranges of the runs: by chance five and five lie wholly apart once in 126 times, three and three once in 10.
      func faster(_ statement: String, _ a: String, than b: String) -> Claim {
        let speeds = [a, b].map { name in all.first { $0.tokenizer == name }?.bytesPerSecond ?? [] }
        guard let x = Interval(of: speeds[0]), let y = Interval(of: speeds[1]) else {
          return Claim(statement, .cannotTell, "not run")
        }
        let areEnough = speeds.allSatisfy { $0.count >= 4 }
        return Claim(
          statement, areEnough && x.lower > y.upper ? .seen : areEnough && x.upper < y.lower ? .notSeen : .cannotTell,
          "\(a) \(short(x.lower))–\(short(x.upper)), \(b) \(short(y.lower))–\(short(y.upper)) bytes/s")
      }
      let windows = PaperTokenizers.greedy(16, "256")
      return PaperAnswer(
        claims: [
          faster(
            "A model of SentencePiece writes more bytes/s than one of bytes", input.scale.sentencePiece, than: "Bytes"),
          faster(
            "A model of windows of 16 bits in tokens of 8 writes more bytes/s than one of bytes", windows, than: "Bytes"
          ),
          faster(
            "A model of windows of 16 bits in tokens of 16 writes more bytes/s than one of bytes",
            PaperTokenizers.greedy(16, "65k"), than: "Bytes"),
        ],
        artifacts: [
          .table(Table(key: "paper-generation", all, fields: fields)),
          .note(
            "As many tokens as 1,000 bytes of the held-out text have, \(all.first?.seconds.count ?? 0) times: sampling at temperature 0.8 "
              + "with a KV cache on one thread, tokens turned into text included; the medians of the runs, and their ranges in the claims. "
              + "Tokens and bytes are of all runs together; where bytes are few, what the model wrote decodes to little."
          ),
        ])
    })

  private static let fields: [TableField<GenerationSpeed>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer }, .text("size", "M2") { $0.size },
    .number("tokens", "Tokens", .integer) { Double($0.tokens.reduce(0, +)) },
    .number("bytes", "Bytes", .integer) { Double($0.bytes.reduce(0, +)) },
    .number("stepsPerSecond", "Steps/s", unit: "steps/s", .short, better: .higher) { $0.stepsPerSecond.middle },
    .number("bytesPerSecond", "Bytes/s", unit: "bytes/s", .short, better: .higher) { $0.bytesPerSecond.middle },
  ]
}

extension Interval {
  /// From the lowest to the highest; nil of none.
  fileprivate init?(of values: [Double]) {
    guard let lower = values.min(), let upper = values.max() else { return nil }
    self.init(lower: lower, upper: upper)
  }
}

extension GenerationSpeed {
  var stepsPerSecond: [Double] { zip(tokens, seconds).map { Double($0) / $1 } }
  var bytesPerSecond: [Double] { zip(bytes, seconds).map { Double($0) / $1 } }
}

extension [Double] {
  fileprivate var middle: Double? { isEmpty ? nil : sorted()[count / 2] }
}
