import CKernels
import Foundation
import KernelHashes
import Support
import Synchronization
import Testing
import Tokenizers

@testable import Transformer

private func tinyM1(kernelSet: String? = nil, context: Int = 64, dim: Int = 32) -> NeuralByteModel {
  let shape = ModelShape(dim: dim, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: 256)
  return NeuralByteModel(Model(shape: shape, seed: 11), contextLength: context, kernelSet: kernelSet)
}

private func noise(_ n: Int, _ seed: UInt64) -> FloatBuffer {
  var generator = SeededGenerator(seed: seed)
  let buffer = FloatBuffer(n)
  for i in 0..<n { buffer.p[i] = Float(generator.uniform() * 4 - 2) }
  return buffer
}

/// Every kernel on seeded inputs, under every set: the committed hashes, which Tests/arm64 checks on arm64 too.
@Test func kernelsComputeTheCommittedBits() throws {
  let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../KernelHashes/hashes.txt"
  let expected = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
  for set in kernelSets {
    let kernels = try #require(ck_kernels_named(set))
    let found = withUnsafeTemporaryAllocation(of: KernelHash.self, capacity: 64) { hashes in
      hashes.prefix(Int(kernel_hashes(kernels, hashes.baseAddress))).map {
        String(format: "%016lx\t%@", $0.hash, String(cString: $0.name))
      }
    }
    #expect(found == expected.map(String.init), "\(set)")
  }
}

@Test func productsAreOneFmaChainOnEverySet() throws {
  for (m, n, k) in [(1, 16, 5), (7, 50, 33), (33, 130, 300), (13, 64, 1), (160, 70, 300)] {
    let a = noise(m * k, 1), b = noise(k * n, 2)
    var expected = [Float](repeating: 0, count: m * n)
    for i in 0..<m {
      for j in 0..<n {
        var sum: Float = 0
        for l in 0..<k { sum = sum.addingProduct(a.p[i * k + l], b.p[l * n + j]) }
        expected[i * n + j] = sum
      }
    }
    for set in kernelSets {
      let kernels = try #require(ck_kernels_named(set)).pointee
      let c = FloatBuffer(m * n)
      kernels.gemm(Int32(m), Int32(n), Int32(k), a.p, k, 1, b.p, n, 1, c.p, n, 0)
      #expect(c.values.elementsEqual(expected), "\(set) \(m)×\(n)×\(k)")
      let packed = FloatBuffer(kernels.packedSize(Int32(k), Int32(n))), d = FloatBuffer(m * n)
      kernels.pack(Int32(k), Int32(n), b.p, n, 1, packed.p)
      kernels.gemmPacked(Int32(m), Int32(n), Int32(k), a.p, k, packed.p, d.p, n)
      #expect(d.values.elementsEqual(expected), "\(set) packed")
    }
  }
}

@Test func quantisedDistributionsKeepTheirInvariants() throws {
  for set in kernelSets {
    let kernels = try #require(ck_kernels_named(set)).pointee
    for (seed, spread) in [(1, 1.0), (2, 30.0), (3, 0.0), (4, 80.0)] {
      let logits = noise(256, UInt64(seed))
      for i in 0..<256 { logits.p[i] *= Float(spread) }
      for bits in [8, 10, 12, 14, 16] {
        var table = [UInt32](repeating: 0, count: 256)
        kernels.quantise(logits.p, Int32(bits), &table)
        let total: UInt32 = table.reduce(0, +)
        #expect(total == UInt32(1) << UInt32(bits), "\(set) \(bits)")
        #expect(table.allSatisfy { $0 >= 1 })
        var plain = [UInt32](repeating: 0, count: 256)
        ck_kernels_named("plain")?.pointee.quantise(logits.p, Int32(bits), &plain)
        #expect(table == plain, "\(set)")
      }
    }
  }
}

/// Logits of a text's every prefix, fed in pieces of the given sizes, among other streams.
private func logits(_ m1: NeuralByteModel, _ text: [UInt8], pieces: [Int], streams: Int) -> [[UInt32]] {
  let state = InferenceStreams(m1.inference, count: streams)
  var result: [[UInt32]] = []
  var fed = 0
  var piece = 0
  while fed < text.count {
    let n = min(pieces[piece % pieces.count], text.count - fed)
    piece += 1
    let segments = (0..<streams).map { s in
      InferenceStreams.Segment(stream: s, tokens: text[fed..<fed + n].map { Int32($0 &+ UInt8(s)) }, keep: n)
    }
    state.advance(segments)
    for row in 0..<n { result.append((0..<256).map { state.logits.p[row * 256 + $0].bitPattern }) }
    fed += n
  }
  return result
}

@Test func inferenceGivesTheSameBitsHoweverItIsRun() {
  let text = (0..<150).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 7) }
  let reference = logits(tinyM1(kernelSet: "plain", context: 256), text, pieces: [150], streams: 1)
  for set in kernelSets {
    let m1 = tinyM1(kernelSet: set, context: 256)
    #expect(logits(m1, text, pieces: [150], streams: 1) == reference, "\(set), one shot")
    #expect(logits(m1, text, pieces: [1], streams: 1) == reference, "\(set), step by step")
    #expect(logits(m1, text, pieces: [3, 50, 1, 17], streams: 1) == reference, "\(set), in pieces")
  }
  let fast = tinyM1(context: 256)
  for streams in 1...33 {
    #expect(logits(fast, text, pieces: [75], streams: streams) == reference, "\(streams) streams")
  }
}

