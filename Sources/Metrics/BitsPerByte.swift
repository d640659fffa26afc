/// Bits per byte: nats over all tokens of the held-out text, in bits, over its original bytes; nil for no bytes.
public func bitsPerByte(nats: Double, bytes: Int) -> Double? {
  bytes > 0 ? nats / natsPerBit / Double(bytes) : nil
}

/// Compression ratio: bytes / tokens; nil for no tokens.
public func compressionRatio(bytes: Int, tokens: Int) -> Double? {
  tokens > 0 ? Double(bytes) / Double(tokens) : nil
}

/// Bit compression ratio: 8·bytes / (tokens·log2 vocabulary); nil where undefined.
public func bitCompressionRatio(bytes: Int, tokens: Int, vocabularySize: Int) -> Double? {
  tokens > 0 && vocabularySize > 1 ? 8 * Double(bytes) / (Double(tokens) * exactLog2(Double(vocabularySize))) : nil
}

/// Bits/byte of the model that knows nothing: log2 V · tokens / bytes.
public func uniformBitsPerByte(bytes: Int, tokens: Int, vocabularySize: Int) -> Double? {
  bytes > 0 ? exactLog2(Double(vocabularySize)) * Double(tokens) / Double(bytes) : nil
}

/// Bits/byte of token frequencies counted on training tokens (plus one for every id), on held-out counts.
/// - Parameters: both `[vocabularySize]` counts.
public func unigramBitsPerByte(training: [Int], heldOut: [Int], bytes: Int) -> Double? {
  guard bytes > 0 else { return nil }
  let total = Double(training.reduce(0, +) + training.count)
  var bits = 0.0
  for (id, count) in heldOut.enumerated() where count > 0 {
    bits -= Double(count) * exactLog2(Double(training[id] + 1) / total)
  }
  return bits / Double(bytes)
}

/// Entropy in bits of the distribution that the counts make.
public func entropyBits(_ counts: [Int]) -> Double {
  let total = Double(counts.reduce(0, +))
  return counts.reduce(0) { $1 > 0 ? $0 - Double($1) / total * exactLog2(Double($1) / total) : $0 }
}

/// Kullback–Leibler divergence in bits of the distribution of the counts from the uniform one over all their ids.
public func divergenceFromUniformBits(_ counts: [Int]) -> Double {
  exactLog2(Double(counts.count)) - entropyBits(counts)
}
