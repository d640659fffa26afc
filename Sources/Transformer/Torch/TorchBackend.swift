import Foundation
import Support

/// How PyTorch trains.
public struct TorchOptions: Sendable, Hashable, Codable {
  /// Processes that share a batch, each with a GPU where there are any.
  public var gpus = 1
  /// Sequences that go through the model at once. Gradients of micro-batches are summed in order, so that the result's last
  /// bits depend on it.
  public var microBatch = 32
  public init() {}
}

/// PyTorch in a process of its own: `torch_worker.py`, which this program carries. On a GPU where PyTorch sees one, else on
/// the processor.
public struct TorchBackend: TrainingBackend {
  /// Raised when the worker comes to other weights from the same job.
  public static let version = 3
  /// A Python that has PyTorch, as a path or a name.
  let python: String

  /// - Parameter python: HARNESS_PYTHON, or "python3", if left out.
  public init(python: String = ProcessInfo.processInfo.environment["HARNESS_PYTHON"] ?? "python3") {
    self.python = python
  }

  public func start(_ job: TrainingJob) throws -> any TrainingRun { try TorchRun(job, python: python) }

  public func lossAndGradient(_ model: Model, tokens: [Int32], _ options: TrainingOptions) throws -> (
    loss: Double, gradient: Model
  ) {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("gradient-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (_, input) = try Self.writeFixture(model, tokens: tokens, options, in: folder)
    let output = folder + "/out.safetensors"
    let worker = try TorchWorker(python, folder: folder, processes: 1, ["gradient", input, output])
    try worker.finish(take: { _ in throw worker.failure("printed an event where none is expected") })
    let loss = FloatBuffer(1)
    try SafeTensors(path: output).read("loss", shape: [1], into: loss.p)
    return (Double(loss.p[0]), try Model.load(from: output).model)
  }

  /// Writes the worker's program, and a model with the tokens of one batch, as it reads them to measure and to be checked.
  package static func writeFixture(_ model: Model, tokens: [Int32], _ options: TrainingOptions, in folder: String)
    throws
    -> (script: String, file: String)
  {
    try makeFolder(folder)
    let (script, file) = (try writeScript(in: folder), folder + "/fixture.safetensors")
    let row = FloatBuffer(tokens.count)
    for (i, token) in tokens.enumerated() { row.p[i] = Float(token) }
    var table = model.table
    table["buckets"] = "\(RelativeBias.bucketOfDistance)"
    table["zLoss"] = "\(options.zLoss)"
    table["precision"] = options.precision.rawValue
    try withExtendedLifetime(row) {
      try SafeTensors.write(
        to: file, metadata: table,
        tensors: model.tensors + [("tokens", [options.batch, options.sequenceLength], row.values)])
    }
    return (script, file)
  }

  static func writeScript(in folder: String) throws -> String {
    let script = folder + "/torch_worker.py"
    try writeAtomically(Data(PackageResources.torch_worker_py), to: script)
    return script
  }
}

/// The worker's process, whose lines of JSON are read one by one.
final class TorchWorker {
  /// A line of the worker. Which fields it has depends on the event; the file itself says.
  struct Event: Decodable {
    enum Kind: String, Decodable { case ready, note, steps, saved, nats, diverged, done }
    var event: Kind
    var torch, device, text: String?
    var step, first: Int?
    var lossNats, seconds, values: [Double]?
  }

  private let child: ChildProcess
  private let command: String
  private var half: [UInt8] = []
  private var lastWords: [UInt8] = []
  /// What it is doing, for the reason of a failure.
  var activity = "it was started"

  /// - Parameter folder: where the worker's file is put.
  init(_ python: String, folder: String, processes: Int, _ arguments: [String]) throws {
    let script = try TorchBackend.writeScript(in: folder)
    let several = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "\(processes)"]
    command = python
    do { child = try ChildProcess([command] + (processes > 1 ? several : []) + [script] + arguments) } catch {
      throw TransformerError.worker(
        "PyTorch cannot be asked: \(error); name a Python that has torch in HARNESS_PYTHON")
    }
  }

