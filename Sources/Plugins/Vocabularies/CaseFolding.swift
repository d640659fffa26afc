/// The characters that several others are the same as where case is ignored, as "ß" and "ss".
/// - Source: Unicode 16, CaseFolding.txt, status F. Their folding is that of their capital letters.
enum CaseFolding {
  /// These characters, in order.
  static let ofSeveral: [Unicode.Scalar] = several.map(\.scalar)

  static func isOfSeveral(_ scalar: Unicode.Scalar) -> Bool { folded(scalar).count > 1 }

  /// Whether two characters may be neighbours in what one character folds to.
  static func mayJoin(_ first: Unicode.Scalar?, _ second: Unicode.Scalar) -> Bool {
    guard let first else { return false }
    return pairs.contains(folded(first) + folded(second))
  }

  private static let several = ([0xDF...0x1FFF, 0xFB00...0xFB17] as [ClosedRange<UInt32>]).joined()
    .compactMap(Unicode.Scalar.init).map { (scalar: $0, folded: folded($0)) }.filter { $0.folded.count > 1 }

  private static let pairs = Set(several.flatMap { zip($0.folded, $0.folded.dropFirst()).map { [$0, $1] } })

  private static func folded(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    let capitals = scalar.properties.lowercaseMapping.unicodeScalars.flatMap {
      $0.properties.uppercaseMapping.unicodeScalars
    }
    return capitals.flatMap { $0.properties.lowercaseMapping.unicodeScalars }
  }
}
