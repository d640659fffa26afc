import Foundation
import Support
import Testing

@testable import Transformer

/// Each token tells the next: something to learn.
private struct Counting: SequenceSource {
  func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
    for t in out.indices { out[t] = Int32((index + t) % 19) }
  }
}

private let shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 19)

private func smallOptions(_ optimizer: OptimizerKind = .adamw, _ precision: Precision = .exact) -> TrainingOptions {
  var options = TrainingOptions()
  options.batch = 3
  options.sequenceLength = 40
  options.warmup = 5
  options.optimizer = optimizer
  options.precision = precision
  if optimizer == .adafactor { (options.schedule, options.learningRate) = (.rsqrt, 0.3) }
  return options
}

private func withFolder(_ body: (String) throws -> Void) throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("training-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// A training run in a folder, which ends as if killed after the `kill`-th step.
private struct Run {
  struct Killed: Error {}
  var options = smallOptions()
  var steps = 30
  var seed: UInt64 = 3
  var snapshots = [6, 14, 30]

  func callAsFunction(
    _ folder: String, threads: Int = 1, killAfter kill: Int? = nil, stopAfter stop: Int? = nil,
    checkpointEvery: Double = 0, report: @escaping (String) -> Void = { _ in }
  ) throws -> (model: Model, log: TrainingLog)? {
    do {
      var job = TrainingJob(
        shape: shape, options: options, steps: steps, seed: seed, source: Counting(), threads: threads,
        workFolder: folder)
      (job.snapshotSteps, job.checkpointSeconds, job.report) = (snapshots, checkpointEvery, report)
      let run = try train(job) {
        if $0.step == kill { throw Killed() }
        if $0.step == stop { job.stop.make() }
      }
      return (try run.parameters(), run.log)
    } catch is Killed { return nil } catch is Stopped { return nil }
  }

  func snapshotBits(_ folder: String) throws -> [[UInt32]] {
    try snapshots.map { bits(try Model.load(from: folder + "/snapshot-\($0).safetensors").model) }
  }
}

private func bits(_ model: Model?) -> [UInt32] { model?.parameters.values.map(\.bitPattern) ?? [] }

@Test(arguments: OptimizerKind.allCases)
func anInterruptedRunEndsInTheSameBits(optimizer: OptimizerKind) throws {
  let run = Run(options: smallOptions(optimizer))
  try withFolder { folder in
    let whole = try #require(try run(folder))
    #expect(whole.log.lossNats.map(\.step) == Array(1...30))
    #expect(whole.log.resumedAt.isEmpty)
    let snapshots = try run.snapshotBits(folder)
    #expect(snapshots[2] == bits(whole.model))
    for kills in [[1], [5, 6, 7], [13, 14, 29], [2, 20]] {
      try withFolder { folder in
        for kill in kills { #expect(try run(folder, killAfter: kill) == nil) }
        let resumed = try #require(try run(folder, threads: 2))
        #expect(bits(resumed.model) == bits(whole.model), "killed after \(kills)")
        #expect(resumed.log.lossNats == whole.log.lossNats)
        #expect(resumed.log.resumedAt == kills)
        #expect(try run.snapshotBits(folder) == snapshots)
      }
    }
  }
}

/// One that is asked to stop saves what it has, however long its last checkpoint is ago.
@Test func aStoppedRunSavesAndGoesOn() throws {
  let run = Run()
  try withFolder { folder in
    let whole = try #require(try run(folder))
    try withFolder { folder in
      #expect(try run(folder, stopAfter: 11, checkpointEvery: .infinity) == nil)
      let resumed = try #require(try run(folder, checkpointEvery: .infinity))
      #expect(resumed.log.resumedAt == [12], "it ends with the step after which it hears of it")
      #expect(bits(resumed.model) == bits(whole.model) && resumed.log.lossNats == whole.log.lossNats)
    }
  }
}

/// With more than 200 steps a point is a mean over several, which may lie on both sides of the interruption.
@Test func pointsOfTheLogAreMeansOverTheInterruption() throws {
  let run = Run(steps: 401, snapshots: [])
  try withFolder { folder in
    let whole = try #require(try run(folder, checkpointEvery: .infinity))
    #expect(whole.log.lossNats.count == 134)
    #expect(whole.log.lossNats.prefix(2).map(\.step) == [3, 6])
    #expect(whole.log.lossNats.last?.step == 401)
    #expect((whole.log.lossNats.last?.value ?? 9) < 0.3 * whole.log.lossNats[0].value)
    try withFolder { folder in
      _ = try run(folder, killAfter: 4)
      let resumed = try #require(try run(folder, checkpointEvery: .infinity))
      #expect(resumed.log.lossNats == whole.log.lossNats)
      #expect(resumed.log.seconds > 0)
    }
  }
}

/// Every way in which files of the folder can be of no use, and what is then done: it is said, and the result is right.
@Test func whatIsDamagedOrForeignIsMadeAgain() throws {
  let run = Run()
  try withFolder { folder in
    let whole = try #require(try run(folder))
    let snapshots = try run.snapshotBits(folder)
    func flip(_ name: String, at place: Double) throws {
      let url = URL(fileURLWithPath: folder + "/" + name)
      var data = try Data(contentsOf: url)
      data[Int(Double(data.count - 1) * place)] ^= 4
      try data.write(to: url)
    }
    func expectRestart(_ why: String, _ damage: () throws -> Void) throws {
      try FileManager.default.removeItem(atPath: folder)
      #expect(try run(folder, killAfter: 20) == nil)
      try damage()
      var said: [String] = []
      let result = try #require(try run(folder, report: { said.append($0) }))
      #expect(said.contains { $0.contains("training starts over") && $0.contains(why) }, "\(why): \(said)")
      #expect(bits(result.model) == bits(whole.model))
      #expect(result.log.lossNats == whole.log.lossNats && result.log.resumedAt.isEmpty)
      #expect(try run.snapshotBits(folder) == snapshots)
    }
    for place in [0, 0.001, 0.5, 1.0] {
      try expectRestart("checkpoint") { try flip("checkpoint.safetensors", at: place) }
      try expectRestart("snapshot-6") { try flip("snapshot-6.safetensors", at: place) }
    }
    try expectRestart("checkpoint") {
      let path = folder + "/checkpoint.safetensors"
      try Data(contentsOf: URL(fileURLWithPath: path)).prefix(5000).write(to: URL(fileURLWithPath: path))
    }
    try expectRestart("missing") { try FileManager.default.removeItem(atPath: folder + "/snapshot-14.safetensors") }
    try expectRestart("another run") {
      try FileManager.default.removeItem(atPath: folder)
      #expect(try Run(seed: 4)(folder, killAfter: 20) == nil)
    }
    try expectRestart("another run") {
      try FileManager.default.removeItem(atPath: folder)
      var other = run
      other.options.learningRate *= 1.5
      #expect(try other(folder, killAfter: 20) == nil)
    }
  }
}

@Test func twoProcessesMayTrainInOneFolder() throws {
  let run = Run()
  try withFolder { folder in
    let whole = bits(try run(folder)?.model)
    try withFolder { folder in
      let results = try parallelMap(4, threads: 4) { _ in bits(try run(folder)?.model) }
      #expect(results.allSatisfy { $0 == whole })
      let left = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(!left.contains { $0.contains("partial") || $0.contains("aside") }, "\(left)")
    }
  }
}

@Test func progressAndWarningsAreTold() throws {
  try withFolder { folder in
    var said: [String] = []
    var steps: [Int] = []
    var job = TrainingJob(
      shape: shape, options: smallOptions(), steps: 4, seed: 1, source: Counting(), threads: 5, workFolder: folder)
    job.snapshotSteps = [0]
    job.report = { said.append($0) }
    _ = try train(job) {
      steps.append($0.step)
      #expect($0.steps == 4 && $0.tokensPerSecond > 0 && $0.flopsPerSecond > $0.tokensPerSecond)
      #expect($0.step < 4 ? $0.secondsLeft > 0 : $0.secondsLeft == 0)
    }
    #expect(steps == [1, 2, 3, 4])
    #expect(said.count == 1 && said[0].hasPrefix("2 of 5 threads train"))
    let initial = try Model.load(from: folder + "/snapshot-0.safetensors").model
    #expect(bits(initial) == bits(Model(shape: shape, seed: 1)))
  }
}

@Test(arguments: [Int32(19), -1])
func tokensThatTheModelDoesNotHaveAreRefused(token: Int32) throws {
  struct Source: SequenceSource {
    let token: Int32
    func sequence(_ index: Int, into out: UnsafeMutableBufferPointer<Int32>) {
      for t in out.indices { out[t] = t == 7 ? token : 0 }
    }
  }
  let trainer = try Trainer(shape: shape, options: smallOptions(), totalSteps: 2, seed: 1, threads: 1)
  #expect(throws: TransformerError.tokenOutOfRange(token, vocabulary: 19)) {
    try trainer.step(from: Source(token: token))
  }
}

@Test(arguments: OptimizerKind.allCases, availablePrecisions)
func trainingLearnsWhateverTheThreads(optimizer: OptimizerKind, precision: Precision) throws {
  var results: [[UInt32]] = []
  for threads in [1, 2] {
    let trainer = try Trainer(
      shape: shape, options: smallOptions(optimizer, precision), totalSteps: 60, seed: 3, threads: threads)
    let losses = try (0..<60).map { _ in try trainer.step(from: Counting()).lossNats }
    #expect(losses[59] < 0.3 * losses[0], "from \(losses[0]) to \(losses[59])")
    results.append(bits(trainer.model))
  }
  #expect(results[0] == results[1])
}

/// Gradients are 0 where the loss does not reach: there, weights only decay.
@Test(arguments: OptimizerKind.allCases)
func matricesDecayApartFromTheUpdate(optimizer: OptimizerKind) {
  let layout = ParameterLayout(shape)
  let parameters = FloatBuffer(layout.count), gradients = FloatBuffer(layout.count)
  for i in 0..<layout.count { parameters[i] = 2 }
  var options = TrainingOptions()
  (options.weightDecay, options.embeddingRate, options.referenceWidth) = (0.25, 1, 0)
  optimizer.optimizer(layout, options).update(
    parameters, gradients: gradients, gradientScale: 1, learningRate: 0.5, step: 0, threads: 1)
  for tensor in layout.tensors {
    let expected: Float = tensor.isMatrix ? 2 * (1 - 0.5 * 0.25) : 2
    #expect(parameters.slice(tensor.offset, tensor.count).allSatisfy { abs($0 - expected) < 1e-6 }, "\(tensor.name)")
  }
}

/// Embedding, vectors and matrices move by rates of their own, matrices also by the model's width.
@Test(arguments: OptimizerKind.allCases)
func eachGroupHasARateOfItsOwn(optimizer: OptimizerKind) {
  let layout = ParameterLayout(shape)
  func moved(_ options: TrainingOptions) -> [String: Float] {
    let parameters = FloatBuffer(layout.count), gradients = FloatBuffer(layout.count)
    for i in 0..<layout.count { (parameters[i], gradients[i]) = (1, 0.5) }
    optimizer.optimizer(layout, options).update(
      parameters, gradients: gradients, gradientScale: 1, learningRate: 1e-3, step: 0, threads: 1)
    return Dictionary(uniqueKeysWithValues: layout.tensors.map { ($0.name, 1 - parameters[$0.offset]) })
  }
  var common = TrainingOptions()
  (common.embeddingRate, common.vectorRate, common.referenceWidth, common.weightDecay) = (1, 1, 0, 0)
  var own = common
  (own.embeddingRate, own.vectorRate, own.referenceWidth) = (8, 4, 3 * shape.dim)
  let (reference, result) = (moved(common), moved(own))
  for tensor in layout.tensors {
    let expected: Float =
      tensor.isEmbedding ? 8 : tensor.isMatrix ? 3 : 4
    let ratio = (result[tensor.name] ?? 0) / (reference[tensor.name] ?? 1)
    #expect(abs(ratio / expected - 1) < 1e-2 && (reference[tensor.name] ?? 0) > 0, "\(tensor.name): \(ratio)")
  }
}

/// Up to the reference, which grows with the batch, a run has the base rate, beyond it one that falls with the root of its
/// steps; a job's options are those of its steps, and options that have been resolved stay as they are.
@Test func longerRunsHaveLowerRates() {
  var options = TrainingOptions()
  (options.learningRate, options.referenceSteps, options.batch, options.sequenceLength) = (0.5, 100, 4, 256)
  #expect([1, 100, 400, 10_000].map { options.forRun(of: $0).learningRate } == [0.5, 0.5, 0.25, 0.05])
  options.batch = 16
  #expect([1, 400, 1600].map { options.forRun(of: $0).learningRate } == [0.5, 0.5, 0.25])
  options.batch = 4
  let job = TrainingJob(
    shape: shape, options: options, steps: 400, seed: 1, source: Counting(), threads: 1, workFolder: "")
  #expect(job.options.learningRate == 0.25 && job.options.forRun(of: 40_000) == job.options)
  options.referenceSteps = nil
  #expect(options.forRun(of: 10_000) == options)
}

/// Options of before there was the rule have none, and are written as they were.
@Test func olderOptionsHaveNoRuleForLengths() throws {
  var older = TrainingOptions()
  older.referenceSteps = nil
  let written = try JSONEncoder().encode(older)
  #expect(!String(decoding: written, as: UTF8.self).contains("referenceSteps"))
  #expect(try JSONDecoder().decode(TrainingOptions.self, from: written) == older)
  // A run that the rule leaves alone is the one that it was, so that a store has it under the same key.
  #expect(try JSONEncoder().encode(TrainingOptions().forRun(of: 16_000)).count == written.count)
  #expect(TrainingOptions().forRun(of: 16_000) == older && TrainingOptions().forRun(of: 16_001) != older)
}

/// Adafactor keeps a number for each row and column, not one for each weight.
@Test func adafactorsStateIsSmall() {
  let layout = ParameterLayout(ModelShape(dim: 256, heads: 4, layers: 3, headSize: 64, mlp: 1024, vocabulary: 256))
  let count = Adafactor(layout, TrainingOptions()).moments.reduce(0) { $0 + $1.values.count }
  #expect(count < layout.count / 50)
}
