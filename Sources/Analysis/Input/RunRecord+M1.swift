import Records
import Support

extension RunRecord {
  /// M1's own bits/byte of the very text that M2 is scored on; nil without M1, and where it was scored on other text.
  public var m1BitsPerByte: Double? {
    guard let m1 = content.m1, heldOut != nil else { return nil }
    return m1.heldOutBitsPerByte
  }
}

extension AnalysisInput {
  /// An M1 with its own bits/byte of the held-out text.
  public struct M1Score: Sendable {
    public let m1: RunRecord.M1
    public let bitsPerByte: Double
    /// Of the text.
    public let bytes: Int
  }

  /// The M1s that were scored on the text that M2 is scored on, each once.
  public var m1Scores: [M1Score] {
    let scores = records.compactMap { record -> M1Score? in
      guard let m1 = record.m1, let bitsPerByte = record.m1BitsPerByte, let text = record.heldOut else { return nil }
      return M1Score(m1: m1, bitsPerByte: bitsPerByte, bytes: text.bytes)
    }
    return unique(scores.map(\.m1.fingerprint)).compactMap { one in scores.first { $0.m1.fingerprint == one } }
  }
}
