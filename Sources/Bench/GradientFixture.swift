import Support
import Transformer

/// The loss and the gradient of one batch of a seeded model, written as safetensors with the weights: for a program
/// that computes the same elsewhere. `tokens`: `[batch, sequenceLength]` as floats.
package func writeGradientFixture(
  shape: ModelShape, options: TrainingOptions, threads: Int, to path: String
) throws {
  let trainer = try Trainer(shape: shape, options: options, totalSteps: 10, seed: 5, threads: threads)
  var generator = SeededGenerator(seed: 6)
  let tokens = (0..<options.batch * options.sequenceLength).map { _ in Int32(generator.below(shape.vocabulary)) }
  let (loss, gradient) = try trainer.lossAndGradient(tokens: tokens)
  func slice(_ buffer: FloatBuffer, _ tensor: Tensor) -> UnsafeBufferPointer<Float> {
    buffer.slice(tensor.offset, tensor.count)
  }
  let floats = FloatBuffer(tokens.count), lossValue = FloatBuffer(1)
  for (i, token) in tokens.enumerated() { floats.p[i] = Float(token) }
  lossValue.p[0] = Float(loss)
  var tensors = trainer.layout.tensors.map { ($0.name, $0.shape, slice(trainer.parameters, $0)) }
  tensors += trainer.layout.tensors.map { ("gradient." + $0.name, $0.shape, slice(gradient, $0)) }
  tensors.append(("tokens", [options.batch, options.sequenceLength], floats.values))
  tensors.append(("loss", [1], lossValue.values))
  try SafeTensors.write(
    to: path,
    metadata: [
      "dim": "\(shape.dim)", "heads": "\(shape.heads)", "layers": "\(shape.layers)", "mlp": "\(shape.mlp)",
      "headSize": "\(shape.headSize)", "vocabulary": "\(shape.vocabulary)",
    ], tensors: tensors)
}