  /// Reads the worker's lines until it ends, which it must do with status 0.
  /// - Parameters:
  ///   - watch: called several times a second.
  ///   - take: what it throws kills the worker.
  func finish(_ watch: () throws -> Void = {}, take: (Event) throws -> Void) throws {
    child.closeInput()
    defer { child.end() }
    let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
    while !child.isOutputOver {
      try watch()
      let hasEnded = child.hasEnded
      let turn = child.turn(writing: nothing, seconds: hasEnded ? 0 : 0.2, output: { half += $0 }, errors: listen)
      while let end = half.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(half[..<end])
        half.removeSubrange(...end)
        guard let event = try? JSONDecoder().decode(Event.self, from: Data(line)) else {
          throw failure(
            "printed \"\(printable(String(decoding: line.prefix(80), as: UTF8.self)))\" in place of an event")
        }
        try take(event)
      }
      if hasEnded, turn.read == 0 { break }
    }
    _ = child.ends(within: 60, errors: listen)
    let ending = child.end(errors: listen)
    guard ending == .status(0) else { throw failure("\(ending)") }
    guard half.isEmpty else { throw failure("ended within a line") }
  }

  private func listen(_ bytes: UnsafeRawBufferPointer) {
    lastWords = Array((lastWords + bytes.suffix(16_000)).suffix(16_000))
  }

  /// - Parameter what: after "the PyTorch worker (python3) ".
  func failure(_ what: String) -> TransformerError {
    child.end(errors: listen)
    let text = String(decoding: lastWords, as: UTF8.self)
    if text.contains("No module named 'torch'") {
      return .worker(
        "\(command) has no PyTorch: install it with '\(command) -m pip install torch', or name another Python in "
          + "HARNESS_PYTHON")
    }
    let said = text.split(whereSeparator: \.isNewline)
    let lines = (said.last(where: Self.isException).map { [$0] } ?? said.suffix(3)).joined(separator: " / ").suffix(500)
    let saying = lines.isEmpty ? "" : "; on standard error it last said: \(printable(String(lines)))"
    return .worker("the PyTorch worker (\(command)) \(what) when \(activity)\(saying)")
  }

  /// "RuntimeError: CUDA out of memory", also as "[rank1]: RuntimeError: …". What torch.distributed.run says of its
  /// processes' ends comes after it and tells less.
  private static func isException(_ line: Substring) -> Bool {
    let own = line.hasPrefix("[rank") ? line.drop { $0 != ":" }.dropFirst(2) : line
    let name = own.prefix { $0 != ":" }
    return name.count < own.count && name.hasSuffix("Error") && !name.hasSuffix("ChildFailedError")
      && name.allSatisfy { $0.isLetter || $0.isNumber || "._".contains($0) }
  }
}

/// Training by the worker. What survives a kill lies in the work folder: `torch-checkpoint.pt`, which the worker writes, and
/// the snapshots.
final class TorchRun: TrainingRun {
  /// What the worker reads of a job.
  private struct Job: Encodable {
    struct Row: Encodable {
      var files: [String]
      var width: Int
      var count: Int
    }
    struct Scored: Encodable {
      var files: [String]
      var width = 4
      var counts: [Int]
    }
    var identity: String
    var shape: ModelShape
    var steps, until, batch, sequenceLength, microBatch, threads: Int
    var precision: Precision
    var optimizer: OptimizerKind
    var beta2, weightDecay, zLoss, clip: Double
    /// Of each tensor, over the base rate; and the tensors that decay.
    var rates: [String: Double]
    var matrices: [String]
    /// Of each distance.
    var buckets: [Int]
    var weights, order, schedule, folder, stop: String
    var tokens: Row
    var scored: Scored?
    var snapshots: [Int]
    var checkpointSeconds: Double
  }

  private let job: TrainingJob
  private let python: String
  private let folder: String
  private var losses: LossLog
  private var file: Job
  private var scores: [Double] = []
  private(set) var step = 0
  var log: TrainingLog { losses.log }
  private(set) var libraries: [String: String] = [:]

