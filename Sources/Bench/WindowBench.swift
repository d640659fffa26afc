import Foundation
import Harness
import Support
import Tokenizers
import Transformer

/// What windows of b bits hold under an M1: each rule at each b, and dictionaries of the same sizes.
package struct WindowBench: Codable, Sendable {
  package struct WindowFill: Codable, Sendable {
    package var bits: Int
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

  /// - Parameter m1: folder of a tokenizer that holds an M1.
  package init(
    m1 folder: String, text: [UInt8], bits: [Int], registry: Registry, threads: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    guard !text.isEmpty else { throw BenchError.emptyText }
    let model = try NeuralByteModel.load(from: folder)
    m1Fingerprint = model.fingerprint
    textBytes = text.count
    let examples = cut(text)
    let context = TrainingContext(
      examples: { AnySequence([]) }, byteModel: { model }, seed: 0, threads: threads, report: { _ in })
    rows = try bits.flatMap { b -> [WindowFill] in
      var names = ["reserve", "greedy", "delay"].map { "EqualInfoAC[b=\(b),v=2,end=\($0)]" }
      if b <= 16 { names.append("M1Dictionary[v=\(1 << b)]") }
      return try names.map { name in
        report(name)
        let spec = try registry.resolve(name)
        let clock = Stopwatch()
        let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
        let tokens = try tokenizer.encode(examples: examples, threads: threads)
        let facts = try tokenizer.facts(about: examples, tokens: tokens, threads: threads)
        let bytesPerWindow = facts["bytesPerWindow"] ?? 0
        return WindowFill(
          bits: b, tokenizer: spec.canonicalName, bytesPerWindow: bytesPerWindow,
          bitsPerByte: Double(b) / bytesPerWindow, undecodableShare: facts["undecodableWindowShare"] ?? 0,
          seconds: clock.seconds)
      }
    }
  }

  /// One line a b.
  package var markdown: String {
    var lines = [
      "M1 \(m1Fingerprint), \(textBytes) bytes of text. Bytes per window; in brackets the share of windows that does "
        + "not decode to its text.", "", "| b | reserve | greedy | delay | M1Dictionary[v=2^b] | reserve / greedy |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for b in rows.map(\.bits).reduce(into: [Int](), { if $0.last != $1 { $0.append($1) } }) {
      func row(_ part: String) -> WindowFill? { rows.first { $0.bits == b && $0.tokenizer.contains(part) } }
      func cell(_ row: WindowFill?) -> String {
        guard let row else { return "–" }
        let share = row.undecodableShare > 0 ? String(format: " (%.1f%%)", 100 * row.undecodableShare) : ""
        return String(format: "%.3f", row.bytesPerWindow) + share
      }
      // `reserve` is the default and so not in the canonical name.
      let reserve = rows.first { $0.bits == b && $0.tokenizer.hasPrefix("Equal") && !$0.tokenizer.contains("end=") }
      let ratio = (reserve?.bytesPerWindow ?? 0) / (row("greedy")?.bytesPerWindow ?? 1)
      lines.append(
        "| \(b) | \(cell(reserve)) | \(cell(row("greedy"))) | \(cell(row("delay"))) | \(cell(row("M1Dictionary"))) "
          + "| \(String(format: "%.3f", ratio)) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
