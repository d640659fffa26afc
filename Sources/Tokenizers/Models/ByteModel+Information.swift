import Metrics

extension QuantisedDistribution {
  /// The precision that whole texts are coded in (the paper's).
  public static let codingPrecision = 14
}

extension SymbolInterval {
  /// -log2 q, q being the share of [0, 2^precision) that it is. The same bits on every machine.
  public func informationBits(precision: Int) -> Double { Double(precision) - exactLog2(Double(frequency)) }
}

extension ByteModel {
  /// Σ -log2 q of the text's bytes under the quantised distributions: what no code by this model can undercut.
  /// - Throws: what ``intervals(of:precision:)`` throws.
  /// - Complexity: one forward pass.
  public func informationBits(of text: [UInt8], precision: Int) throws -> Double {
    informationBits(of: try intervals(of: text, precision: precision), precision: precision)
  }

  /// The same, where a text's intervals are there already.
  public func informationBits(of intervals: [SymbolInterval], precision: Int) -> Double {
    intervals.reduce(0) { $0 + $1.informationBits(precision: precision) }
  }
}
