import Tokenizers

extension PrefixDictionary {
  /// All windows of b ≤ 20 bits under `end=reserve,reset=1`, compiled: id and code are the same number, since both
  /// follow the order of the texts. The same codes as running the model window by window.
  /// - Parameter followers: the bytes that windows may go on with; nil for all.
  /// - Throws: ``TokenizerError/training(_:reason:)`` where the windows are no bijection (which cannot happen),
  ///   ``TokenizerError/invalidDistribution(reason:)`` where the model's numbers are none.
  init(codebookOf bits: Int, model: any ByteModel, followers: ByteFollowers? = nil, threads: Int) throws {
    precondition(Self.codebookBits.contains(bits), "codebooks are for 8 to 20 bits")
    let precision = min(14, bits)
    var texts = [[UInt8]](repeating: [], count: 1 << bits)
    var search = PrefixSearch<ReserveRange>(capacity: texts.count)
    // Shorter ones weigh more: level by level, so that the model reads texts of one length together.
    search.add([], weight: .max, ReserveRange(bits: bits, precision: precision))
    while true {
      let batch = search.next(8192)
      if batch.isEmpty { break }
      let found = try model.map(distributionsAfter: batch.map(\.bytes), precision: precision, threads: threads) {
        prefix, distribution in
        guard let followers else { return batch[prefix].payload.children(distribution) }
        let possible = try followers.after(batch[prefix].bytes[...])
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 256) {
          batch[prefix].payload.children(distribution.given(possible, in: $0))
        }
      }
      for (parent, children) in zip(batch, found) {
        for (byte, range) in children {
          let text = parent.bytes + [byte]
          texts[Int(range.base)] = text
          if range.hasChildren { search.add(text, weight: parent.weight - 1, range) }
        }
      }
    }
    if let code = texts.firstIndex(of: []) {
      throw TokenizerError.training("EqualInfoAC", reason: "code \(code) of the codebook has no text")
    }
    self.init(sortedTexts: texts, fingerprint: model.fingerprint)
  }

  /// Windows of so many bits are few enough to be compiled.
  static let codebookBits = 8...20
}
