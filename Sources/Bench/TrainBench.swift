import Foundation
import Harness
import Metrics
import Transformer

/// Training speed for a table of sizes, vocabularies and precisions, measured in one process; beside it PyTorch's.
public struct TrainBench: Codable, Sendable {
  public struct Row: Codable, Sendable {
    public var size: String
    public var vocabulary: Int
    public var precision: Precision
    public var batch, sequenceLength: Int
    public var millisecondsPerStep: Double
    public var tokensPerSecond: Double
    /// Training FLOPs, all counted (``FLOPsConvention/all``), a second.
    public var gigaflops: Double
    /// Of what this precision's matrix products reach on all threads.
    public var shareOfPeak: Double
    /// The largest resident memory of a process of its own, in units of 10^6 bytes.
    public var peakMegabytes: Double?
    /// Shares of the time by phase.
    public var phases: [String: Double]
    /// PyTorch's tokens a second on the same step (bf16: under autocast; exact is compared with f32).
    public var pytorchTokensPerSecond: Double?
    public var ratioToPyTorch: Double?
  }
  public var cpu: String
  public var threads: Int
  public var libraries: [String: String]
  public var pytorch: String?
  /// Matrix products of order 1,024 on all threads, by precision.
  public var peakGigaflops: [String: Double]
  public var rows: [Row]

  /// Batch and sequence length that a size is measured with: the paper's context but for the laptop size.
  public static func batch(for size: String) -> (batch: Int, sequenceLength: Int) {
    size == "1m" ? (32, 256) : size == "3m" ? (16, 512) : (8, 512)
  }

  /// - Parameters:
  ///   - pytorch: a Python with torch; `script` is then run in turn with each row.
  ///   - peakMemory: measures one configuration in another process.
  public init(
    sizes: [String], vocabularies: [Int], precisions: [Precision], threads: Int, seconds: Double, pytorch: String?,
    script: String, peakMemory: (String, Int, Precision) throws -> Double?, report: (String) -> Void
  ) throws {
    cpu = cpuName()
    self.threads = threads
    libraries = [:]
    peakGigaflops = [:]
    for precision in precisions {
      peakGigaflops[precision.rawValue] =
        try measuredMatrixFLOPs(precision: precision, order: 1024, threads: threads) / 1e9
      libraries.merge(numericLibraries(precision: precision)) { a, _ in a }
    }
    rows = []
    for size in sizes {
      for vocabulary in vocabularies {
        let (batch, S) = Self.batch(for: size)
        guard let shape = ModelShape(named: size, vocabulary: vocabulary) else {
          throw HarnessError.usage("unknown size '\(size)'; known: \(ModelShape.sizeNames.joined(separator: ", "))")
        }
        var torchSpeed: [Precision: Double] = [:]
        for precision in precisions {
          report("\(size), vocabulary \(vocabulary), \(precision.rawValue)")
          var options = TrainingOptions()
          options.batch = batch
          options.sequenceLength = S
          options.shards = threads
          options.precision = precision
          let step = try measuredStep(shape: shape, options: options, threads: threads, seconds: seconds)
          let flops = FLOPsConvention.all.trainingPerToken(shape, sequenceLength: S) * Double(batch * S)
          var row = Row(
            size: size, vocabulary: vocabulary, precision: precision, batch: batch, sequenceLength: S,
            millisecondsPerStep: 1e3 * step.seconds, tokensPerSecond: Double(batch * S) / step.seconds,
            gigaflops: flops / step.seconds / 1e9,
            shareOfPeak: flops / step.seconds / 1e9 / (peakGigaflops[precision.rawValue] ?? .infinity),
            peakMegabytes: try peakMemory(size, vocabulary, precision),
            phases: Dictionary(uniqueKeysWithValues: step.shares.map { ($0.key.name, $0.value) }))
          if let pytorch {
            let dtype: Precision = precision == .exact ? .f32 : precision
            if torchSpeed[dtype] == nil {
              report("  PyTorch, \(dtype.rawValue)")
              let answer = try Self.runPyTorch(
                pytorch,
                [
                  script, "time", size, "\(vocabulary)", "\(batch)", "\(S)", dtype.rawValue, "\(threads)", "\(seconds)",
                ])
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

  private static func runPyTorch(_ python: String, _ arguments: [String]) throws -> Answer {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    do { try process.run() } catch { throw FileError(python, "cannot be run: \(error)") }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0, let answer = try? JSONDecoder().decode(Answer.self, from: data) else {
      throw HarnessError.usage("\(python) \(arguments.joined(separator: " ")) failed; does that Python have torch?")
    }
    return answer
  }

  /// As tables to read.
  public var markdown: String {
    func f(_ value: Double?, _ digits: Int = 0) -> String { value.map { String(format: "%.\(digits)f", $0) } ?? "–" }
    let names =
      libraries.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" } + (pytorch.map { ["PyTorch \($0)"] } ?? [])
    let peaks = peakGigaflops.sorted { $0.key < $1.key }.map { "\($0.key) \(f($0.value))" }
    var lines = [
      "\(cpu), \(threads) threads; \(names.joined(separator: "; ")). Matrix products of order 1,024 on all threads, "
        + "GFLOP/s: \(peaks.joined(separator: ", ")).",
      "", "| size | V | precision | batch | ms/step | tok/s | GFLOP/s | of peak | peak MB | × PyTorch |",
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += rows.map {
      "| \($0.size) | \($0.vocabulary) | \($0.precision.rawValue) | \($0.batch)×\($0.sequenceLength) "
        + "| \(f($0.millisecondsPerStep)) | \(f($0.tokensPerSecond)) | \(f($0.gigaflops)) | \(f(100 * $0.shareOfPeak))% "
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

/// One configuration's training in this process: its largest resident memory in units of 10^6 bytes.
public func trainingPeakMegabytes(size: String, vocabulary: Int, precision: Precision, threads: Int) throws -> Double {
  guard let shape = ModelShape(named: size, vocabulary: vocabulary) else {
    throw HarnessError.usage("unknown size '\(size)'")
  }
  var options = TrainingOptions()
  (options.batch, options.sequenceLength) = TrainBench.batch(for: size)
  options.shards = threads
  options.precision = precision
  _ = try measuredStep(shape: shape, options: options, threads: threads, seconds: 0)
  #if os(Linux)  // getrusage would count what the process that started this one held
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      if let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) }) {
        return kilobytes / 1000 * 1.024
      }
    }
    throw FileError("/proc/self/status", "has no VmHWM line")
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1e6
  #endif
}
