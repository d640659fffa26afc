import Metrics
import Support

extension PaperPart {
  /// The same tokenizers over M1s of three budgets.
  static let m1Quality = PaperPart(
    "m1-quality", title: "M1's quality", source: "beyond the paper",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = (scale.otherM1Steps + [scale.m1.steps]).map { steps in
        CellTable(name(steps), tokenizers, scale, m1Steps: steps == scale.m1.steps ? nil : steps)
      }
      return needs
    },
    run: { input in
      let steps = input.scale.otherM1Steps + [input.scale.m1.steps]
      let rows = steps.flatMap { steps in
        tokenizers.compactMap { tokenizer -> M1Row? in
          input.cell(name(steps), tokenizer).flatMap { $0.heldOut == nil ? nil : M1Row(steps: steps, group: $0) }
        }
      }
      return PaperAnswer(
        claims: zip(tokenizers, ["AC", "windows of 12 bits", "padded windows of 16 bits"]).map { tokenizer, code in
          let statement = "The longer M1 is trained, the lower are M2's bits/byte over \(code)"
          return .all(
            statement,
            zip(steps, steps.dropFirst()).map { worse, better in
              .lower(
                statement, input.cell(name(better), tokenizer)?.heldOut, "\(better) steps",
                than: input.cell(name(worse), tokenizer)?.heldOut, "\(worse) steps",
                [tokenizer, tokenizer].compactMap(input.seeds.deviation))
            })
        },
        artifacts: [
          .figure(figure(rows)), .table(Table(key: "paper-m1-quality", rows, fields: fields)),
          .note("One size of M1 trained for so many steps; everything of M2 the same."),
        ])
    })

  private static let tokenizers = ["AC[v=256]", "EqualInfoAC[b=12,v=4k]", PaperTokenizers.greedy(16, "256")]
  private static func name(_ steps: Int) -> String { "M1 of \(steps) steps" }

  private struct M1Row {
    let steps: Int
    let group: CellGroup
  }

  private static let fields: [TableField<M1Row>] = [
    .text("tokenizer", "Tokenizer") { $0.group.tokenizer },
    .number("m1Steps", "M1's steps", .integer) { Double($0.steps) },
    .number("m1BitsPerByte", "M1 alone, bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.group.representative.m1BitsPerByte
    },
    .number("compressionRatio", "Bytes/token", .fixed(2), better: .higher) { $0.group.tokenization?.compressionRatio },
    .estimate("bitsPerByte", "M2 bits/byte", unit: "bits/byte", .fixed(3), better: .lower) {
      $0.group.bitsPerByteCell
    },
  ]

  private static func figure(_ rows: [M1Row]) -> Figure {
    Figure(
      key: "paper-m1-quality", title: "M2's bits/byte against M1's own", style: .points,
      x: .init("M1's bits/byte", isLogarithmic: false), y: .init("held-out bits/byte", isLogarithmic: false),
      series: tokenizers.map { tokenizer in
        let own = rows.filter { $0.group.tokenizer == tokenizer }
        return .init(
          title: tokenizer, family: tokenizer,
          points: own.compactMap { row in
            row.group.representative.m1BitsPerByte.flatMap { x in
              row.group.heldOut.map {
                .init(
                  x: x, y: $0.bitsPerByte, spread: $0.interval, label: row.steps == own.last?.steps ? tokenizer : nil,
                  isHollow: row.group.isLearned == false)
              }
            }
          })
      })
  }
}
