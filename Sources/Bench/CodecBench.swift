import Foundation
import Harness
import Plugins
import Support
import Tokenizers
import Transformer

/// How fast M1 and every tokenizer encode and decode a text, measured in one process.
package struct CodecBench: Codable, Sendable {
  /// M1's exact forward pass on one core.
  package struct Forward: Codable, Sendable {
    package var name: String
    package var gigaflopsPerCore: Double
    package var shareOfPeak: Double
  }
  /// One tokenizer. Speeds in megabytes of text a second; nil where a pass of one thread would take too long.
  package struct TokenizerSpeed: Codable, Sendable {
    package var tokenizer: String
    /// Compiling the codebook, collecting the dictionary, or training, M1's own training excepted.
    package var trainSeconds: Double
    /// Its files, M1's weights excepted.
    package var savedBytes: Int
    package var bytesPerToken: Double
    package var encodeOneThread, decodeOneThread: Double?
    package var encode, decode: Double
  }
  package var cpu: String
  package var kernelSet: String
  package var threads: Int
  package var m1Size: String
  package var m1Fingerprint: String
  package var textBytes: Int
  /// The most that one core's fused multiply-adds reach.
  package var peakGigaflops: Double
  package var forward: [Forward]
  package var rows: [TokenizerSpeed]
  /// Bits of all texts' arithmetic codes, the Σ -log2 q of their intervals, and the first over the second.
  package var codeBits: Int
  package var idealBits: Double
  package var codeOverhead: Double

  /// This project's own: benches are about them, so here, above the plugins, they may be named.
  package static let defaultTokenizers = [
    "EqualInfoAC[b=16,v=65k]", "SentencePiece[v=32k]", "M1Dictionary[v=65k]", "Bytes", "GZip[v=65k]",
    "StaticAC[v=65k]", "Huffman[v=65k]", "LZW[v=4k]", "LZWDictionary[v=4k]", "BPE[v=32k]", "SuperBPE[v=32k]",
    "PickyBPE[v=32k]", "EqualInfoAC[b=20,v=1k]", "EqualInfoAC[b=32,v=65k]", "EqualInfoAC[b=64,v=65k]", "AC[v=65k]",
    "Rank[v=4k]",
  ]

  /// - Parameters:
  ///   - m1: folder of a tokenizer that holds an M1.
  ///   - training: what tokenizers that train read.
  package init(
    m1 folder: String, text: [UInt8], training: [UInt8], tokenizers: [String], registry: Registry, threads: Int,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    guard !text.isEmpty else { throw BenchError.emptyText }
    let specs = try tokenizers.map { try registry.resolve($0) }
    let model = try NeuralByteModel.load(from: folder)
    let examples = cut(text)
    cpu = cpuName()
    self.threads = threads
    m1Size = model.metadata["size"] ?? "?"
    m1Fingerprint = model.fingerprint
    textBytes = text.count
    report("measuring the machine and M1")
    let peak = measuredFMAPeak()
    kernelSet = peak.kernelSet
    peakGigaflops = peak.flops / 1e9
    forward = [
      (64, 128, 128, "64 texts of 128 bytes, one shot"), (64, 64, 1, "64 texts of 64 bytes, step by step"),
      (1, model.contextLength - 1, model.contextLength - 1, "1 text of \(model.contextLength - 1) bytes, one shot"),
    ].map { batch, length, piece, name in
      let flops = model.measuredForwardFLOPs(batch: batch, length: length, piece: piece)
      return Forward(name: name, gigaflopsPerCore: flops / 1e9, shareOfPeak: flops / peak.flops)
    }
    let context = TrainingContext(
      examples: { AnySequence(cut(training)) }, byteModel: { model }, seed: 0, threads: threads, report: report)
    rows = try specs.map { spec in
      report("\(spec.canonicalName)")
      return try Self.measure(spec, registry: registry, context: context, examples: examples)
    }
    report("code lengths")
    (codeBits, idealBits) = try codeLength(of: examples, under: model, threads: threads)
    codeOverhead = Double(codeBits) / idealBits
  }

  private static func measure(
    _ spec: ResolvedSpec, registry: Registry, context: TrainingContext, examples: [[UInt8]]
  ) throws -> TokenizerSpeed {
    let backend = try registry.backend(named: spec.name)
    let clock = Stopwatch()
    let trained = try backend.train(spec, context: context)
    let trainSeconds = clock.seconds
    // Saved and loaded, as it is used.
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("harness-bench-\(UUID().uuidString)")
      .path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try SavedTokenizer.save(trained, registry: registry, to: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0 != NeuralByteModel.fileName && $0 != SavedTokenizer.descriptionName
    }
    let savedBytes = try names.reduce(0) {
      $0 + ((try FileManager.default.attributesOfItem(atPath: folder + "/" + $1)[.size] as? Int) ?? 0)
    }
    let tokenizer = try SavedTokenizer(
      folder: folder, registry: registry, threads: context.threads
    ).tokenizer
    let megabytes = Double(examples.reduce(0) { $0 + $1.count }) / 1e6
    var tokens: [[Token]] = []
    let firstEncode = try secondsOf { tokens = try tokenizer.encode(examples: examples, threads: context.threads) }
    let pairs = zip(tokens, examples).map { ($0, $1.count) }
    var texts: [[UInt8]] = []
    let firstDecode = try secondsOf { texts = try tokenizer.decode(examples: pairs, threads: context.threads) }
    if tokenizer.isLossless, texts != examples {
      throw TokenizerError.corruptTokens(tokenizer: spec.canonicalName, reason: "the text does not come back")
    }
    func speed(_ first: Double = 0, _ body: () throws -> Void) throws -> Double {
      megabytes / (try bestSeconds(first, body))
    }
    func encode(_ threads: Int, _ first: Double = 0) throws -> Double {
      try speed(first) { _ = try tokenizer.encode(examples: examples, threads: threads) }
    }
    func decode(_ threads: Int, _ first: Double = 0) throws -> Double {
      try speed(first) { _ = try tokenizer.decode(examples: pairs, threads: threads) }
    }
    let all = (encode: try encode(context.threads, firstEncode), decode: try decode(context.threads, firstDecode))
    let isQuick = megabytes / min(all.encode, all.decode) < 5
    return TokenizerSpeed(
      tokenizer: spec.canonicalName, trainSeconds: trainSeconds, savedBytes: savedBytes,
      bytesPerToken: megabytes * 1e6 / Double(max(1, tokens.reduce(0) { $0 + $1.count })),
      encodeOneThread: isQuick ? try encode(1) : nil, decodeOneThread: isQuick ? try decode(1) : nil,
      encode: all.encode, decode: all.decode)
  }

  /// The first tokenizer's encoding speed over the second's, one thread each, where both are measured.
  package var firstToSecond: Double? {
    guard rows.count > 1, let first = rows[0].encodeOneThread, let second = rows[1].encodeOneThread else { return nil }
    return first / second
  }

  /// As tables to read.
  package var markdown: String {
    func f(_ value: Double?, _ digits: Int = 1) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "–" }
    func speed(_ value: Double?) -> String { f(value, value.map { $0 < 1 ? 4 : $0 < 100 ? 1 : 0 } ?? 0) }
    var lines = [
      "\(cpu), kernels \(kernelSet), \(threads) threads; M1 \(m1Size) (\(m1Fingerprint)); \(textBytes) bytes of text",
      "",
      "| M1's exact forward pass, one core | GFLOP/s | of the FMA peak (\(f(peakGigaflops, 0))) |",
      "| --- | --- | --- |",
    ]
    lines += forward.map { "| \($0.name) | \(f($0.gigaflopsPerCore, 0)) | \(f(100 * $0.shareOfPeak, 0))% |" }
    lines += [
      "",
      "| tokenizer | bytes/token | made in s | size, kB | encode MB/s, 1 thread | decode | encode, \(threads) | decode |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += rows.map {
      "| \($0.tokenizer) | \(f($0.bytesPerToken, 3)) | \(f($0.trainSeconds)) | \(f(Double($0.savedBytes) / 1e3, 0)) "
        + "| \(speed($0.encodeOneThread)) | \(speed($0.decodeOneThread)) | \(speed($0.encode)) | \(speed($0.decode)) |"
    }
    lines += [
      "",
      "Arithmetic codes of whole examples: \(codeBits) bits, Σ -log2 q \(f(idealBits, 0)): \(String(format: "%.6f", codeOverhead))×.",
    ]
    if let ratio = firstToSecond {
      lines.append("\(rows[0].tokenizer) encodes \(f(ratio))× as fast as \(rows[1].tokenizer), one thread each.")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Examples of the default size.
func cut(_ text: [UInt8]) -> [[UInt8]] {
  let size = CorpusOptions(paths: []).exampleBytes
  return stride(from: 0, to: text.count, by: size).map { Array(text[$0..<min(text.count, $0 + size)]) }
}

/// The best of repeated runs: of the first one alone where it took over a second, else of as many as fit into one.
private func bestSeconds(_ first: Double, _ body: () throws -> Void) rethrows -> Double {
  var best = first > 0 ? first : .infinity
  var total = first
  while total < 1 {
    let seconds = try secondsOf(body)
    best = min(best, seconds)
    total += max(seconds, 1e-9)
  }
  return best
}
