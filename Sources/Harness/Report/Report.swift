import Foundation
import Metrics
import Support
import Tokenizers

/// Writes the Markdown report, its plots and a CSV from run records alone.
public struct Report {
  let records: [RunRecord]
  let rows: [Row]
  /// Tokenizers of the experiments without a record yet.
  let notRun: [String]
  let baseline: Baseline?
  /// How the runs were made, for the reader who repeats them.
  let command: String

  /// - Parameters:
  ///   - runFolders: folders that `harness run` made.  - baseline: a file like baselines/paper.json, or nil.
  public init(runFolders: [String], baseline: String?, registry: Registry) throws {
    records = try runFolders.flatMap { try RunRecord.loadAll(runFolder: $0) }
    let planned = try runFolders.flatMap { try Self.tokenizerOrder($0) }
    let order = Dictionary(planned.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
    let recorded = Set(records.map(\.tokenizer))
    notRun = unique(planned).filter { !recorded.contains($0) }
    rows = Row.group(records).enumerated().sorted {
      let a = order[$0.element.tokenizer] ?? .max, b = order[$1.element.tokenizer] ?? .max
      return a != b ? a < b : $0.offset < $1.offset
    }.map(\.element)
    self.baseline = try baseline.map { try Baseline(path: $0, registry: registry) }
    command = runFolders.map { "harness run \($0)/experiment.yaml" }.joined(separator: "\n")
  }

  /// The experiment's own order, as the runner wrote it down.
  private static func tokenizerOrder(_ folder: String) throws -> [String] {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: folder + "/order.json")) else { return [] }
    return (try? JSONDecoder().decode([String].self, from: data)) ?? []
  }

  /// Writes report.md, results.csv and the plots.
  public func write(to folder: String) throws {
    try makeFolder(folder)
    try drawPlots(in: folder)
    try writeAtomically(Data(csv().utf8), to: folder + "/results.csv")
    try writeAtomically(Data(markdown().utf8), to: folder + "/report.md")
  }

  // MARK: Text

  func markdown() -> String {
    let sections = [
      heading(), mainTable(), conclusions(), plotSection(), costTable(), tokenizerTable(), paperTable(), problems(),
      caveats(), environment(),
    ]
    return sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var hasSeveralSeeds: Bool { rows.contains { $0.values.count > 1 } }

  private func heading() -> String {
    guard let first = records.first else { return "" }
    let names = unique(records.map(\.experiment)).joined(separator: ", ")
    let sizes = unique(records.map(\.size)).joined(separator: ", ")
    let seeds = unique(records.map { "\($0.seed)" })
    let heldOut = unique(rows.compactMap { $0.first?.tokenization.map { "\($0.heldOutBytes)" } }).joined(
      separator: ", ")
    let training = records.compactMap(\.training).first
    return """
      # Tokenizer comparison: \(names)

      Which tokenizer should a language model read and write? Every tokenizer below got one decoder-only transformer of
      size \(sizes), trained with the same budget of \(short(first.match.budget)) training \(first.match.by == "flops" ? "FLOPs (\(first.match.convention == "all" ? "head and attention counted" : "the paper's non-embedding convention"))" : first.match.by), and was scored on the
      same \(heldOut) held-out bytes. Bits/byte: lower is better.

      - Corpus: \(first.corpus.joined(separator: ", ")), \(short(Double(first.corpusBytes)))B of text, SHA-256 `\(first.corpusSHA256.prefix(16))…`
      - Seeds: \(seeds.joined(separator: ", ")). \(records.count { $0.status == "ok" }) of \(records.count) cells finished.
      - Training: \(training.map { "\($0.optimizer), \($0.schedule) schedule, learning rate \($0.learningRate), batch \($0.batch) × \($0.sequenceLength) tokens, \($0.precision)" } ?? "---")

      """
  }

  private func bits(_ row: Row) -> String {
    guard let summary = row.summary else { return "---" }
    let mark = isTiedWithBest(row) ? "\u{2248}" : ""
    if let spread = summary.standardDeviation { return String(format: "%@%.3f ± %.3f", mark, summary.mean, spread) }
    return String(format: "%.3f", summary.mean)
  }

  /// Rows of the size with the lowest mean.
  private func best(size: String) -> Row? {
    rows.filter { $0.size == size && $0.summary != nil }.min { ($0.summary?.mean ?? 0) < ($1.summary?.mean ?? 0) }
  }

  /// Whether Welch's t-test finds no difference at 0.05 from the best row of the same size.
  private func isTiedWithBest(_ row: Row) -> Bool {
    guard let best = best(size: row.size), best.tokenizer != row.tokenizer,
      let test = WelchTest(best.values, row.values)
    else { return false }
    return test.pValue >= 0.05
  }

  private func mainTable() -> String {
    let header = [
      "Tokenizer", "M2", "Vocabulary", "Bytes/token", "Bit ratio", "Uniform", "Unigram", "M2 bits/byte",
      "M2 FLOPs/byte", "Tokenizer FLOPs/byte", "Training tokens", "Training bytes", "Round trip",
    ]
    let body = rows.map { row -> [String] in
      let t = row.first?.tokenization
      return [
        row.tokenizer, row.size, t.map { "\($0.vocabularySize)" } ?? "---", cell(t?.compressionRatio, "%.2f"),
        cell(t?.bitCompressionRatio, "%.2f"), cell(t?.uniformBitsPerByte, "%.3f"),
        cell(t?.unigramBitsPerByte, "%.3f"), bits(row), short(row.first?.flops?.perByteAll),
        short(t?.flopsPerByte), short(row.first?.training.map { Double($0.tokens) }), short(row.first?.training?.bytes),
        t.map { $0.roundTrips ? ($0.isLossless ? "yes" : "yes (lossy on other text)") : "**no**" } ?? "---",
      ]
    }
    return "## Results\n\n"
      + markdownTable(header, body, rightAligned: Set(2...11))
      + "\nUniform and unigram are the bits/byte of two trivial models over the same tokens: every token as likely as any other, and\n"
      + "training-set token frequencies. Bytes/token is also the bytes an autoregressive step yields. Tokenizer FLOPs/byte come on top of M2's.\n"
      + (hasSeveralSeeds
        ? "± is the standard deviation over seeds; ≈ marks a tie with the best of its size (Welch's t, p ≥ 0.05).\n"
        : "One seed each: differences below a few hundredths may be noise.\n")
  }

  private func conclusions() -> String {
    var lines: [String] = []
    for size in unique(rows.map(\.size)) {
      let scored = rows.filter { $0.size == size && $0.summary != nil }
        .sorted { ($0.summary?.mean ?? 0) < ($1.summary?.mean ?? 0) }
      guard let best = scored.first, let value = best.summary?.mean else { continue }
      let unlearned = scored.filter(learnedNothing).map(\.tokenizer)
      let note = unlearned.contains(best.tokenizer) ? " (the compressor's own; M2 added nothing to it)" : ""
      lines.append(
        "- At size \(size), \(best.tokenizer) has the lowest bits/byte, \(String(format: "%.3f", value))\(note).")
      let ties = scored.dropFirst().filter(isTiedWithBest)
      if !ties.isEmpty { lines.append("- Not told apart from it: \(ties.map(\.tokenizer).joined(separator: ", ")).") }
      if !unlearned.isEmpty {
        lines.append(
          "- M2 learned nothing beyond token frequencies (within 1% of the better trivial model, or above it) from: "
            + unlearned.joined(separator: ", ") + ".")
        if let learned = scored.first(where: { !unlearned.contains($0.tokenizer) }), learned.tokenizer != best.tokenizer
        {
          lines.append(
            "- Of those it learned from, \(learned.tokenizer) is lowest, \(cell(learned.summary?.mean, "%.3f")).")
        }
      }
      if let bytes = scored.first(where: { $0.tokenizer == "Bytes" }), let reference = bytes.summary?.mean {
        let better = scored.filter { ($0.summary?.mean ?? 0) < reference }.map(\.tokenizer)
        lines.append(
          "- Better than bytes (\(String(format: "%.3f", reference))): \(better.isEmpty ? "none" : better.joined(separator: ", "))."
        )
      }
      if let m1 = scored.compactMap({ $0.first?.m1 }).first, let budget = scored.first?.first?.flops?.trainingAll {
        lines.append(
          "- M1 (size \(m1.size)) was trained with \(short(m1.trainingFLOPs)) FLOPs, \(cell(m1.trainingFLOPs / budget, "%.1f")) times an M2's budget and not counted in it: "
            + "the tokenizers that run it start from what it learned.")
      }
      if let fastest = scored.max(by: { ratio($0) < ratio($1) }) {
        lines.append(
          "- Fewest autoregressive steps: \(fastest.tokenizer), \(cell(ratio(fastest), "%.2f")) bytes/step.")
      }
    }
    return lines.isEmpty ? "" : "## What to conclude\n\n" + lines.joined(separator: "\n") + "\n"
  }

  /// Whether M2 is no better than the better of the two trivial models, within 1%.
  private func learnedNothing(_ row: Row) -> Bool {
    guard let t = row.first?.tokenization, let mean = row.summary?.mean,
      let trivial = [t.uniformBitsPerByte, t.unigramBitsPerByte].compactMap({ $0 }).min()
    else { return false }
    return mean > trivial * 0.99
  }

  private func ratio(_ row: Row) -> Double { row.first?.tokenization?.compressionRatio ?? 0 }

  private func plotSection() -> String {
    guard rows.contains(where: { $0.summary != nil }) else { return "" }
    return """
      ## Plots

      ![bits/byte against inference FLOPs/byte](flops.svg)

      ![bits/byte against bytes per step](steps.svg)

      ![training curves](curves.svg)

      """
  }

  private func costTable() -> String {
    let body = rows.map { row -> [String] in
      let f = row.first?.flops, t = row.first?.training, time = row.first?.timing
      return [
        row.tokenizer, row.size, t.map { "\($0.steps)" } ?? "---", cell(t?.epochs, "%.2f"), short(f?.trainingAll),
        short(f?.trainingNonEmbedding), short(f?.perByteAll), short(f?.perByteNonEmbedding),
        cell(row.first?.tokenization?.stepsPerKilobyte, "%.0f"), cell(time?.trainingSeconds, "%.0f"),
        cell(time?.gigaflopsPerSecond, "%.0f"),
      ]
    }
    return "## Cost\n\n"
      + markdownTable(
        [
          "Tokenizer", "M2", "Steps", "Epochs", "Training FLOPs", "(non-embedding)", "Inference FLOPs/byte",
          "(non-embedding)", "Steps/kB", "Seconds", "GFLOP/s",
        ], body, rightAligned: Set(2...10))
      + "\nBoth conventions: everything counted, and the paper's (two per weight outside the embeddings).\n"
  }

  private func tokenizerTable() -> String {
    var seen: Set<String> = []
    let body = rows.filter { seen.insert($0.tokenizer).inserted }.map { row -> [String] in
      let t = row.first?.tokenization, time = row.first?.timing
      let share = t?.facts["undecodableWindowShare"]
      return [
        row.tokenizer, cell(t.map { $0.vocabularyUse * 100 }, "%.1f%%"), cell(t?.divergenceFromUniformBits, "%.3f"),
        cell(t?.facts["bytesPerWindow"], "%.3f"), cell(share.map { $0 * 100 }, "%.1f%%"),
        cell(time?.encodeMegabytesPerSecond, "%.3f"), cell(time?.decodeMegabytesPerSecond, "%.3f"),
      ]
    }
    return "## Tokenizers\n\n"
      + markdownTable(
        [
          "Tokenizer", "Vocabulary used", "KL from uniform (bits)", "Bytes/window", "Windows that do not decode",
          "Encode MB/s", "Decode MB/s",
        ], body, rightAligned: Set(1...6))
  }

  private func paperTable() -> String {
    guard let baseline else { return "" }
    var seen: Set<String> = []
    let body = rows.filter { seen.insert($0.tokenizer).inserted }.compactMap { row -> [String]? in
      let name = row.tokenizer
      let paperName =
        baseline.compressionRatio[name] != nil || baseline.points[name] != nil ? name : Self.family(name, in: baseline)
      guard let paperName else { return nil }
      let t = row.first?.tokenization
      let small = baseline.points[paperName]?.first, large = baseline.points[paperName]?.last
      return [
        name, paperName == name ? "" : paperName, cell(t?.compressionRatio, "%.2f"),
        cell(baseline.compressionRatio[paperName], "%.2f"), cell(t?.unigramBitsPerByte, "%.3f"),
        cell(baseline.unigram[paperName], "%.3f"), bits(row),
        small.map { String(format: "%.2f (%@)", $0.bitsPerByte, $0.size) } ?? "---",
        large.map { String(format: "%.2f (%@)", $0.bitsPerByte, $0.size) } ?? "---",
      ]
    }
    guard !body.isEmpty else { return "" }
    return "## Beside the paper\n\n"
      + markdownTable(
        [
          "Tokenizer", "Paper's row", "Bytes/token", "Paper", "Unigram", "Paper", "M2 bits/byte", "Paper, smallest M2",
          "Paper, largest M2",
        ], body, rightAligned: Set(2...8))
      + "\nSource: \(baseline.source). Another corpus, another M1 and budgets larger by orders of magnitude: compare the order of rows, not the values.\n"
  }

  /// The paper's row of the same family where the vocabulary alone differs (SentencePiece).
  private static func family(_ name: String, in baseline: Baseline) -> String? {
    let stem = name.prefix { $0 != "[" }
    guard stem == "SentencePiece" else { return nil }
    return baseline.compressionRatio.keys.first { $0.prefix { $0 != "[" } == stem }
  }

  private func problems() -> String {
    let lines =
      rows.compactMap { row in row.problem.map { "- \(row.tokenizer), \(row.size): \($0)" } }
      + notRun.map { "- \($0): not run" }
    return lines.isEmpty ? "" : "## Not scored\n\n" + lines.joined(separator: "\n") + "\n"
  }

  private func caveats() -> String {
    guard let training = records.compactMap(\.training).map(\.tokens).max() else { return "" }
    return """
      ## Caveat of scale

      These models saw at most \(short(Double(training))) tokens; the paper's saw 26.2 G. Orders among tokenizers change with scale: in the
      paper EqualInfoAC passes bytes only from size 113m on, and SentencePiece leads throughout. A tokenizer that is not learned
      here may be learned by a larger model; one that wins here may lose there.

      """
  }

  private func environment() -> String {
    guard let e = records.first?.environment else { return "" }
    return """
      ## Repeating it

      ```
      \(command)
      harness report … --baseline baselines/paper.json
      ```

      Run on \(e.cpu), \(e.cores) cores, \(e.system); \(e.libraries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")); commit \(e.gitCommit.map { "`\($0.prefix(12))\($0.hasSuffix("+") ? "+" : "")`" } ?? "---"). Every number above comes from a record in `records/`.

      """
  }

  // MARK: Data

  func csv() -> String {
    var lines = [
      "tokenizer,size,seed,status,vocabulary,bytes_per_token,bit_ratio,uniform_bits_per_byte,unigram_bits_per_byte,bits_per_byte,m2_flops_per_byte,m2_flops_per_byte_nonembedding,tokenizer_flops_per_byte,training_flops,training_tokens,training_bytes,steps,seconds,gflops_per_second,round_trip"
    ]
    for r in rows.flatMap(\.records) {
      func n(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
      let t = r.tokenization
      let fields: [String] = [
        "\"\(r.tokenizer)\"", r.size, "\(r.seed)", r.status, t.map { "\($0.vocabularySize)" } ?? "",
        n(t?.compressionRatio), n(t?.bitCompressionRatio), n(t?.uniformBitsPerByte), n(t?.unigramBitsPerByte),
        n(r.bitsPerByte), n(r.flops?.perByteAll), n(r.flops?.perByteNonEmbedding), n(r.flops?.tokenizerPerByte),
        n(r.flops?.trainingAll), r.training.map { "\($0.tokens)" } ?? "", n(r.training?.bytes),
        r.training.map { "\($0.steps)" } ?? "", n(r.timing.trainingSeconds), n(r.timing.gigaflopsPerSecond),
        t.map { "\($0.roundTrips)" } ?? "",
      ]
      lines.append(fields.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func drawPlots(in folder: String) throws {
    let plots = Plots(folder: folder)
    func scatter(_ x: (Row) -> Double?) -> [Series] {
      unique(rows.map(\.tokenizer)).map { name in
        var series = Series(title: name, points: [])
        for row in rows where row.tokenizer == name {
          guard let summary = row.summary, let x = x(row), x > 0 else { continue }
          series.points.append((x, summary.mean, summary.standardDeviation))
          series.labels.append(unique(rows.map(\.size)).count > 1 ? "\(name) \(row.size)" : name)
        }
        return series
      }
    }
    try plots.draw(
      "flops.svg", title: "Bits/byte against inference FLOPs/byte", x: "inference FLOPs/byte (M2 + tokenizer)",
      y: "bits/byte", series: scatter { row in row.first?.flops.map { $0.perByteAll + $0.tokenizerPerByte } },
      logX: true, logY: true, lines: false)
    try plots.draw(
      "steps.svg", title: "Bits/byte against bytes per autoregressive step", x: "bytes/step", y: "bits/byte",
      series: scatter { $0.first?.tokenization?.compressionRatio }, logX: true, logY: true, lines: false)
    let sizes = unique(rows.map(\.size))
    let curves = rows.compactMap { row -> Series? in
      guard let record = row.finished.first, let training = record.training,
        let ratio = record.tokenization?.compressionRatio, let flops = record.flops
      else { return nil }
      let perStep = flops.trainingAll / Double(training.steps)
      return Series(
        title: row.tokenizer + (sizes.count > 1 ? " \(row.size)" : ""),
        points: training.lossNats.map { (Double($0.step) * perStep, $0.value / log(2) / ratio, nil) })
    }
    try plots.draw(
      "curves.svg", title: "Training loss (seed \(records.first?.seed ?? 0))", x: "training FLOPs",
      y: "training bits/byte", series: curves, logX: true, logY: true, lines: true)
  }
}
