import Metrics

/// How much another seed changes bits/byte, told by settings that were trained with several seeds: what a comparison of
/// settings with one seed each must exceed.
public struct SeedSpread: Sendable {
  private let deviations: [(name: String, deviation: SeedDeviation)]

  /// - Parameter groups: cells of any seeds; those with three and more tell.
  public init(_ groups: [CellGroup] = []) {
    deviations = groups.compactMap { group in
      guard let seeds = group.heldOut?.seeds, seeds.count > 2, let deviation = seeds.standardDeviation else {
        return nil
      }
      return (group.tokenizer, SeedDeviation(bitsPerByte: deviation, seeds: seeds.count))
    }
  }

  /// Of a setting; where it has only one seed, of the most variable one with the same window and vocabulary, else of the
  /// same kind. nil where there is none.
  func deviation(of tokenizer: String) -> SeedDeviation? {
    let kind = tokenizer.prefix { $0 != "[" }
    func largest(_ isLike: (String) -> Bool) -> SeedDeviation? {
      deviations.filter { isLike($0.name) }.map(\.deviation).max { $0.bitsPerByte < $1.bitsPerByte }
    }
    func shape(_ name: String) -> Set<Substring> {
      Set(
        name.drop { $0 != "[" }.dropFirst().dropLast().split(separator: ",").filter {
          $0.hasPrefix("b=") || $0.hasPrefix("v=")
        })
    }
    let alike = { (name: String) in name.prefix { $0 != "[" } == kind }
    return largest { $0 == tokenizer } ?? largest { alike($0) && shape($0) == shape(tokenizer) } ?? largest(alike)
  }
}
