import Foundation
import Metrics
import Support

extension PaperPart {
  /// The paper's FLOPs leave the head out: what they are with it, and what then stays of its conclusions.
  static let softmax = PaperPart(
    "softmax", title: "The softmax in the FLOPs", source: "FLOPs/byte of tables 15, 16 and 17",
    needs: { _ in PaperNeeds() },
    run: { input in
      let rows = softmaxRows(input.baseline)
      return PaperAnswer(
        claims: claims(rows.filter(\.isMain)) + [dearer(rows)],
        artifacts: [
          .figure(figure(rows.filter(\.isMain), withHead: false)),
          .figure(figure(rows.filter(\.isMain), withHead: true)),
          .table(Table(key: "paper-softmax", rows, fields: fields)),
          .note(
            "From the paper's figures alone; plotted are those of table 15. With the head: 2·dim·vocabulary FLOPs a token more, over its "
              + "bytes/token; M1's own head, \(short(m1Head(input.baseline))) FLOPs/byte, stays left out. Below bytes: the point lies "
              + "below the line through bytes' points, straight in the logarithms of both; --- where its FLOPs/byte are outside those of "
              + "bytes."),
        ])
    })

  fileprivate struct SoftmaxRow {
    let tokenizer, size: String
    /// Whether it is of the main result, which is plotted.
    let isMain: Bool
    let bitsPerByte, printed, withHead: Double
    /// Bytes' bits/byte at the same FLOPs/byte, without the head and with it.
    var bytesAtPrinted: Double?
    var bytesWithHead: Double?
  }

  /// The paper's dimension of a size.
  private static func dimension(_ size: String, _ baseline: Baseline) -> Double? {
    baseline.table("modelSizes")?.rows(where: ["name": size]).first?.number("embeddingDim")
  }

  /// FLOPs/byte of M1's head: over bytes.
  private static func m1Head(_ baseline: Baseline) -> Double? {
    baseline.text("setup", "m1", "size").flatMap { dimension($0, baseline) }.map { 2 * $0 * 256 }
  }

  /// Rows that have FLOPs/byte, those of the main result first.
  private static func softmaxRows(_ baseline: Baseline) -> [SoftmaxRow] {
    let printed = ["main", "windowAblation", "endOfWindow"].flatMap { name in
      (baseline.table(name)?.rows() ?? []).map { (row: $0, isMain: name == "main") }
    }
    var rows = printed.compactMap { row, isMain -> SoftmaxRow? in
      guard let tokenizer = row.text("tokenizer"), let size = row.text("size"), let value = row.number("bitsPerByte"),
        let flops = row.number("flopsPerByte"), let dim = dimension(size, baseline),
        let ratio = baseline.value("compressionRatio", of: tokenizer),
        let vocabulary = ids(of: tokenizer, baseline)
      else { return nil }
      return SoftmaxRow(
        tokenizer: tokenizer, size: size, isMain: isMain, bitsPerByte: value, printed: flops,
        withHead: flops + 2 * dim * vocabulary / ratio)
    }
    let bytes = rows.filter { $0.tokenizer == "Bytes" }
    for index in rows.indices {
      rows[index].bytesAtPrinted = onLine(bytes.map { ($0.printed, $0.bitsPerByte) }, at: rows[index].printed)
      rows[index].bytesWithHead = onLine(bytes.map { ($0.withHead, $0.bitsPerByte) }, at: rows[index].withHead)
    }
    return rows
  }

  /// Ids, from the name.
  private static func ids(of tokenizer: String, _ baseline: Baseline) -> Double? {
    if tokenizer.contains("v=65k") { return 65_536 }
    if tokenizer.contains("v=256") || tokenizer == "Bytes" { return 256 }
    return tokenizer.hasPrefix("SentencePiece") ? baseline.number("setup", "sentencePiece", "vocabulary") : nil
  }

  /// The line through points in the logarithms of both; nil outside of them.
  static func onLine(_ points: [(x: Double, y: Double)], at x: Double) -> Double? {
    let sorted = points.sorted { $0.x < $1.x }
    for (a, b) in zip(sorted, sorted.dropFirst()) where a.x <= x && x <= b.x && a.x < b.x {
      let place = log(x / a.x) / log(b.x / a.x)
      return a.y * pow(b.y / a.y, place)
    }
    return sorted.first { $0.x == x }?.y
  }

