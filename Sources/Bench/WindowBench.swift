import Foundation
import Harness
import Plugins
import Tokenizers
import Transformer

/// What windows of b bits hold under an M1: each rule at each b, and dictionaries of the same sizes.
public struct WindowBench: Codable, Sendable {
  public struct Row: Codable, Sendable {
    public var bits: Int
    public var tokenizer: String
    public var bytesPerWindow: Double
    /// Bits of code for a byte of text.
    public var bitsPerByte: Double
    /// Share of windows whose code decodes to another text.
    public var undecodableShare: Double
    public var seconds: Double
  }
  public var m1Fingerprint: String
  public var textBytes: Int
  public var rows: [Row]

  /// - Parameter m1: folder of a tokenizer that holds an M1.
  public init(
    m1 folder: String, text: [UInt8], bits: [Int], registry: Registry, threads: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    guard !text.isEmpty else { throw HarnessError.usage("the text to measure on is empty") }
    let model = try NeuralByteModel.load(from: folder)
    m1Fingerprint = model.fingerprint
    textBytes = text.count
    let examples = cut(text)
    let context = TrainingContext(
      examples: { AnySequence([]) }, byteModel: { model }, seed: 0, threads: threads, report: { _ in })
    rows = try bits.flatMap { b -> [Row] in
      var names = ["reserve", "greedy", "delay"].map { "EqualInfoAC[b=\(b),v=2,end=\($0)]" }
      if b <= 16 { names.append("M1Dictionary[v=\(1 << b)]") }
      return try names.map { name in
        report(name)
        let spec = try registry.resolve(name)
        let start = Date()
        let tokenizer = try registry.backend(named: spec.name).train(spec, context: context)
        let tokens = try tokenizer.encode(examples: examples, threads: threads)
        let facts = try tokenizer.facts(about: examples, tokens: tokens, threads: threads)
        let bytesPerWindow = facts["bytesPerWindow"] ?? 0
        return Row(
          bits: b, tokenizer: spec.canonicalName, bytesPerWindow: bytesPerWindow,
          bitsPerByte: Double(b) / bytesPerWindow, undecodableShare: facts["undecodableWindowShare"] ?? 0,
          seconds: Date().timeIntervalSince(start))
      }
    }
  }

  /// One line a b.
  public var markdown: String {
    var lines = [
      "M1 \(m1Fingerprint), \(textBytes) bytes of text. Bytes per window; in brackets the share of windows that does "
        + "not decode to its text.", "", "| b | reserve | greedy | delay | M1Dictionary[v=2^b] | reserve / greedy |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    for b in rows.map(\.bits).reduce(into: [Int](), { if $0.last != $1 { $0.append($1) } }) {
      func row(_ part: String) -> Row? { rows.first { $0.bits == b && $0.tokenizer.contains(part) } }
      func cell(_ row: Row?) -> String {
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
