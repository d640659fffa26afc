import Metrics
import Support

extension PaperPart {
  /// Bits/byte against what a byte costs and what a step yields, over three sizes.
  static let mainResult = PaperPart(
    "main", title: "Main result", source: "figures 3 and 4, table 15",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [
        CellTable("main", PaperTokenizers.main(scale), scale, sizes: scale.sizes),
        // As the paper trains: every size on as many tokens.
        CellTable("equalTokens", grown(scale), scale, sizes: scale.sizes, match: .tokens(2 * scale.tokens)),
      ]
      needs.samples = PaperTokenizers.main(scale)
      return needs
    },
    run: { input in
      let analyses: [RecordAnalysis] = [.mainResults, .costPlots, .besideThePaper]
      return PaperAnswer(
        claims: mainClaims(input),
        artifacts: input.tables["main"].map { table in
          analyses.flatMap { $0.run(table) }.map { $0.renamed(prefix: "paper-main") } + [
            .note(
              "That M2 learns nothing from a code is told only where from windows of 16 bits of as large a vocabulary it gains more than "
                + "1% at that size. Points at equal FLOPs/byte are compared over examples, of one seed each.")
          ] + equalTokens(input)
        } ?? [])
    })

  /// Those that M2 learns from and that a small budget trains on enough tokens.
  private static func grown(_ scale: PaperScale) -> [String] {
    ["Bytes", scale.sentencePiece, PaperTokenizers.greedy(16, "256")]
  }

  private static func equalTokens(_ input: PaperInput) -> [Artifact] {
    let groups = (input.tables["equalTokens"]?.groups ?? []).filter { $0.heldOut != nil }
    guard !groups.isEmpty else { return [] }
    return [
      .note(
        "With equal FLOPs a small model takes more steps than a large one. The paper trains every size on as many tokens, so that "
          + "larger models cost more; here the same with \(short(2 * input.scale.tokens)) tokens:"),
      .table(
        Table(
          key: "paper-main-equal-tokens", groups,
          fields: [
            .text("tokenizer", "Tokenizer") { $0.tokenizer }, .text("size", "M2") { $0.size },
            .number("trainingTokens", "Training tokens", unit: "tokens", .short) {
              $0.representative.training.map { Double($0.tokens) }
            },
            .number("trainingFlops", "Training FLOPs", unit: "FLOPs", .short) { $0.representative.flops?.trainingAll },
            .estimate("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(3), better: .lower) { $0.bitsPerByteCell },
          ])),
    ]
  }

  private static func mainClaims(_ input: PaperInput) -> [Claim] {
    let (sizes, smallest, largest) = (input.scale.sizes, input.scale.smallest, input.scale.largest)
    func cell(_ tokenizer: String, _ size: String) -> CellGroup? { input.cell("main", tokenizer, size) }
    func everywhere(_ statement: String, _ a: String, below b: String) -> Claim {
      .all(statement, sizes.map { .lower(statement, cell(a, $0), than: cell(b, $0), input.seeds) })
    }
    let bytes = "Bytes", pieces = input.scale.sentencePiece
    let small = PaperTokenizers.greedy(16, "256"), large = PaperTokenizers.greedy(16, "65k")
    let growing = "Windows of 16 bits in tokens of 8 are above bytes at the smallest size and below at the largest"
    let falling =
      "With equal tokens, as in the paper, the largest model is below the smallest: bytes, SentencePiece and windows of 16 bits"
    let fallingByFlops =
      "With equal FLOPs, the largest model is below the smallest: bytes, SentencePiece and windows of 16 bits"
    /// Where from windows of as large a vocabulary M2 learns something.
    func nothingLearned(_ code: String) -> [Claim] {
      PaperTokenizers.vocabularies.map { v in
        .nothingLearned(
          "M2 learns nothing from \(code) (v=\(v)) at any size",
          sizes.map { (group: cell("\(code)[v=\(v)]", $0), control: cell(PaperTokenizers.greedy(16, v), $0)) })
      }
    }
    func belowBytes(_ statement: String, _ tokenizer: String) -> Claim {
      let line = sizes.compactMap { cell(bytes, $0).flatMap(CostPoint.init) }
      return .all(
        statement,
        sizes.map { size in
          guard let group = cell(tokenizer, size), let own = CostPoint(group), !line.isEmpty else {
            return Claim(statement, .cannotTell, "not run")
          }
          return own.below(line, statement)
        })
    }
    let rest = PaperTokenizers.main(input.scale).filter { $0 != pieces && !$0.hasPrefix("EqualInfoAC[b=12") }
    let lowest = "SentencePiece has the lowest bits/byte at every size"
    let own = sizes.compactMap { size in cell(pieces, size)?.heldOut.map { "\(size) \(bits($0.bitsPerByte))" } }
    return nothingLearned("AC") + nothingLearned("StaticAC") + [
      .all(
        lowest,
        sizes.flatMap { size in rest.map { .lower(lowest, cell(pieces, size), than: cell($0, size), input.seeds) } },
        seen: "SentencePiece: \(list(own))"),
      everywhere("Windows of 16 bits in tokens of 16 are below bytes at every size", large, below: bytes),
      .all(
        growing,
        [
          .lower(growing, cell(bytes, smallest), than: cell(small, smallest), input.seeds),
          .lower(growing, cell(small, largest), than: cell(bytes, largest), input.seeds),
        ]),
      everywhere("GZip stays above bytes at every size", bytes, below: "GZip[v=256]"),
      belowBytes("At equal FLOPs/byte of inference SentencePiece is below bytes", pieces),
      belowBytes("At equal FLOPs/byte of inference windows of 16 bits in tokens of 16 are below bytes", large),
      .fewerTokens(
        "Windows of 16 bits in tokens of 16 take fewer steps a byte than SentencePiece", input.sample(large),
        than: input.sample(pieces)),
      .all(
        falling,
        grown(input.scale).map { name in
          .lower(
            falling, input.cell("equalTokens", name, largest), than: input.cell("equalTokens", name, smallest),
            input.seeds)
        }),
      .all(
        fallingByFlops,
        [bytes, pieces, small, large].map {
          .lower(fallingByFlops, cell($0, largest), than: cell($0, smallest), input.seeds)
        }),
    ]
  }
}

