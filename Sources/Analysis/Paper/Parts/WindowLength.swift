import Foundation
import Metrics
import Support

extension PaperPart {
  /// Bits/byte and bits/token against the length of a window.
  static let windowLength = PaperPart(
    "windows", title: "Window length", source: "figure 5, table 16",
    needs: { scale in
      var needs = PaperNeeds()
      let tokenizers = PaperTokenizers.vocabularies.flatMap { v in
        PaperTokenizers.windows.map { PaperTokenizers.greedy($0, v) }
      }
      needs.cells = [CellTable("windows", tokenizers, scale)]
      needs.samples = tokenizers
      return needs
    },
    run: { input in
      let rows = PaperTokenizers.vocabularies.flatMap { v in
        PaperTokenizers.windows.compactMap { bits -> WindowRow? in
          guard let group = input.cell("windows", PaperTokenizers.greedy(bits, v)), group.heldOut != nil else {
            return nil
          }
          return WindowRow(
            bits: bits, vocabulary: v, group: group,
            paper: printedSize(input.baseline).flatMap { printed(group.tokenizer, $0, input.baseline) })
        }
      }
      return PaperAnswer(
        claims: windowClaims(input),
        artifacts: [
          .table(Table(key: "paper-windows", rows, fields: fields)),
          .figure(
            figure(rows, "paper-windows-byte", "Bits/byte", "held-out bits/byte") { _ in 1 }),
          .figure(
            figure(rows, "paper-windows-token", "Bits/token", "held-out bits/token") {
              $0.group.tokenization?.compressionRatio
            }),
          .note(
            "The gain is what M2 saves of the bits of the best trivial model, with its 95% interval over examples. The paper's column is of its \(printedSize(input.baseline) ?? "M2"), the largest that has every row."
          ),
        ])
    })

  /// The paper's bits/byte of windows at a size.
  private static func printed(_ tokenizer: String, _ size: String, _ baseline: Baseline) -> Double? {
    ["main", "windowAblation"].lazy.compactMap { table in
      baseline.table(table)?.rows(where: ["tokenizer": tokenizer, "size": size]).first?.number("bitsPerByte")
    }.first
  }

  /// The paper's largest size that has all windows.
  private static func printedSize(_ baseline: Baseline) -> String? {
    (baseline.table("modelSizes")?.rows() ?? []).compactMap { $0.text("name") }.last { size in
      PaperTokenizers.vocabularies.allSatisfy { v in
        PaperTokenizers.windows.allSatisfy { printed(PaperTokenizers.greedy($0, v), size, baseline) != nil }
      }
    }
  }

  private struct WindowRow {
    let bits: Int
    let vocabulary: String
    let group: CellGroup
    let paper: Double?
    var bitsPerToken: Double? {
      group.heldOut.flatMap { score in group.tokenization?.compressionRatio.map { score.bitsPerByte * $0 } }
    }
  }

  private static let fields: [TableField<WindowRow>] = [
    .number("bits", "Window bits", unit: "bits", .integer) { Double($0.bits) },
    .text("vocabulary", "v") { $0.vocabulary },
    .number("compressionRatio", "Bytes/token", .fixed(2), better: .higher) { $0.group.tokenization?.compressionRatio },
    .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.group.bitsPerByteCell
    },
    .number("paperBitsPerByte", "Paper bits/byte", unit: "bits/byte", .fixed(2)) { $0.paper },
    .number("bitsPerToken", "Bits/token", unit: "bits/token", .fixed(2), better: .lower) { $0.bitsPerToken },
    .estimate("gain", "Gain", .percent(2), better: .higher) {
      .number($0.group.gain?.value, interval: $0.group.gain?.interval())
    },
  ]

  private static func figure(
    _ rows: [WindowRow], _ key: String, _ title: String, _ y: String, times factor: (WindowRow) -> Double?
  ) -> Figure {
    Figure(
      key: key, title: "\(title) against the length of a window", style: .points,
      x: .init("bits of a window", isLogarithmic: true), y: .init(y, isLogarithmic: true),
      series: PaperTokenizers.vocabularies.map { v in
        let own = rows.filter { $0.vocabulary == v }
        return .init(
          title: "v=\(v)", family: v,
          points: own.compactMap { row -> Figure.Point? in
            guard let score = row.group.heldOut, let factor = factor(row) else { return nil }
            return .init(
              x: Double(row.bits), y: factor * score.bitsPerByte,
              spread: score.interval.map { Interval(lower: factor * $0.lower, upper: factor * $0.upper) },
              label: row.bits == own.last?.bits ? "v=\(v)" : nil, isHollow: row.group.isLearned == false)
          })
      })
  }

  private static func windowClaims(_ input: PaperInput) -> [Claim] {
    PaperTokenizers.vocabularies.flatMap { v -> [Claim] in
      func cell(_ bits: Int) -> CellGroup? { input.cell("windows", PaperTokenizers.greedy(bits, v)) }
      let learned = "With v=\(v), M2 learns the less the longer the window: it gains more at 16 bits than at 128"
      return [
        .lower(
          "With v=\(v), windows of 16 bits have fewer bits/byte than those of 32", cell(16), than: cell(32), input.seeds
        ),
        .lower(
          "With v=\(v), bits/byte fall again from 32 to 128 bits, as in the paper below 2b", cell(128), than: cell(32),
          input.seeds),
        learnedMore(learned, cell(16)?.gain, than: cell(128)?.gain),
      ]
    }
  }

  /// That M2 gains more at 16 bits than at 128, if it gains anything at either.
  private static func learnedMore(
    _ statement: String, _ short: BootstrapEstimate?, than long: BootstrapEstimate?
  ) -> Claim {
    let claim = Claim.higher(statement, short, than: long) {
      String(format: "gains %.2f%% at 16, %.2f%% at 128", 100 * $0, 100 * $1)
    }
    guard let short, let long, max(short.interval().upper, long.interval().upper) < CellGroup.leastGain else {
      return claim
    }
    return Claim(statement, .cannotTell, claim.numbers + ": nothing at either")
  }
}
