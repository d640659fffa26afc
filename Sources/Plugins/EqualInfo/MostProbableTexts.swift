import HeapModule
import Tokenizers

extension PrefixDictionary {
  /// The `count` ≥ 256 texts most probable under a freshly started model, with all single bytes first; among equally
  /// probable ones the lower text.
  ///
  /// Probabilities are exact integers in units of 2^-62, the products of 14-bit frequencies rounded down.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  init(mostProbable count: Int, model: any ByteModel, threads: Int) throws {
    precondition(count >= 256, "every single byte is a text")
    let precision = 14
    var search = PrefixSearch<Void>(capacity: max(256, count))
    /// The best texts of two bytes and more so far, as many as are wanted at most.
    var best = Heap<PrefixSearch<Void>.Prefix>()
    let wanted = count - 256
    search.add([], weight: 1 << 62, ())
    while true {
      // A text that waits bounds all that begin with it. None is wanted that is worse than enough others.
      let batch = search.next(1024) { text in best.count < wanted || best.min.map { $0 < text } ?? false }
      if batch.isEmpty { break }
      for text in batch where text.bytes.count > 1 {
        best.insert(text)
        if best.count > wanted { best.removeMin() }
      }
      let frequencies = try model.map(
        distributionsAfter: batch.map(\.bytes), precision: precision, threads: threads
      ) { Array($1.frequencies) }
      for (text, frequencies) in zip(batch, frequencies) {
        for byte in 0..<256 {
          let product = text.weight.multipliedFullWidth(by: UInt64(frequencies[byte]) << UInt64(64 - precision))
          search.add(text.bytes + [UInt8(byte)], weight: product.high, ())
        }
      }
    }
    let texts = (0...255).map { [UInt8($0)] } + best.unordered.map(\.bytes)
    self.init(sortedTexts: texts.sorted { $0.lexicographicallyPrecedes($1) }, fingerprint: model.fingerprint)
  }
}