  init(_ job: TrainingJob, python: String) throws {
    self.job = job
    self.python = python
    folder = job.workFolder
    losses = LossLog(steps: job.steps)
    let options = job.options, torch = options.torch ?? TorchOptions()
    guard let stretches = job.source.stretches else {
      throw TransformerError.worker("PyTorch can train only on tokens that lie in files")
    }
    guard job.source.scoredPositions(0) == nil else {
      throw TransformerError.worker("PyTorch learns every token of a sequence, and here only answers are learned")
    }
    guard options.batch % torch.gpus == 0 else {
      throw TransformerError.worker("\(torch.gpus) GPUs cannot share a batch of \(options.batch) evenly")
    }
    try makeFolder(folder)
    let model = job.initial?.model ?? Model(shape: job.shape, seed: job.seed, embeddingScale: options.embeddingScale)
    try model.save(to: folder + "/initial.safetensors")
    try Self.write(job.steps * options.batch, to: folder + "/order.bin") { Int64(stretches.start($0)).littleEndian }
    try Self.write(job.steps, to: folder + "/schedule.bin") { options.rate(step: $0, of: job.steps) }
    let scored = Array(job.scored.joined())
    try Self.write(scored.count, to: folder + "/scored.bin") { scored[$0].littleEndian }
    let tensors = ParameterLayout(job.shape).tensors
    file = Job(
      identity: String(decoding: try jsonEncoder(pretty: false).encode(job.identity), as: UTF8.self), shape: job.shape,
      steps: job.steps, until: job.steps, batch: options.batch, sequenceLength: options.sequenceLength,
      microBatch: torch.microBatch, threads: job.threads, precision: options.precision, optimizer: options.optimizer,
      beta2: options.beta2, weightDecay: options.weightDecay, zLoss: options.zLoss, clip: options.clip,
      rates: Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, options.rate(of: $0, dim: job.shape.dim)) }),
      matrices: tensors.filter(\.isMatrix).map(\.name), buckets: RelativeBias.bucketOfDistance,
      weights: folder + "/initial.safetensors", order: folder + "/order.bin", schedule: folder + "/schedule.bin",
      folder: folder, stop: folder + "/stop",
      tokens: Job.Row(files: stretches.files, width: stretches.bytesPerToken, count: stretches.count),
      scored: scored.isEmpty ? nil : Job.Scored(files: [folder + "/scored.bin"], counts: job.scored.map(\.count)),
      snapshots: job.snapshotSteps, checkpointSeconds: job.checkpointSeconds)
  }

  func advance(to last: Int, each: (Int, Double) throws -> Void) throws {
    try? FileManager.default.removeItem(atPath: file.stop)
    file.until = last
    try writeAtomically(try jsonEncoder().encode(file), to: folder + "/job.json")
    let worker = try TorchWorker(
      python, folder: folder, processes: job.options.torch?.gpus ?? 1, ["train", folder + "/job.json"])
    losses = LossLog(steps: job.steps)  // the worker tells all of it again
    var told = 0, begun = 0
    var end: Int?
    func watch() throws {
      if job.stop.isMade, !FileManager.default.fileExists(atPath: file.stop) {
        try writeAtomically(Data(), to: file.stop)
      }
    }
    try worker.finish(watch) { event in
      switch event.event {
      case .ready:
        begun = event.step ?? 0
        libraries["PyTorch"] = "\(event.torch ?? "unknown") on \(event.device ?? "unknown")"
        worker.activity = "it was at step \(begun) of \(job.steps)"
        if begun > 0 { job.report("going on from step \(begun) of \(job.steps)") }
      case .steps:
        guard event.first == told, let nats = event.lossNats, let seconds = event.seconds, nats.count == seconds.count,
          told + nats.count <= last
        else { throw worker.failure("told the losses of other steps than the next") }
        for (loss, seconds) in zip(nats, seconds) {
          told += 1
          losses.add(loss, step: told, seconds: seconds)
          if told > begun { try each(told, loss) }
        }
        if told == begun, begun > 0 { losses.log.resumedAt.append(begun) }
        worker.activity = "it was at step \(told) of \(job.steps)"
      case .nats: scores = event.values ?? []
      case .note: job.report(printable(event.text ?? ""))
      case .saved: break
      case .diverged: throw TransformerError.diverged(step: event.step ?? told, loss: .nan)
      case .done: end = event.step
      }
    }
    guard end == told else { throw worker.failure("ended without saying that it is done") }
    step = told
    guard step == last else {
      try job.stop.check()
      throw worker.failure("ended before step \(last)")
    }
  }

  /// The weights that the worker leaves where it ends.
  func parameters() throws -> Model {
    guard step > 0 else { return Model(shape: job.shape, seed: job.seed, embeddingScale: job.options.embeddingScale) }
    let path = folder + "/weights.safetensors"
    let model = try Model.load(from: path).model
    guard model.shape == job.shape else { throw TransformerError.damagedFile(path, reason: "of another shape") }
    return model
  }

  func nats() -> [Double] { scores }

  /// The worker leaves a checkpoint wherever it ends before the last step.
  func checkpoint() {}

  /// Numbers one after another, as they lie in memory.
  private static func write<T: BitwiseCopyable>(_ count: Int, to path: String, _ number: (Int) -> T) throws {
    try writeAtomically(to: path) { file in
      for start in stride(from: 0, to: count, by: 1 << 16) {
        let block = (start..<min(count, start + (1 << 16))).map(number)
        try block.withUnsafeBytes { try file.write($0) }
      }
    }
  }
}