@Test func oneShotScoringEqualsTheStreams() throws {
  let text = (0..<333).map { UInt8(truncatingIfNeeded: $0 * $0 + 3 * $0) }
  for context in [16, 64, 333, 512] {
    let m1 = tinyM1(context: context)
    let oneShot = try m1.intervals(of: text, precision: 14)
    let streams = m1.makeStreams(count: 2)
    let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { table.deallocate() }
    for (position, byte) in text.enumerated() {
      streams.frequencies(of: 1, precision: 14, into: table)
      #expect(table[Int(byte)] == oneShot[position].frequency, "context \(context), byte \(position)")
      let below: UInt32 = table[..<Int(byte)].reduce(0, +)
      #expect(below == oneShot[position].cumulative)
      streams.append(byte, to: 1)
      streams.evaluate()
    }
  }
}

/// A long context: its attention crosses many blocks, and the streams' room grows several times.
@Test(arguments: [1024, 2048])
func longContextsGiveTheSameBitsOnEverySet(context: Int) throws {
  let text = (0..<context + 300).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 3 + ($0 & 12)) }
  let reference = try tinyM1(kernelSet: "plain", context: context).intervals(of: text, precision: 14)
  let table = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
  defer { table.deallocate() }
  for set in kernelSets {
    let m1 = tinyM1(kernelSet: set, context: context)
    #expect(try m1.intervals(of: text, precision: 14) == reference, "\(set), one shot")
    let streams = m1.makeStreams(count: 1)
    var stepByStep: [SymbolInterval] = []
    for byte in text {
      streams.frequencies(of: 0, precision: 14, into: table)
      let below: UInt32 = table[..<Int(byte)].reduce(0, +)
      stepByStep.append(SymbolInterval(cumulative: below, frequency: table[Int(byte)]))
      streams.append(byte, to: 0)
      streams.evaluate()
    }
    #expect(stepByStep == reference, "\(set), step by step")
  }
}

@Test func distributionsDoNotDependOnThreads() {
  let m1 = tinyM1()
  let prefixes = (0..<700).map { i in (0..<i % 9).map { UInt8(truncatingIfNeeded: i * 31 + $0 * 17) } }
  func tables(_ threads: Int) -> [[UInt32]] {
    let found = Mutex([[UInt32]](repeating: [], count: prefixes.count))
    m1.distributions(after: prefixes, precision: 12, threads: threads) { index, table in
      found.withLock { $0[index] = Array(table) }
    }
    return found.withLock { $0 }
  }
  let one = tables(1)
  #expect(one.allSatisfy { $0.count == 256 })
  #expect(tables(2) == one)
}

/// Walks with restarts: within the cache, out of it, and far beyond a context.
@Test func thePrefixCacheChangesNoBit() {
  let plain = tinyM1(context: 32), cached = tinyM1(context: 32)
  cached.prepareForRestarts(threads: 2)
  #expect((cached.prefixCache?.count ?? 0) > 1000)
  let (a, b) = (plain.makeStreams(count: 3), cached.makeStreams(count: 3))
  let (tableA, tableB) = (
    UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256),
    UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
  )
  defer {
    tableA.deallocate()
    tableB.deallocate()
  }
  var generator = SeededGenerator(seed: 5)
  var (hits, misses) = (0, 0)
  for _ in 0..<3000 {
    for stream in 0..<3 {
      a.frequencies(of: stream, precision: 14, into: tableA)
      b.frequencies(of: stream, precision: 14, into: tableB)
      #expect(tableA.elementsEqual(tableB))
      if generator.below(stream == 0 ? 6 : 90) == 0 {
        a.restart(stream)
        b.restart(stream)
      } else {
        // Mostly what M1 finds likely, so that the walk stays in the cache for a while.
        var target = UInt32(generator.below(1 << 14))
        var byte = 0
        while target >= tableA[byte] {
          target -= tableA[byte]
          byte += 1
        }
        a.append(UInt8(byte), to: stream)
        if b.append(UInt8(byte), to: stream) { hits += 1 } else { misses += 1 }
      }
    }
    a.evaluate()
    b.evaluate()
  }
  #expect(hits > 100 && misses > 100)
}

@Test func changedWeightsAreRefused() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("m1-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let m1 = tinyM1()
  try m1.save(to: folder)
  #expect(try NeuralByteModel.load(from: folder).fingerprint == m1.fingerprint)
  let path = folder + "/m1.safetensors"
  var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
  bytes[bytes.count - 5] ^= 1
  try bytes.write(to: URL(fileURLWithPath: path))
  #expect(throws: TransformerError.self) { try NeuralByteModel.load(from: folder) }
  for size in [0, 7, 100, bytes.count - 1] {
    try bytes.prefix(size).write(to: URL(fileURLWithPath: path))
    #expect(throws: TransformerError.self) { try NeuralByteModel.load(from: folder) }
  }
}
