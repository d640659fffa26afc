import Foundation
import Harness
import Support
import Tokenizers
import Transformer

/// What windows of b bits hold under an M1: each rule at each b, and dictionaries of the same sizes.
package struct WindowBench: Codable, Sendable {
  /// A column of the table: a family of tokenizers, one for each b.
  package struct Rule: Sendable {
    package let title: String
    /// nil where the family has none of so many bits.
    package let tokenizer: @Sendable (_ bits: Int) -> String?
  }
  package struct WindowFill: Codable, Sendable {
    package var bits: Int
    /// The rule's title.
    package var rule: String
    package var tokenizer: String
    package var bytesPerWindow: Double
    /// Bits of code for a byte of text.
    package var bitsPerByte: Double
    /// Share of windows whose code decodes to another text.
    package var undecodableShare: Double
    package var seconds: Double
  }
  package var m1Fingerprint: String
  package var textBytes: Int
  package var rows: [WindowFill]

  /// This project's own: benches are about them, so here, above the plugins, they may be named.
  package static let defaultRules =
    ["reserve", "greedy", "delay"].map { end in Rule(title: end) { "EqualInfoAC[b=\($0),v=2,end=\(end)]" } } + [
      Rule(title: "M1Dictionary[v=2^b]") { $0 <= 16 ? "M1Dictionary[v=\(1 << $0)]" : nil }
    ]

  /// - Parameter m1: folder of a tokenizer that holds an M1.
  package init(
    m1 folder: String, text: [UInt8], bits: [Int], rules: [Rule] = defaultRules, registry: Registry, threads: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    guard !text.isEmpty else { throw BenchError.emptyText }
    let model = try NeuralByteModel.load(from: folder)
    m1Fingerprint = model.fingerprint
    textBytes = text.count
    let examples = cut(text)
    let context = TrainingContext(
      examples: { AnySequence([]) }, byteModel: { model }, seed: 0, threads: threads, report: { _ in })
    rows = try bits.flatMap { b in
      try rules.compactMap { rule -> WindowFill? in
        guard let name = rule.tokenizer(b) else { return nil }
        report(name)
        let spec = try registry.resolve(name)
        let clock = Stopwatch()
        let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
        let tokens = try tokenizer.encode(examples: examples, threads: threads)
        let facts = try tokenizer.facts(about: examples, tokens: tokens, threads: threads)
        let bytesPerWindow = facts["bytesPerWindow"] ?? 0
        return WindowFill(
          bits: b, rule: rule.title, tokenizer: spec.canonicalName, bytesPerWindow: bytesPerWindow,
          bitsPerByte: Double(b) / bytesPerWindow, undecodableShare: facts["undecodableWindowShare"] ?? 0,
          seconds: clock.seconds)
      }
    }
  }

  /// One line a b, one column a rule, and the first rule over the second.
  package var markdown: String {
    func distinct<T: Hashable>(_ items: [T]) -> [T] {
      var seen: Set<T> = []
      return items.filter { seen.insert($0).inserted }
    }
    let rules = distinct(rows.map(\.rule))
    let ratioTitle = rules.count > 1 ? ["\(rules[0]) / \(rules[1])"] : []
    func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
    var lines = [
      "M1 \(m1Fingerprint), \(textBytes) bytes of text. Bytes per window; in brackets the share of windows that does "
        + "not decode to its text.", "", line(["b"] + rules + ratioTitle),
      line((["b"] + rules + ratioTitle).map { _ in "---" }),
    ]
    for b in distinct(rows.map(\.bits)) {
      let fills = rules.map { rule in rows.first { $0.bits == b && $0.rule == rule } }
      let cells = fills.map { fill in
        guard let fill else { return "–" }
        let share = fill.undecodableShare > 0 ? String(format: " (%.1f%%)", 100 * fill.undecodableShare) : ""
        return String(format: "%.3f", fill.bytesPerWindow) + share
      }
      var ratio: [String] = []
      if !ratioTitle.isEmpty {
        ratio = ["–"]
        if let first = fills[0], let second = fills[1], second.bytesPerWindow > 0 {
          ratio = [String(format: "%.3f", first.bytesPerWindow / second.bytesPerWindow)]
        }
      }
      lines.append(line(["\(b)"] + cells + ratio))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
