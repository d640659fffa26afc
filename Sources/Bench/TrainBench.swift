import Foundation
import Harness
import Support
import Transformer

/// Training speed for a table of sizes, vocabularies and precisions, measured in one process; beside it PyTorch's.
package struct TrainBench: Codable, Sendable {
  package struct StepSpeed: Codable, Sendable {
    package var size: String
    package var vocabulary: Int
    package var precision: Precision
    package var batch, sequenceLength: Int
    package var millisecondsPerStep: Double
    package var tokensPerSecond: Double
    /// Training FLOPs, all counted (``FLOPsConvention/all``), a second.
    package var gigaflops: Double
    /// What this precision's matrix products of order 1,024 reach on all threads, right before or after: the better of the
    /// two, for a machine's speed drifts.
    package var peakGigaflops: Double
    /// `gigaflops` of that.
    package var shareOfPeak: Double
    /// The largest resident memory of a process of its own, in units of 10^6 bytes.
    package var peakMegabytes: Double?
    /// Shares of the time by phase.
    package var phases: [String: Double]
    /// PyTorch's tokens a second on the same step (bf16: under autocast; exact is compared with f32).
    package var pytorchTokensPerSecond: Double?
    package var ratioToPyTorch: Double?
  }
  package var cpu: String
  package var threads: Int
  package var clock: BenchClock
  package var libraries: [String: String]
  package var pytorch: String?
  package var rows: [StepSpeed]

  /// What a size is measured with: the paper's context but for the laptop size, a shard for each thread.
  static func options(for size: String, precision: Precision, threads: Int) -> TrainingOptions {
    var options = TrainingOptions()
    (options.batch, options.sequenceLength) = size == "1m" ? (32, 256) : size == "3m" ? (16, 512) : (8, 512)
    options.shards = threads
    options.precision = precision
    return options
  }

  /// - Parameters:
  ///   - pytorch: a Python with torch; its worker then takes the same step in turn with each row.
  ///   - peakMemory: measures one configuration in another process.
  package init(
    sizes: [String], vocabularies: [Int], precisions: [Precision], threads: Int, seconds: Double, clock: BenchClock,
    pytorch: String?,
    peakMemory: (String, Int, Precision) throws -> Double?, report: (String) -> Void
  ) throws {
    cpu = cpuName()
    self.threads = threads
    self.clock = clock
    libraries = [:]
    for precision in precisions { libraries.merge(numericLibraries(precision: precision)) { a, _ in a } }
    func peak(_ precision: Precision) throws -> Double {
      try measuredMatrixFLOPs(precision: precision, order: 1024, threads: threads, clock: clock, rounds: 50) / 1e9
    }
    rows = []
    for size in sizes {
      for vocabulary in vocabularies {
        let shape = try benchShape(size, vocabulary: vocabulary)
        var torchSpeed: [Precision: Double] = [:]
        for precision in precisions {
          report("\(size), vocabulary \(vocabulary), \(precision.rawValue)")
          let options = Self.options(for: size, precision: precision, threads: threads)
          let (batch, S) = (options.batch, options.sequenceLength)
          let before = try peak(precision)
          let step = try measuredStep(shape: shape, options: options, threads: threads, seconds: seconds, clock: clock)
          let best = max(before, try peak(precision))
          let flops = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: S) * Double(batch * S)
          var row = StepSpeed(
            size: size, vocabulary: vocabulary, precision: precision, batch: batch, sequenceLength: S,
            millisecondsPerStep: 1e3 * step.seconds, tokensPerSecond: Double(batch * S) / step.seconds,
            gigaflops: flops / step.seconds / 1e9, peakGigaflops: best,
            shareOfPeak: flops / step.seconds / 1e9 / best,
            peakMegabytes: try peakMemory(size, vocabulary, precision),
            phases: Dictionary(uniqueKeysWithValues: step.shares.map { ($0.key.name, $0.value) }))
          if let pytorch {
            var options = options
            options.precision = precision == .exact ? .f32 : precision
            let dtype = options.precision
            if torchSpeed[dtype] == nil {
              report("  PyTorch, \(dtype.rawValue)")
              let answer = try Self.runPyTorch(pytorch, shape: shape, options, threads: threads, seconds: seconds)
              torchSpeed[dtype] = Double(batch * S) / answer.seconds
              self.pytorch = answer.version
            }
            row.pytorchTokensPerSecond = torchSpeed[dtype]
            row.ratioToPyTorch = torchSpeed[dtype].map { row.tokensPerSecond / $0 }
          }
          rows.append(row)
        }
      }
    }
  }

  private struct Answer: Decodable { let seconds: Double, version: String }

  /// The same step by PyTorch's worker, on a seeded model and tokens that lie in a folder for as long.
  private static func runPyTorch(
    _ python: String, shape: ModelShape, _ options: TrainingOptions, threads: Int, seconds: Double
  ) throws -> Answer {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("bench-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (script, file) = try TorchBackend.writeFixture(
      Model(shape: shape, seed: 1), tokens: randomTokens(shape, options), options, in: folder)
    let words = [python, script, "time", file, "\(threads)", "\(seconds)"]
    guard let answer = try? JSONDecoder().decode(Answer.self, from: outputOf(python, Array(words.dropFirst()))) else {
      throw BenchError.child(words.joined(separator: " "), reason: "printed no measurement")
    }
    return answer
  }

  private static func randomTokens(_ shape: ModelShape, _ options: TrainingOptions) -> [Int32] {
    var generator = SeededGenerator(seed: 6)
    return (0..<options.batch * options.sequenceLength).map { _ in Int32(generator.below(shape.vocabulary)) }
  }

  /// As tables to read.
  package var markdown: String {
    func f(_ value: Double?, _ digits: Int = 0) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "–" }
    let names =
      libraries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" } + (pytorch.map { ["PyTorch \($0)"] } ?? [])
    var lines = [
      "\(cpu), \(threads) threads\(clock == .processor ? ", by processor time" : ""); \(names.joined(separator: "; ")). "
        + "Products: matrices of order 1,024 on all threads, the better of right before and right after.",
      "",
      "| size | V | precision | batch | ms/step | tok/s | GFLOP/s | products GFLOP/s | of that | peak MB | × PyTorch |",
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += rows.map {
      "| \($0.size) | \($0.vocabulary) | \($0.precision.rawValue) | \($0.batch)×\($0.sequenceLength) "
        + "| \(f($0.millisecondsPerStep)) | \(f($0.tokensPerSecond)) | \(f($0.gigaflops)) "
        + "| \(f($0.peakGigaflops)) | \(f(100 * $0.shareOfPeak))% "
        + "| \(f($0.peakMegabytes)) | \(f($0.ratioToPyTorch, 2)) |"
    }
    let phases = Phase.allCases.map(\.name)
    lines += [
      "", "| size | V | precision | \(phases.map { "\($0) %" }.joined(separator: " | ")) |",
      "| --- | --- | --- |" + phases.map { _ in " --- |" }.joined(),
    ]
    lines += rows.map { row in
      "| \(row.size) | \(row.vocabulary) | \(row.precision.rawValue) | "
        + phases.map { f(100 * (row.phases[$0] ?? 0)) }.joined(separator: " | ") + " |"
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
