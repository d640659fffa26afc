import Testing

@testable import Transformer

@Test func flopsFollowTheFormula() {
  let shape = ModelShape(dim: 256, heads: 4, layers: 3, headSize: 64, mlp: 1024, vocabulary: 256)
  // By hand: projections 8·256·256, MLP 4·256·1024, attention 4·256·(256 + 1)/2 a layer; head 2·256·256.
  let layer = 524_288.0 + 1_048_576 + 131_584
  #expect(FLOPsConvention.all.forwardPerToken(shape, sequenceLength: 256) == 3 * layer + 131_072)
  #expect(shape.nonEmbeddingParameters == 2_359_296)
  #expect(FLOPsConvention.nonembedding.trainingPerToken(shape, sequenceLength: 9) == 6 * 2_359_296)
}
