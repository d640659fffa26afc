import CKernels
import Foundation
import Testing

@testable import Transformer

/// A small model of every odd shape at once, with its tokens.
private struct Small {
  let shape: ModelShape
  let batch: Int
  let length: Int
  let tokens: [Int32]

  init(vocabulary: Int = 19, batch: Int = 3, length: Int = 40) {
    shape = ModelShape(dim: 32, heads: 2, layers: 2, headSize: 16, mlp: 64, vocabulary: vocabulary)
    self.batch = batch
    self.length = length
    tokens = (0..<batch * length).map { Int32(($0 * 7 + $0 / 5) % vocabulary) }
  }

  func trainer(_ precision: Precision, shards: Int = 2) throws -> Trainer {
    var options = TrainingOptions()
    options.batch = batch
    options.sequenceLength = length
    options.precision = precision
    options.shards = shards
    return try Trainer(shape: shape, options: options, totalSteps: 10, seed: 3, threads: 1)
  }
}

/// The loss again, in Double and with the plainest loops: the oracle of the gradient check.
private func doubleLoss(_ shape: ModelShape, _ p: [Double], _ tokens: [Int32], batch: Int, length: Int) -> Double {
  let layout = ParameterLayout(shape)
  let (D, H, d, F, V) = (shape.dim, shape.heads, shape.headSize, shape.mlp, shape.vocabulary)
  let A = H * d
  func norm(_ x: [Double], _ w: Int) -> [Double] {
    let scale = 1 / (x.reduce(0) { $0 + $1 * $1 } / Double(D) + 1e-6).squareRoot()
    return x.indices.map { x[$0] * scale * p[w + $0] }
  }
  func times(_ x: [Double], _ w: Int, _ n: Int) -> [Double] {
    var y = [Double](repeating: 0, count: n)
    for i in x.indices { for j in 0..<n { y[j] += x[i] * p[w + i * n + j] } }
    return y
  }
  var total = 0.0
  for b in 0..<batch {
    var x = (0..<length).map { t -> [Double] in
      let token = t == 0 ? V : Int(tokens[b * length + t - 1])
      return (0..<D).map { p[layout.embedding + token * D + $0] }
    }
    for layer in layout.layers {
      let qkv = x.map { times(norm($0, layer.attentionNorm), layer.qkv, 3 * A) }
      for t in 0..<length {
        var attended = [Double](repeating: 0, count: A)
        for h in 0..<H {
          let scores = (0...t).map { j in
            (0..<d).reduce(0.0) { $0 + qkv[t][h * d + $1] * qkv[j][A + h * d + $1] } / Double(d).squareRoot()
              + p[layer.relativeBias + h * 32 + RelativeBias.bucket(distance: t - j)]
          }
          let top = scores.max() ?? 0
          let weights = scores.map { exp($0 - top) }
          let sum = weights.reduce(0, +)
          for e in 0..<d {
            attended[h * d + e] = (0...t).reduce(0.0) { $0 + weights[$1] / sum * qkv[$1][2 * A + h * d + e] }
          }
        }
        let out = times(attended, layer.attentionOut, D)
        for i in 0..<D { x[t][i] += out[i] }
      }
      for t in 0..<length {
        let out = times(times(norm(x[t], layer.mlpNorm), layer.mlpIn, F).map { max(0, $0) }, layer.mlpOut, D)
        for i in 0..<D { x[t][i] += out[i] }
      }
    }
    for t in 0..<length {
      let y = norm(x[t], layout.finalNorm)
      let logits = (0..<V).map { v in
        (0..<D).reduce(0.0) { $0 + y[$1] * p[layout.embedding + v * D + $1] } / Double(D).squareRoot()
      }
      let top = logits.max() ?? 0
      let logZ = top + log(logits.reduce(0) { $0 + exp($1 - top) })
      total += logZ - logits[Int(tokens[b * length + t])] + 1e-4 * logZ * logZ
    }
  }
  return total / Double(batch * length)
}

