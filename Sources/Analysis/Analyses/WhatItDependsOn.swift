import Metrics
import Support

extension CrossAnalysis {
  /// Ranks and bits/byte under each axis side by side, and what needs no training of its own.
  static let whatItDependsOn = CrossAnalysis("axes", title: "What the answer depends on") { inputs in
    guard let axes = Axes(inputs) else { return [] }
    return [
      .note(
        "The same tokenizers under several settings, each an axis of the comparison: what is held equal differs, so that "
          + "bits/byte of two columns are not of one contest; ranks are within a column and size, among "
          + "as many as its heading says."
      ),
      .findings(definitions(axes)), .table(ranks(axes)), .table(bitsPerByte(axes)),
    ] + axes.sizes.map { .figure(figure(axes, size: $0)) } + [
      .table(costs(axes)),
      .note(
        "≈ not told apart from the lowest of its size under that axis (paired test, p ≥ 0.05); ○ not learned; △ not tuned, as others are. […] is the 95% "
          + "interval, as in each axis's own table. Costs are those under \"\(axes.names[0])\": inference counts M2 and "
          + "the tokenizer, training counts M2 and the whole of M1 where there is one."),
    ]
  }

  /// Every two tokenizers of a size, and how they stand under each axis.
  static let pairByPair = CrossAnalysis("pairs", title: "Differences pair by pair", isFolded: true) { inputs in
    guard let axes = Axes(inputs), !axes.pairs.isEmpty else { return [] }
    let columns = axes.names.indices.map { axis in
      TableField<Axes.Pair>.text("axis\(axis + 1)", axes.names[axis]) { word($0.relations[axis]) }
    }
    return [
      .table(
        Table(
          key: "pairs", axes.pairs,
          fields: [
            .text("a", "A") { $0.a.tokenizer }, .text("b", "B") { $0.b.tokenizer }, .text("size", "M2") { $0.a.size },
            .text("verdict", "Over all axes") { verdict($0) },
          ] + columns)),
      .note(
        "A lower: A has fewer bits/byte than B, told apart (paired test, p < 0.05); ≈: not told apart. p-values are not "
          + "corrected for the number of comparisons."),
    ]
  }

  private static func verdict(_ pair: Axes.Pair) -> String {
    if pair.survives { return "survives: \(word(pair.relations[0]) ?? "")" }
    if pair.turns { return "turns round" }
    return pair.isCompared ? "not told apart under some" : "not compared under some"
  }

  private static func word(_ relation: Axes.Relation) -> String? {
    switch relation {
    case .lower: "A lower"
    case .higher: "B lower"
    case .tie: "≈"
    case .untested: "untested"
    case .unscored: nil
    }
  }

  /// What tells each axis from the first, field by field.
  private static func definitions(_ axes: Axes) -> [Finding] {
    zip(axes.names, axes.inputs).enumerated().map { index, axis in
      let (name, input) = axis
      let scored = input.groups.count { $0.heldOut != nil }
      guard index > 0 else {
        return Finding("\(bold: name): \(scored) cells scored; what the others are compared with.")
      }
      let differences = input.protocol.differenceFindings(from: axes.inputs[0].protocol).map(\.text)
      return Finding("\(bold: name): \(scored) cells scored; \(differences.joined(separator: "; ")).")
    }
  }

  private static let cell: [TableField<Axes.Cell>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer }, .text("size", "M2") { $0.size },
  ]

  private static func ranks(_ axes: Axes) -> Table {
    let columns = axes.names.indices.map { axis in
      let among = unique(axes.scored(under: axis)).map { "\($0)" }.joined(separator: "/")
      return TableField<Axes.Cell>.estimate(
        "axis\(axis + 1)", "Rank of \(among), \(axes.names[axis])", .integer, better: .lower
      ) { cell in
        .number(axes.rank(cell, under: axis).map(Double.init), marks: marks(cell, axis, axes))
      }
    }
    return Table(key: "axis-ranks", axes.cells, fields: cell + columns)
  }

  private static func bitsPerByte(_ axes: Axes) -> Table {
    let columns = axes.names.indices.map { axis in
      TableField<Axes.Cell>.estimate(
        "axis\(axis + 1)", axes.names[axis], unit: "bits/byte", .fixed(3), better: .lower
      ) { cell in
        let estimate = axes.group(cell, under: axis)?.heldOut
        return .number(estimate?.bitsPerByte, interval: estimate?.interval)
      }
    }
    return Table(key: "axis-bits-per-byte", axes.cells, fields: cell + columns)
  }

  private static func marks(_ cell: Axes.Cell, _ axis: Int, _ axes: Axes) -> [Table.Mark] {
    guard let group = axes.group(cell, under: axis),
      case .number(_, _, let marks) = bitsPerByteCell(group, axes.inputs[axis])
    else { return [] }
    return marks
  }

  /// Axes that need no training of their own: what a byte and a step cost, and training with M1 counted whole.
  private static func costs(_ axes: Axes) -> Table {
    let measures:
      [(key: String, title: String, unit: String, better: Table.Better, value: @Sendable (CellGroup) -> Double?)] = [
        (
          "inference", "Inference FLOPs/byte", "FLOPs/byte", .lower,
          { group in
            group.representative.flops.map { $0.perByteAll + $0.tokenizerPerByte }
          }
        ),
        ("bytesPerStep", "Bytes/step", "bytes/step", .higher, { $0.tokenization?.compressionRatio }),
        (
          "training", "Training FLOPs with M1", "FLOPs", .lower,
          { group in
            group.representative.flops.map { $0.trainingAll + (group.m1?.trainingFLOPs ?? 0) }
          }
        ),
      ]
    let columns = measures.flatMap { measure -> [TableField<Axes.Cell>] in
      [
        .number(measure.key, measure.title, unit: measure.unit, .short, better: measure.better) {
          axes.group($0, under: 0).flatMap(measure.value)
        },
        .number(measure.key + "Rank", "Rank", .integer, better: .lower) { cell in
          axes.rank(cell, under: 0) { group in
            measure.value(group).map { measure.better == .lower ? $0 : -$0 }
          }.map(Double.init)
        },
      ]
    }
    return Table(key: "axis-costs", axes.cells, fields: cell + columns).withoutEmptyColumns()
  }

  /// A line a tokenizer over the axes: where lines cross, the answer depends on the axis.
  private static func figure(_ axes: Axes, size: String) -> Figure {
    Figure(
      key: "axes-\(size)", title: "Bits/byte under each axis, M2 of size \(size)", style: .points,
      x: .init("what is held equal", names: axes.names), y: .init("held-out bits/byte", isLogarithmic: true),
      series: axes.cells.filter { $0.size == size }.map { cell in
        let drawn = axes.names.indices.filter { axes.group(cell, under: $0)?.heldOut != nil }
        return Figure.Series(
          title: cell.tokenizer, family: cell.tokenizer,
          points: drawn.compactMap { axis in
            guard let group = axes.group(cell, under: axis), let estimate = group.heldOut else { return nil }
            return .init(
              x: Double(axis), y: estimate.bitsPerByte, spread: estimate.interval,
              label: axis == drawn.last ? cell.tokenizer : nil, isHollow: group.isLearned == false)
          })
      })
  }
}
