extension ByteModel {
  /// Texts of known lengths, written byte by byte, side by side: what a decoder does.
  /// - Parameters:
  ///   - byteCounts: of each text, 0 or more.
  ///   - precision: frequencies sum to 2^precision, which is 8 … 16.
  ///   - next: gets a text's index and what the model says of its next byte; returns that byte.
  /// - Throws: what `next` throws, and ``TokenizerError/invalidDistribution(reason:)``.
  /// - Complexity: one step of the model for each byte of the longest text, over all texts together.
  public func texts(
    ofBytes byteCounts: [Int], precision: Int, next: (Int, QuantisedDistribution) throws -> UInt8
  ) throws -> [[UInt8]] {
    let streams = makeStreams(count: byteCounts.count)
    let buffer = DistributionBuffer()
    var texts = [[UInt8]](repeating: [], count: byteCounts.count)
    for position in 0..<(byteCounts.max() ?? 0) {
      for stream in byteCounts.indices where position < byteCounts[stream] {
        let byte = try next(stream, try buffer.read(stream, of: streams, precision: precision))
        texts[stream].append(byte)
        if position + 1 < byteCounts[stream] { streams.append(byte, to: stream) }
      }
      streams.evaluate()
    }
    return texts
  }
}