/// A cell in the plane of figure 3: what a byte costs in inference, and its bits/byte.
private struct CostPoint {
  let group: CellGroup
  let flopsPerByte: Double
  /// Over examples.
  let estimate: BootstrapEstimate

  init?(_ group: CellGroup) {
    guard let flops = group.representative.flops, let estimate = group.heldOut?.overExamples else { return nil }
    self.group = group
    flopsPerByte = flops.perByteAll + flops.tokenizerPerByte
    self.estimate = estimate
  }

  /// That it lies below the best that others have for as much or less: on the line through them, straight in the logarithms of
  /// both, or among the cheaper ones. Where it is cheaper than all, that it lies below the cheapest; where it is dearer than
  /// all it can only be told to lie above.
  func below(_ line: [CostPoint], _ statement: String) -> Claim {
    let sorted = line.sorted { $0.flopsPerByte < $1.flopsPerByte }
    let name = "\(group.markedLabel) at \(short(flopsPerByte)) FLOPs/byte"
    func compared(_ base: BootstrapEstimate, _ words: String) -> Claim {
      .higher(statement, base, than: estimate, in: .bitsPerByte) { "\(name) \(bits($1)), \(words) \(bits($0))" }
    }
    func point(_ other: CostPoint) -> Claim {
      compared(other.estimate, "\(other.group.label) at \(short(other.flopsPerByte))")
    }
    let cheaper = sorted.filter { $0.flopsPerByte <= flopsPerByte }
    guard let last = cheaper.last, let best = cheaper.min(by: { $0.estimate.value < $1.estimate.value }) else {
      let claim = sorted.first.map(point) ?? Claim(statement, .cannotTell, "not run")
      return claim.verdict == .seen ? claim : Claim(statement, .cannotTell, claim.numbers)
    }
    guard last.flopsPerByte < flopsPerByte else { return point(best) }
    guard let next = sorted.first(where: { $0.flopsPerByte > flopsPerByte }) else {
      let claim = point(best)
      return claim.verdict == .notSeen ? claim : Claim(statement, .cannotTell, claim.numbers)
    }
    let there = BootstrapEstimate.combined(last.estimate, next.estimate) {
      PaperPart.onLine([(last.flopsPerByte, $0), (next.flopsPerByte, $1)], at: flopsPerByte) ?? $0
    }
    return there.value < best.estimate.value ? compared(there, "\(last.group.tokenizer) there") : point(best)
  }
}
