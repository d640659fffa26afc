import Metrics

/// How much another seed changes bits/byte, told by settings that were trained with several seeds: what a comparison of
/// settings with one seed each must exceed.
public struct SeedSpread: Sendable {
  /// A setting that was trained with several seeds.
  public struct Setting: Sendable, Hashable {
    public let name: String
    public let deviation: SeedDeviation
    /// "sd 0.059 of 5 seeds of NAME".
    var text: String { String(format: "sd %.3f of %d seeds of ", deviation.bitsPerByte, deviation.seeds) + name }
  }
  private let settings: [Setting]

  /// - Parameter groups: cells of any seeds; those with three and more tell.
  public init(_ groups: [CellGroup] = []) {
    settings = groups.compactMap { group in
      guard let seeds = group.heldOut?.seeds, seeds.count > 2, let deviation = seeds.standardDeviation else {
        return nil
      }
      return Setting(
        name: group.tokenizer, deviation: SeedDeviation(bitsPerByte: deviation, seeds: seeds.count))
    }
  }

  /// Of a setting; where it has only one seed, of the most variable one with the same window and vocabulary, else of the
  /// same kind. nil where there is none.
  func deviation(of tokenizer: String) -> Setting? {
    let kind = tokenizer.prefix { $0 != "[" }
    func largest(_ isLike: (String) -> Bool) -> Setting? {
      settings.filter { isLike($0.name) }.max { $0.deviation.bitsPerByte < $1.deviation.bitsPerByte }
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
