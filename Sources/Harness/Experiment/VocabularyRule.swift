import Foundation
import Transformer

/// The vocabulary that `v=auto` stands for: the published closed form of Tao et al. for the parameters of the embedding
/// that are best at a number of parameters outside it,
///
///     vocabulary parameters = 3,145,728 · (other parameters / 33,000,000)^0.8354
///
/// which begins at their smallest models, of 33 M: sizes below that are extrapolated. It supposes as much training as
/// is best for the size, and says nothing of any tokenizer but theirs.
/// - Source: Tao et al. 2024, "Scaling Laws with Vocabulary" (arXiv 2407.13623), section 4.2, derivative-based; the
///   constants are those of `approach2_derivative` in github.com/sail-sg/scaling-with-vocab.
enum VocabularyRule {
  /// The number of ids for a model's dim and its parameters outside the embedding, not rounded.
  static func vocabulary(dim: Int, nonEmbeddingParameters: Int) -> Double {
    3_145_728 * pow(Double(nonEmbeddingParameters) / 33_000_000, 0.8353974035228025) / Double(dim)
  }
}