@Test(arguments: availablePrecisions)
func everyTensorsGradientAgreesWithFiniteDifferences(precision: Precision) throws {
  let small = Small(vocabulary: 19, batch: 2, length: 101)  // more than two of attention's blocks of rows
  let trainer = try small.trainer(precision)
  let (loss, gradient) = try trainer.lossAndGradient(tokens: small.tokens)
  let base = trainer.parameters.values.map(Double.init)
  let reference = doubleLoss(small.shape, base, small.tokens, batch: small.batch, length: small.length)
  // bfloat16 keeps 8 bits of each operand.
  let (lossBound, bound) = precision == .bf16 ? (5e-3, 2e-2) : (1e-5, 1e-4)
  #expect(abs(loss - reference) < lossBound, "loss \(loss), reference \(reference)")
  for tensor in trainer.layout.tensors {
    // Along the gradient's own direction: the derivative is its norm, so no component can hide.
    let g = (0..<tensor.count).map { Double(gradient.p[tensor.offset + $0]) }
    let norm = g.reduce(0) { $0 + $1 * $1 }.squareRoot()
    try #require(norm > 0, "\(tensor.name) has no gradient")
    let h = 1e-5  // small, so that few ReLUs change sides
    var plus = base, minus = base
    for i in g.indices {
      plus[tensor.offset + i] += h * g[i] / norm
      minus[tensor.offset + i] -= h * g[i] / norm
    }
    let slope =
      (doubleLoss(small.shape, plus, small.tokens, batch: small.batch, length: small.length)
        - doubleLoss(small.shape, minus, small.tokens, batch: small.batch, length: small.length)) / (2 * h)
    #expect(abs(slope - norm) / norm <= bound, "\(tensor.name): \(norm) against \(slope)")
    // And along a direction of its own, in which errors cannot cancel against the gradient.
    var random = (0..<tensor.count).map { sin(Double($0 * $0 % 1009) * 12.9898) }
    let length = random.reduce(0) { $0 + $1 * $1 }.squareRoot()
    random = random.map { $0 / length }
    for i in g.indices {
      plus[tensor.offset + i] = base[tensor.offset + i] + h * random[i]
      minus[tensor.offset + i] = base[tensor.offset + i] - h * random[i]
    }
    let expected = zip(g, random).reduce(0) { $0 + $1.0 * $1.1 }
    let measured =
      (doubleLoss(small.shape, plus, small.tokens, batch: small.batch, length: small.length)
        - doubleLoss(small.shape, minus, small.tokens, batch: small.batch, length: small.length)) / (2 * h)
    #expect(abs(measured - expected) <= bound * norm, "\(tensor.name): \(expected) against \(measured)")
  }
}

/// Fixtures/pytorch.safetensors was made by Benchmarks/make_fixture.py.
@Test(arguments: availablePrecisions)
func lossAndGradientsEqualPyTorchs(precision: Precision) throws {
  // bfloat16 keeps 8 bits: half of 2^-8 for each operand, which adds up over the layers.
  let (lossBound, gradientBound) = precision == .bf16 ? (2e-2, 5e-2) : (1e-5, 1e-4)
  let url = try #require(Bundle.module.url(forResource: "Fixtures/pytorch", withExtension: "safetensors"))
  let file = try SafeTensors(path: url.path)
  let small = Small()
  let trainer = try small.trainer(precision)
  for tensor in trainer.layout.tensors {
    try file.read(tensor.name, shape: tensor.shape, into: trainer.parameters.at(tensor.offset, tensor.count))
  }
  let tokens = FloatBuffer(3 * 40), expectedLoss = FloatBuffer(1)
  try file.read("tokens", shape: [3, 40], into: tokens.p)
  try file.read("loss", shape: [1], into: expectedLoss.p)
  let (loss, gradient) = try trainer.lossAndGradient(tokens: tokens.values.map { Int32($0) })
  #expect(abs(loss - Double(expectedLoss.p[0])) < lossBound)
  for tensor in trainer.layout.tensors {
    let expected = FloatBuffer(tensor.count)
    try file.read("gradient." + tensor.name, shape: tensor.shape, into: expected.p)
    var difference = 0.0, size = 0.0
    for i in 0..<tensor.count {
      difference += pow(Double(gradient.p[tensor.offset + i]) - Double(expected.p[i]), 2)
      size += pow(Double(expected.p[i]), 2)
    }
    #expect((difference / size).squareRoot() < gradientBound, "\(tensor.name)")
  }
}

