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
      func slowest(_ name: String) -> (low: Double, high: Double)? {
        let speeds = all.first { $0.tokenizer == name }?.bytesPerSecond ?? []
        return speeds.min().flatMap { low in speeds.max().map { (low, $0) } }
      }
      func faster(_ statement: String, _ a: String, than b: String) -> Claim {
        guard let x = slowest(a), let y = slowest(b) else { return Claim(statement, .cannotTell, "not run") }
        return Claim(
          statement, x.low > y.high ? .seen : x.high < y.low ? .notSeen : .cannotTell,
          "\(a) \(short(x.low))–\(short(x.high)), \(b) \(short(y.low))–\(short(y.high)) bytes/s")
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
            "As many tokens as 1,000 bytes of the held-out text have, three times: sampling at temperature 0.8 with a KV cache on one thread, tokens turned into text included; the medians of the runs, "
              + "and their range in the claims. A model of AC or GZip makes tokens that decode to little, or end the code."
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

extension GenerationSpeed {
  var stepsPerSecond: [Double] { zip(tokens, seconds).map { Double($0) / $1 } }
  var bytesPerSecond: [Double] { zip(bytes, seconds).map { Double($0) / $1 } }
}

extension [Double] {
  fileprivate var middle: Double? { isEmpty ? nil : sorted()[count / 2] }
}
