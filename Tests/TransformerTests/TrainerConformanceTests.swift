import Foundation
import Support
import Testing

@testable import Transformer

/// A Python with PyTorch: HARNESS_PYTHON, or what `make torch-python` made.
private let torchPython: String? = {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  let candidates = [ProcessInfo.processInfo.environment["HARNESS_PYTHON"], "\(root)/.build/torch-python/bin/python3"]
  return candidates.compactMap(\.self).first { python in
    guard FileManager.default.isExecutableFile(atPath: python) else { return false }
    let process = Process()
    (process.executableURL, process.arguments) = (URL(fileURLWithPath: python), ["-c", "import torch"])
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}()
private let needsTorch: Comment = "no Python with PyTorch: 'make torch-python' makes one"

/// Stretches of one row of tokens in two files, the second of which is left before its end.
private struct Row: SequenceSource {
  let files: [String]
  let length: Int
  static let count = 900
  static func token(_ i: Int) -> Int32 { Int32((i % Row.count * 7 + i % Row.count / 5) % 19) }

  init(in folder: String, length: Int) throws {
    self.length = length
    files = [folder + "/a.tokens", folder + "/b.tokens"]
    for (file, range) in zip(files, [0..<500, 500..<1000]) {
      try writeFile(file) { file in
        try range.map { UInt16(Row.token($0)).littleEndian }.withUnsafeBytes { try file.write($0) }
      }
    }
  }

  private func start(of index: Int) -> Int { index * 131 % Row.count }
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    for t in out.indices { out[t] = Row.token((start(of: index) + t) % Row.count) }
  }
  var stretches: TokenStretches? {
    TokenStretches(files: files, bytesPerToken: 2, count: Row.count, start: { start(of: $0) })
  }
}

private let shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 19)

private func withFolder<T>(_ body: (String) throws -> T) throws -> T {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("trainers-\(UUID().uuidString)").path
  try makeFolder(folder)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}

private func smallJob(
  in folder: String, _ optimizer: OptimizerKind = .adamw, precision: Precision = .f32, gpus: Int = 1,
  microBatch: Int = 2
) throws -> TrainingJob {
  var options = TrainingOptions()
  (options.batch, options.sequenceLength, options.optimizer, options.precision) = (4, 40, optimizer, precision)
  options.warmup = 5
  // So small that rounding is not blown up: training that swings tells nothing of who computes it.
  if optimizer == .adafactor { (options.schedule, options.learningRate, options.embeddingRate) = (.rsqrt, 0.02, 1) }
  options.torch = TorchOptions()
  options.torch?.gpus = gpus
  options.torch?.microBatch = microBatch
  var job = TrainingJob(
    shape: shape, options: options, steps: 20, seed: 3, source: try Row(in: folder, length: 40), threads: gpus,
    workFolder: folder + "/work")
  job.snapshotSteps = [5, 20]
  job.scored = [Array((0..<50).map(Row.token)), [], Array((50..<130).map(Row.token))]
  return job
}

private func bits(_ model: Model) -> [UInt32] { model.parameters.values.map(\.bitPattern) }

/// |a − b| over |a|, of the tensor in which they are farthest apart.
private func distance(_ a: Model, _ b: Model) -> Double {
  ParameterLayout(a.shape).tensors.map { tensor in
    var apart = 0.0, size = 0.0
    for i in tensor.offset..<tensor.offset + tensor.count {
      apart += pow(Double(a.parameters.p[i]) - Double(b.parameters.p[i]), 2)
      size += pow(Double(a.parameters.p[i]), 2)
    }
    return (apart / size).squareRoot()
  }.max() ?? 0
}