/// Sequences that go through a pass in several parts, tokens in several parts of the vocabulary, the paper's head size.
@Test(arguments: [(batch: 30, length: 101, vocabulary: 19), (3, 40, 1100), (5, 700, 513)], [16, 64])
func gradientsOnBFloat16AreNearThoseInSinglePrecision(
  size: (batch: Int, length: Int, vocabulary: Int), headSize: Int
) throws {
  guard availablePrecisions.contains(.bf16) else { return }
  let shape = ModelShape(dim: 64, heads: 2, layers: 2, headSize: headSize, mlp: 96, vocabulary: size.vocabulary)
  let tokens = (0..<size.batch * size.length).map { Int32(($0 * 7 + $0 / 5 * 31) % size.vocabulary) }
  func lossAndGradient(_ precision: Precision) throws -> (loss: Double, gradient: FloatBuffer) {
    var options = TrainingOptions()
    (options.batch, options.sequenceLength, options.precision) = (size.batch, size.length, precision)
    return try Trainer(shape: shape, options: options, totalSteps: 10, seed: 3, threads: 1)
      .lossAndGradient(tokens: tokens)
  }
  let single = try lossAndGradient(.f32), half = try lossAndGradient(.bf16)
  #expect(abs(single.loss - half.loss) < 5e-3)
  for tensor in ParameterLayout(shape).tensors {
    var difference = 0.0, norm = 0.0
    for i in tensor.offset..<tensor.offset + tensor.count {
      difference += pow(Double(single.gradient.p[i]) - Double(half.gradient.p[i]), 2)
      norm += pow(Double(single.gradient.p[i]), 2)
    }
    // As in attention on floats, where this is up to 4.5e-2: rounded numbers fall on other sides of ReLU.
    #expect((difference / norm).squareRoot() < 8e-2, "\(tensor.name)")
  }
}

/// Losses in parts of the vocabulary, some rows without target, one with a logit that lifts all that was written.
@Test(arguments: [1, 16, 50, 133, 200])
func lossesInPartsAreThoseOfDoubles(columns: Int) throws {
  let (rows, room, V) = (6, 7, 133), zLoss = 1e-2, scale = 0.5, targets: [Int32] = [0, 132, -1, 17, 64, -1]
  var logits = (0..<rows * V).map { Float(sin(Double($0 * $0 % 733))) * 9 }
  logits[3 * V + 120] = 70
  let (e, kernels) = (BFloat16Buffer(room * V), ck_kernels().pointee)
  let (top, sum, target, factor) = (FloatBuffer(rows), FloatBuffer(rows), FloatBuffer(rows), FloatBuffer(rows))
  let nats = Buffer<Double>(rows)
  var z = 0.0
  for first in stride(from: 0, to: V, by: columns) {
    let n = min(columns, V - first), part = FloatBuffer(rows * n)
    for i in 0..<rows * n { part[i] = logits[i / n * V + first + i % n] }
    kernels.narrowSoftmax(
      e.p, Int32(columns), Int32(room), Int32(first), part.p, Int32(rows), Int32(n), targets, top.p, sum.p, target.p)
  }
  kernels.narrowLoss(
    e.p, Int32(columns), Int32(room), Int32(V), Int32(rows), targets, Float(zLoss), Float(scale), top.p, sum.p,
    target.p,
    factor.p, nats.p, &z)
  var expectedZ = 0.0
  for r in 0..<rows {
    let row = logits[r * V..<(r + 1) * V].map(Double.init), most = row.max() ?? 0
    let logZ = most + log(row.reduce(0) { $0 + exp($1 - most) })
    guard targets[r] >= 0 else {
      #expect(nats[r] == 0 && factor[r] == 0)
      continue
    }
    expectedZ += logZ * logZ
    #expect(abs(nats[r] - (logZ - row[Int(targets[r])])) < 1e-4)
    for v in 0..<V {
      let first = v / columns * columns, n = min(columns, V - first)
      let found = Double(Float(bitPattern: UInt32(e[first * room + r * n + v - first]) << 16)) * Double(factor[r])
      let probability = exp(row[v] - logZ) * (1 + 2 * zLoss * logZ)
      let expected = scale * (v == Int(targets[r]) ? probability - 1 : probability)
      #expect(abs(found - expected) <= abs(expected) / 128 + 1e-9, "row \(r), token \(v)")
    }
  }
  #expect(abs(z - expectedZ) <= 1e-5 * expectedZ)
}

