/// A line of text and how tokenizers cut it.
public struct CutLine: Sendable, Hashable {
  /// One tokenizer's tokens.
  public struct Row: Sendable, Hashable {
    public let tokenizer: String
    public let ids: [UInt32]
    /// Of each token, the bytes that it stands for, all together the line's; nil where tokens stand for none in particular.
    public let byteCounts: [Int]?
  }
  public let text: String
  public let rows: [Row]
}