/// What every trainer must give: the native one is the measure.
@Suite(.enabled(if: torchPython != nil, needsTorch), .serialized) struct TrainerConformanceTests {
  let torch = TorchBackend(python: torchPython ?? "python3")

  /// Also over sequences longer than the buckets of distances reach, and over the shortest.
  @Test(
    arguments: [(Precision.f32, 4, 40, 1e-4), (.f32, 1, 200, 1e-4), (.f32, 3, 2, 1e-4), (.bf16, 4, 40, 5e-2)]
      .filter { availablePrecisions.contains($0.0) })
  func lossAndGradientsAgree(precision: Precision, batch: Int, length: Int, bound: Double) throws {
    var options = try withFolder { try smallJob(in: $0, precision: precision).options }
    (options.batch, options.sequenceLength) = (batch, length)
    let model = Model(shape: shape, seed: 4), tokens = (0..<batch * length).map { Row.token($0 * 3) }
    let here = try NativeBackend().lossAndGradient(model, tokens: tokens, options)
    let there = try torch.lossAndGradient(model, tokens: tokens, options)
    #expect(abs(here.loss - there.loss) <= bound * here.loss, "\(here.loss), \(there.loss)")
    #expect(distance(here.gradient, there.gradient) <= bound)
  }

  @Test(arguments: OptimizerKind.allCases)
  func twentyStepsAgree(optimizer: OptimizerKind) throws {
    try withFolder { folder in
      let job = try smallJob(in: folder, optimizer)
      var other = job
      other.workFolder = folder + "/native"
      var losses: [[Double]] = [[], []]
      let here = try NativeBackend().start(other), there = try torch.start(job)
      try here.advance(to: 20) { losses[0].append($1) }
      try there.advance(to: 20) { losses[1].append($1) }
      #expect(losses[0].count == 20 && losses[1].count == 20)
      for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) <= 1e-4 * a, "\(losses)") }
      // Adafactor's step is a share of a tensor's size over a norm of the update: rounding differences grow with it.
      let apart = try distance(here.parameters(), there.parameters())
      #expect(apart <= (optimizer == .adamw ? 1e-4 : 1e-3), "\(apart)")
      #expect(here.log.lossNats.map(\.step) == there.log.lossNats.map(\.step))
      // Each scores its own weights; both weights are scored alike here.
      let (ours, theirs) = (try here.nats(), try there.nats())
      #expect(ours.count == 3 && theirs.count == 3 && theirs[1] == 0)
      for (a, b) in zip(ours, theirs) { #expect(abs(a - b) <= 1e-3 * a) }
      let again = try there.parameters().nats(of: job.scored, sequenceLength: 40, precision: .f32, threads: 1)
      for (a, b) in zip(again, theirs) { #expect(abs(a - b) <= 1e-5 * a) }
      let snapshots = try ["native", "work"].map {
        try Model.load(from: "\(folder)/\($0)/snapshot-5.safetensors").model
      }
      #expect(distance(snapshots[0], snapshots[1]) <= 1e-4)
    }
  }

  /// In parts, each in a process of its own, and stopped in between: the bits of one that was not.
  @Test(arguments: OptimizerKind.allCases)
  func torchGoesOnExactly(optimizer: OptimizerKind) throws {
    try withFolder { folder in
      let whole = try torch.start(smallJob(in: folder, optimizer))
      try whole.advance(to: 20) { _, _ in }
      let expected = bits(try whole.parameters())
      try withFolder { folder in
        var job = try smallJob(in: folder, optimizer)
        try torch.start(job).advance(to: 7) { _, _ in }
        job.stop.make()  // it hears of it when it looks first, after its first step
        #expect(throws: Stopped.self) { try torch.start(job).advance(to: 20) { _, _ in } }
        job.stop = StopRequest()
        let resumed = try torch.start(job)
        var steps: [Int] = []
        try resumed.advance(to: 20) { step, _ in steps.append(step) }
        #expect(steps == Array(9...20))
        #expect(bits(try resumed.parameters()) == expected)
        #expect(resumed.log.lossNats == whole.log.lossNats)
        #expect(try resumed.nats() == whole.nats())
      }
    }
  }

  /// Libraries print what they like, NCCL for instance what NCCL_DEBUG asks for.
  @Test func whatLibrariesPrintIsNoAnswer() throws {
    try withFolder { folder in
      let noise = """
        import json, os
        dumps = json.dumps
        json.dumps = lambda *a, **k: (os.write(1, b"NCCL INFO\\n"), dumps(*a, **k))[1]
        """
      try Data(noise.utf8).write(to: URL(fileURLWithPath: folder + "/sitecustomize.py"))
      let python = folder + "/python"
      try Data("#!/bin/sh\nPYTHONPATH='\(folder)' exec '\(torch.python)' \"$@\"\n".utf8)
        .write(to: URL(fileURLWithPath: python))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
      let run = try TorchBackend(python: python).start(smallJob(in: folder))
      try run.advance(to: 20) { _, _ in }
      #expect(run.step == 20)
    }
  }

  /// Two processes with half of each batch give the weights of one.
  @Test func twoProcessesGiveTheWeightsOfOne() throws {
    try withFolder { folder in
      let one = try torch.start(smallJob(in: folder))
      try one.advance(to: 20) { _, _ in }
      try withFolder { folder in
        let two = try torch.start(smallJob(in: folder, gpus: 2))
        try two.advance(to: 20) { _, _ in }
        #expect(bits(try two.parameters()) == bits(try one.parameters()))
        for (a, b) in zip(one.log.lossNats, two.log.lossNats) { #expect(abs(a.value - b.value) <= 1e-6 * a.value) }
      }
    }
  }
}

/// A worker that goes wrong is said to, in a sentence that a record can hold.
@Test(arguments: [
  ("echo hello", "printed \"hello\" in place of an event"),
  (
    "echo '{\"event\": \"ready\", \"step\": 0, \"torch\": \"x\", \"device\": \"y\"}'; sleep 0.3; kill -9 $$",
    "was ended by signal 9"
  ),
  (
    "echo 'out of memory' >&2; exit 3",
    "ended with exit status 3 when it was started; on standard error it last said: out of memory"
  ),
  (
    "printf 'RuntimeError: out of memory\\nW1 [0] closing\\nx.ChildFailedError: \\n===\\n' >&2; exit 1",
    "when it was started; on standard error it last said: RuntimeError: out of memory"
  ),
  ("echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1", "has no PyTorch: install it with"),
  ("echo '{\"event\": \"steps\", \"first\": 4, \"lossNats\": [1], \"seconds\": [1]}'", "other steps than the next"),
  ("echo '{\"event\": \"diverged\", \"step\": 7}'", "training diverged at step 7"),
  ("exit 0", "ended without saying that it is done"),
])
func aWorkerThatFailsSaysHow(program: String, reason: String) throws {
  try withFolder { folder in
    let python = folder + "/python"
    try Data("#!/bin/sh\n\(program)\n".utf8).write(to: URL(fileURLWithPath: python))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: python)
    let run = try TorchBackend(python: python).start(smallJob(in: folder))
    let error = #expect(throws: TransformerError.self) { try run.advance(to: 20) { _, _ in } }
    #expect("\(error.map { "\($0)" } ?? "")".contains(reason), "\(String(describing: error))")
  }
}

@Test func aPythonThatIsMissingIsNamed() throws {
  try withFolder { folder in
    let run = try TorchBackend(python: folder + "/none").start(smallJob(in: folder))
    let error = #expect(throws: TransformerError.self) { try run.advance(to: 20) { _, _ in } }
    #expect("\(error.map { "\($0)" } ?? "")".contains("HARNESS_PYTHON"))
  }
}