  private static let fields: [TableField<SoftmaxRow>] = [
    .text("tokenizer", "Tokenizer") { $0.tokenizer }, .text("size", "M2") { $0.size },
    .number("bitsPerByte", "Bits/byte", unit: "bits/byte", .fixed(2), better: .lower) { $0.bitsPerByte },
    .number("printed", "FLOPs/byte, printed", unit: "FLOPs/byte", .short, better: .lower) { $0.printed },
    .number("withHead", "FLOPs/byte with the head", unit: "FLOPs/byte", .short, better: .lower) { $0.withHead },
    .number("factor", "Times", .fixed(2)) { $0.withHead / $0.printed },
    .text("below", "Below bytes, printed") { word($0.bitsPerByte, $0.bytesAtPrinted) },
    .text("belowWithHead", "Below bytes, with the head") { word($0.bitsPerByte, $0.bytesWithHead) },
  ]

  private static func word(_ value: Double, _ bytes: Double?) -> String? { bytes.map { value < $0 ? "yes" : "no" } }

  private static func figure(_ rows: [SoftmaxRow], withHead: Bool) -> Figure {
    Figure(
      key: withHead ? "paper-softmax-with" : "paper-softmax-without",
      title: "The paper's bits/byte against FLOPs/byte, the head \(withHead ? "counted" : "left out")", style: .points,
      x: .init("inference FLOPs/byte (M2 + M1)", isLogarithmic: true), y: .init("bits/byte", isLogarithmic: true),
      series: unique(rows.map(\.tokenizer)).map { tokenizer in
        let own = rows.filter { $0.tokenizer == tokenizer }
        return .init(
          title: tokenizer, family: tokenizer,
          points: own.map {
            .init(
              x: withHead ? $0.withHead : $0.printed, y: $0.bitsPerByte,
              label: $0.size == own.last?.size ? tokenizer : nil)
          })
      })
  }

  private static func claims(_ rows: [SoftmaxRow]) -> [Claim] {
    ["SentencePiece", "EqualInfoAC[b=16,v=65k", "EqualInfoAC[b=16,v=256", "GZip[v=256"].map { prefix in
      let own = rows.filter { $0.tokenizer.hasPrefix(prefix) }
      let compared = own.filter { $0.bytesAtPrinted != nil && $0.bytesWithHead != nil }
      let beside = own.count - compared.count
      let name = prefix.contains("[") ? prefix + "]" : prefix
      let below = compared.filter { $0.bitsPerByte < ($0.bytesAtPrinted ?? 0) }.map(\.size)
      let stays = compared.filter { $0.bitsPerByte < ($0.bytesWithHead ?? 0) }.map(\.size)
      let statement = "Counting the head changes nothing of where \(name) is below bytes at equal FLOPs/byte"
      let heaviest = own.max { $0.withHead / $0.printed < $1.withHead / $1.printed }
      guard !compared.isEmpty, let heaviest else { return Claim(statement, .cannotTell, "no figures") }
      return Claim(
        statement, below == stays ? .seen : .notSeen,
        "below at \(below.isEmpty ? "none" : list(below)), with the head at \(stays.isEmpty ? "none" : list(stays))"
          + (beside > 0 ? "; \(beside) of \(own.count) sizes cost less or more than bytes at any" : "")
          + "; \(heaviest.size) \(short(heaviest.printed)) and \(short(heaviest.withHead)) FLOPs/byte")
    }
  }

  /// That tokens of 16 bits cost fewer FLOPs/byte than those of 8 of the same code with the head too, wherever they do without.
  private static func dearer(_ rows: [SoftmaxRow]) -> Claim {
    let statement =
      "Counting the head changes nothing of whether tokens of 16 bits cost fewer FLOPs/byte than tokens of 8"
    let pairs = rows.compactMap { large -> (small: SoftmaxRow, large: SoftmaxRow)? in
      guard large.tokenizer.contains("v=65k") else { return nil }
      let name = large.tokenizer.replacing("v=65k", with: "v=256")
      return rows.first { $0.tokenizer == name && $0.size == large.size }.map { ($0, large) }
    }
    let turned = pairs.filter { ($0.large.printed < $0.small.printed) != ($0.large.withHead < $0.small.withHead) }
    guard let most = turned.max(by: { $0.large.withHead < $1.large.withHead }) ?? pairs.first else {
      return Claim(statement, .cannotTell, "no figures")
    }
    return Claim(
      statement, turned.isEmpty ? .seen : .notSeen,
      "it does in \(turned.count) of \(pairs.count)"
        + (turned.isEmpty ? "" : " (\(list(unique(turned.map(\.large.size)))))")
        + ": \(most.large.tokenizer) (\(most.large.size)) \(short(most.large.printed)) against \(short(most.small.printed)), with the head "
        + "\(short(most.large.withHead)) against \(short(most.small.withHead))")
  }
}