/// A product of bfloat16 operands is what single precision makes of the rounded operands.
@Test func bfloat16ProductsAreThoseOfRoundedOperands() throws {
  guard availablePrecisions.contains(.bf16) else { return }
  let (half, single) = (try MatrixProduct(.bf16), try MatrixProduct(.exact))
  let kernels = ck_kernels().pointee
  for (m, n, k, transposeA, transposeB) in [
    (64, 48, 32, false, true), (33, 100, 257, true, false), (5, 19, 32, false, false),
  ] {
    let a = FloatBuffer(m * k), b = FloatBuffer(k * n)
    for i in 0..<m * k { a.p[i] = Float(i % 37) * 0.37 - 5 }
    for i in 0..<k * n { b.p[i] = Float(i % 41) * 0.11 - 2 }
    let (a16, b16) = (BFloat16Buffer(m * k), BFloat16Buffer(k * n))
    kernels.narrow(a16.p, a.p, m * k)
    kernels.narrow(b16.p, b.p, k * n)
    for i in 0..<m * k {
      let rounded = Float(bitPattern: UInt32(a16.p[i]) << 16)
      #expect(abs(rounded - a.p[i]) <= abs(a.p[i]) / 256)
      a.p[i] = rounded
    }
    for i in 0..<k * n { b.p[i] = Float(bitPattern: UInt32(b16.p[i]) << 16) }
    let (c, d, e) = (FloatBuffer(m * n), FloatBuffer(m * n), BFloat16Buffer(m * n))
    for i in 0..<m * n { (c.p[i], d.p[i]) = (1, 1) }
    let (lda, ldb) = (transposeA ? m : k, transposeB ? k : n)
    func run(_ products: MatrixProduct, _ a: Operand, _ b: Operand, _ c: Operand, _ accumulate: Bool, _ relu: Bool) {
      products.multiply(
        m: m, n: n, k: k, a, transposeA: transposeA, lda: lda, b, transposeB: transposeB, ldb: ldb, into: c, ldc: n,
        accumulate: accumulate, relu: relu)
    }
    run(half, .bfloat16(a16.p), .bfloat16(b16.p), .float(c.p), true, false)
    run(single, .float(a.p), .float(b.p), .float(d.p), true, false)
    for i in 0..<m * n { #expect(abs(c.p[i] - d.p[i]) <= 1e-3 * max(1, abs(d.p[i])), "\(m)×\(n)×\(k)") }
    run(half, .bfloat16(a16.p), .bfloat16(b16.p), .bfloat16(e.p), false, true)
    for i in 0..<m * n {
      let value = Float(bitPattern: UInt32(e.p[i]) << 16), expected = max(0, d.p[i] - 1)
      #expect(abs(value - expected) <= expected / 200 + 1e-2, "\(m)×\(n)×\(k), relu")
    }
  }
}
