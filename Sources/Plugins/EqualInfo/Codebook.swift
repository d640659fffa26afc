import Synchronization
import Tokenizers

extension WindowDictionary {
  /// All windows of b ≤ 20 bits under `end=reserve,reset=1`, compiled: id and code are the same number, since both
  /// follow the order of the texts. The same codes as running the model window by window.
  ///
  /// A level of prefixes at a time, the model evaluated on all of them together.
  /// - Throws: ``TokenizerError/training(_:reason:)`` where the windows are no bijection (which cannot happen).
  init(codebookOf bits: Int, model: any ByteModel, threads: Int) throws {
    precondition((8...20).contains(bits), "codebooks are for 8 to 20 bits")
    let precision = min(14, bits)
    var texts = [[UInt8]](repeating: [], count: 1 << bits)
    var level: [(prefix: [UInt8], range: ReserveRange)] = [([], ReserveRange(bits: bits, precision: precision))]
    while !level.isEmpty {
      let current = level
      let children = Mutex([[(byte: UInt8, range: ReserveRange)]](repeating: [], count: current.count))
      model.distributions(after: current.map(\.prefix), precision: precision, threads: threads) { index, frequencies in
        let found = current[index].range.children(FrequencyTable(frequencies: frequencies, precision: precision))
        children.withLock { $0[index] = found }
      }
      level = []
      for (parent, found) in zip(current, children.withLock { $0 }) {
        for (byte, range) in found {
          let prefix = parent.prefix + [byte]
          texts[Int(range.base)] = prefix
          if range.hasChildren { level.append((prefix, range)) }
        }
      }
    }
    if let code = texts.firstIndex(of: []) {
      throw TokenizerError.training("EqualInfoAC", reason: "code \(code) of the codebook has no text")
    }
    self.init(sortedTexts: texts, fingerprint: model.fingerprint)
  }
}
