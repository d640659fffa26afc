import Foundation
import Harness
import Plugins
import Support
import Tokenizers
import Transformer

/// How fast M1 and every tokenizer encode and decode a text, beside the libraries of the same vocabularies.
package struct CodecBench: Codable, Sendable {
  /// M1's exact forward pass on one core.
  package struct Forward: Codable, Sendable {
    package var name: String
    package var gigaflopsPerCore: Double
    package var shareOfPeak: Double
  }
  /// M1 alone.
  package struct M1Speed: Codable, Sendable {
    package var size: String
    package var fingerprint: String
    package var kernelSet: String
    /// The most that one core's fused multiply-adds reach.
    package var peakGigaflops: Double
    package var forward: [Forward]
    /// Bits of all texts' arithmetic codes, the Σ -log2 q of their intervals, and the first over the second.
    package var codeBits: Int
    package var idealBits: Double
    package var codeOverhead: Double
  }
  /// One tokenizer. Speeds in megabytes of text a second; nil where a pass of one thread would take too long, or cannot
  /// be measured.
  package struct TokenizerSpeed: Codable, Sendable {
    package var tokenizer: String
    /// Compiling the codebook, collecting the dictionary, or training, M1's own training excepted.
    package var trainSeconds: Double
    /// Its files, M1's weights excepted.
    package var savedBytes: Int
    package var bytesPerToken: Double
    package var encodeOneThread, decodeOneThread: Double?
    package var encode, decode: Double
    /// Other programs that read the same vocabulary and the same text, in the same minute.
    package var libraries: [LibrarySpeed] = []
  }
  /// A Python library, as Benchmarks/codec_libraries.py measures it.
  package struct LibrarySpeed: Codable, Sendable {
    package var library: String
    package var encodeOneThread, decodeOneThread: Double
    package var encode, decode: Double
    /// Whether it gives each example the ids that are given here.
    package var sameIDs: Bool
  }
  /// What is measured beside, and how.
  package struct Options: Sendable {
    /// Folder with an M1; tokenizers that need one are left out without it.
    package var m1: String?
    /// A Python with the libraries, and the program that measures them.
    package var python: String?
    package var script = "Benchmarks/codec_libraries.py"
    /// One thread's speeds by processor time, for a machine that others use too. A tokenizer that runs in another process
    /// then has none.
    package var usesProcessorTime = false
    package var threads = 1
    /// How long each speed is measured, at least.
    package var seconds = 1.0
    package init() {}
  }
  package var cpu: String
  package var threads: Int
  package var usesProcessorTime: Bool
  package var textBytes: Int
  package var m1: M1Speed?
  package var rows: [TokenizerSpeed]

  /// This project's own: benches are about them, so here, above the plugins, they may be named.
  package static let defaultTokenizers = [
    "EqualInfoAC[b=16,v=65k]", "SentencePiece[v=32k]", "SentencePiece[v=32k,model=bpe]", "BPE[v=32k]",
    "BPE[v=32k,split=cl100k]", "BPE[v=32k,split=o200k]", "BPE[v=32k,split=none]", "BPE[v=32k,segmenter=greedy]",
    "BPE[v=32k,segmenter=path]", "SuperBPE[v=32k]", "PickyBPE[v=32k]", "ByteSpan[v=8k]", "M1Dictionary[v=65k]",
    "M1Dictionary[v=65k,cut=pretoken,texts=used]", "M1Dictionary[v=65k,segmenter=unigram,texts=used]",
    "EqualInfoAC[b=16,v=65k,cut=pretoken]", "Bytes", "GZip[v=65k]", "StaticAC[v=65k]", "Huffman[v=65k]", "LZW[v=4k]",
    "LZWDictionary[v=4k]", "EqualInfoAC[b=20,v=1k]", "EqualInfoAC[b=32,v=65k]", "EqualInfoAC[b=64,v=65k]", "AC[v=65k]",
    "Rank[v=4k]",
  ]

  /// - Parameters:
  ///   - training: what tokenizers that train read.
  ///   - tokenizers: ``defaultTokenizers`` and the registry's plug-ins where there are none.
  package init(
    text: [UInt8], training: [UInt8], tokenizers: [String], registry: Registry, options: Options,
    report: @escaping @Sendable (String) -> Void
  ) throws {
    guard !text.isEmpty else { throw BenchError.emptyText }
    let plugins = registry.backends.filter { $0 is ExternalBackend }.map { $0.descriptor.name }
    let specs = try (tokenizers.isEmpty ? Self.defaultTokenizers + plugins : tokenizers).map {
      try registry.resolve($0)
    }
    .filter { spec in
      guard options.m1 == nil, try registry.backend(named: spec.name).descriptor.needsByteModel else { return true }
      guard tokenizers.isEmpty else { throw BenchError.needsM1(spec.canonicalName) }
      return false
    }
    let model = try options.m1.map { try NeuralByteModel.load(from: $0) }
    let examples = cut(text)
    (cpu, threads, textBytes) = (cpuName(), options.threads, text.count)
    usesProcessorTime = options.usesProcessorTime
    m1 = try model.map {
      report("measuring M1")
      return try Self.measure($0, on: examples, threads: options.threads)
    }
    let context = TrainingContext(
      examples: { AnySequence(cut(training)) },
      byteModel: {
        guard let model else { throw BenchError.needsM1("a tokenizer") }
        return model
      }, seed: 0, threads: options.threads, report: report)
    rows = try specs.map { spec in
      report("\(spec.canonicalName)")
      return try Self.measure(spec, registry: registry, context: context, examples: examples, options: options)
    }
  }

  private static func measure(_ model: NeuralByteModel, on examples: [[UInt8]], threads: Int) throws -> M1Speed {
    let (kernelSet, peak) = measuredFMAPeak()
    let forward = [
      (64, 128, 128, "64 texts of 128 bytes, one shot"), (64, 64, 1, "64 texts of 64 bytes, step by step"),
      (1, model.contextLength - 1, model.contextLength - 1, "1 text of \(model.contextLength - 1) bytes, one shot"),
    ].map { batch, length, piece, name in
      let flops = model.measuredForwardFLOPs(batch: batch, length: length, piece: piece)
      return Forward(name: name, gigaflopsPerCore: flops / 1e9, shareOfPeak: flops / peak)
    }
    let (bits, ideal) = try codeLength(of: examples, under: model, threads: threads)
    return M1Speed(
      size: model.metadata["size"] ?? "?", fingerprint: model.fingerprint, kernelSet: kernelSet,
      peakGigaflops: peak / 1e9, forward: forward, codeBits: bits, idealBits: ideal, codeOverhead: Double(bits) / ideal)
  }

  private static func measure(
    _ spec: ResolvedSpec, registry: Registry, context: TrainingContext, examples: [[UInt8]], options: Options
  ) throws -> TokenizerSpeed {
    let backend = try registry.backend(named: spec.name)
    let clock = Stopwatch()
    let trained = try backend.train(spec, context: context)
    let trainSeconds = clock.seconds
    // Saved and loaded, as it is used.
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("harness-bench-\(UUID().uuidString)")
      .path
    try makeFolder(scratch)
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    let folder = scratch + "/tokenizer"
    try SavedTokenizer.save(trained, registry: registry, to: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
      $0 != NeuralByteModel.fileName && $0 != SavedTokenizer.descriptionName
    }
    let savedBytes = try names.reduce(0) {
      $0 + ((try FileManager.default.attributesOfItem(atPath: folder + "/" + $1)[.size] as? Int) ?? 0)
    }
    let tokenizer = try SavedTokenizer(folder: folder, registry: registry, threads: context.threads).tokenizer
    let megabytes = Double(examples.reduce(0) { $0 + $1.count }) / 1e6
    var tokens: [[Token]] = []
    let firstEncode = try secondsOf { tokens = try tokenizer.encode(examples: examples, threads: context.threads) }
    let pairs = zip(tokens, examples).map { ($0, $1.count) }
    var texts: [[UInt8]] = []
    let firstDecode = try secondsOf { texts = try tokenizer.decode(examples: pairs, threads: context.threads) }
    if tokenizer.isLossless, texts != examples {
      throw TokenizerError.corruptTokens(tokenizer: spec.canonicalName, reason: "the text does not come back")
    }
    func encode(_ threads: Int) throws { _ = try tokenizer.encode(examples: examples, threads: threads) }
    func decode(_ threads: Int) throws { _ = try tokenizer.decode(examples: pairs, threads: threads) }
    let all = (
      encode: megabytes / (try bestSeconds(firstEncode, options) { try encode(context.threads) }),
      decode: megabytes / (try bestSeconds(firstDecode, options) { try decode(context.threads) })
    )
    let isSlow = megabytes / min(all.encode, all.decode) >= 5
    func oneThread(_ body: () throws -> Void) throws -> Double? {
      if isSlow || (options.usesProcessorTime && backend is ExternalBackend) { return nil }
      return megabytes / (try bestSeconds(nil, options, processorTime: options.usesProcessorTime, body))
    }
    var row = TokenizerSpeed(
      tokenizer: spec.canonicalName, trainSeconds: trainSeconds, savedBytes: savedBytes,
      bytesPerToken: megabytes * 1e6 / Double(max(1, tokens.reduce(0) { $0 + $1.count })),
      encodeOneThread: try oneThread { try encode(1) }, decodeOneThread: try oneThread { try decode(1) },
      encode: all.encode, decode: all.decode)
    if let python = options.python {
      row.libraries = try libraries(python, folder: scratch, examples, tokens, options)
    }
    return row
  }

  /// The libraries that read the vocabulary of `folder`/tokenizer; none for families that there is no library of.
  private static func libraries(
    _ python: String, folder: String, _ examples: [[UInt8]], _ tokens: [[Token]], _ options: Options
  ) throws -> [LibrarySpeed] {
    func write(_ numbers: some Sequence<Int>, _ name: String) throws {
      let bytes = numbers.flatMap { number in withUnsafeBytes(of: UInt32(number).littleEndian) { Array($0) } }
      try writeAtomically(bytes, to: folder + "/" + name)
    }
    try writeAtomically(Array(examples.joined()), to: folder + "/text")
    try write(examples.map(\.count), "lengths")
    try write(tokens.joined().map(Int.init), "ids")
    try write(tokens.map(\.count), "counts")
    let arguments = [
      options.script, folder, "\(options.threads)", options.usesProcessorTime ? "processor" : "wall",
      "\(options.seconds)",
    ]
    let output = try outputOf(python, arguments)
    guard let rows = try? JSONDecoder().decode([LibrarySpeed].self, from: output) else {
      throw BenchError.child(([python] + arguments).joined(separator: " "), reason: "printed no measurement")
    }
    return rows
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
    func times(_ here: Double?, _ there: Double) -> String { here.map { "\(f($0 / there))×" } ?? "–" }
    var lines = [
      "\(cpu), \(threads) threads; \(textBytes) bytes of text"
        + (usesProcessorTime ? "; one thread by processor time, \(threads) by the clock" : "")
    ]
    if let m1 {
      lines += [
        "", "M1 \(m1.size) (\(m1.fingerprint)), kernels \(m1.kernelSet):", "",
        "| M1's exact forward pass, one core | GFLOP/s | of the FMA peak (\(f(m1.peakGigaflops, 0))) |",
        "| --- | --- | --- |",
      ]
      lines += m1.forward.map { "| \($0.name) | \(f($0.gigaflopsPerCore, 0)) | \(f(100 * $0.shareOfPeak, 0))% |" }
    }
    lines += [
      "",
      "| tokenizer | bytes/token | made in s | size, kB | encode MB/s, 1 thread | decode | encode, \(threads) | decode |",
      "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows {
      lines.append(
        "| \(row.tokenizer) | \(f(row.bytesPerToken, 3)) | \(f(row.trainSeconds)) | \(f(Double(row.savedBytes) / 1e3, 0)) "
          + "| \(speed(row.encodeOneThread)) | \(speed(row.decodeOneThread)) | \(speed(row.encode)) | \(speed(row.decode)) |"
      )
      lines += row.libraries.map { library in
        "| – \(library.library), \(library.sameIDs ? "same ids" : "other ids") | | | | \(speed(library.encodeOneThread)) "
          + "(\(times(row.encodeOneThread, library.encodeOneThread))) | \(speed(library.decodeOneThread)) "
          + "(\(times(row.decodeOneThread, library.decodeOneThread))) | \(speed(library.encode)) "
          + "(\(times(row.encode, library.encode))) | \(speed(library.decode)) (\(times(row.decode, library.decode))) |"
      }
    }
    if rows.contains(where: { !$0.libraries.isEmpty }) {
      lines += ["", "In brackets: how many times as fast it is here, with the same vocabulary on the same text."]
    }
    if let m1 {
      lines += [
        "",
        "Arithmetic codes of whole examples: \(m1.codeBits) bits, Σ -log2 q \(f(m1.idealBits, 0)): "
          + "\(f(m1.codeOverhead, 6))×.",
      ]
    }
    if let ratio = firstToSecond {
      lines.append("\(rows[0].tokenizer) encodes \(f(ratio))× as fast as \(rows[1].tokenizer), one thread each.")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// Examples of the default size at most, none of which begins inside a character: the libraries beside take text alone.
func cut(_ text: [UInt8]) -> [[UInt8]] {
  let size = CorpusOptions(paths: []).exampleBytes
  var examples: [[UInt8]] = []
  var start = 0
  while start < text.count {
    var end = min(text.count, start + size)
    while end < text.count, end > start + size - 4, text[end] & 0xC0 == 0x80 { end -= 1 }
    examples.append(Array(text[start..<end]))
    start = end
  }
  return examples
}

/// The best of repeated runs, of as many as fit into the time; of the first alone where it took longer.
/// - Parameter first: seconds of a run that there was.
private func bestSeconds(
  _ first: Double?, _ options: CodecBench.Options, processorTime: Bool = false, _ body: () throws -> Void
) rethrows -> Double {
  var best = first ?? .infinity
  var total = first ?? 0
  while best == .infinity || total < options.seconds {
    let seconds = try processorTime ? processorSecondsOf(body) : secondsOf(body)
    best = min(best, seconds)
    total += max(seconds, 1e-9)
  }
  return best
}
