import Foundation
import Support
import Tokenizers
import Transformer

/// A tokenizer as an experiment lists it: one; or one of several whose vocabulary is searched, `v=1k…32k`; or one whose
/// vocabulary a rule sets for each model size, `v=auto`. Names with a range or `auto` end here: a backend sees only
/// names of what is trained.
///
///     try Contestant("SentencePiece[v=1k…4k]", registry: registry).specs(size: "1m").map(\.canonicalName)
///     // ["SentencePiece[v=1k]", "SentencePiece[v=2k]", "SentencePiece[v=4k]"]
public struct Contestant: Sendable {
  /// What records and reports call it: "SentencePiece[v=1k…32k]".
  public let name: String
  /// The name to write in an experiment to get it again, with the real paths of files.
  public let writtenName: String
  /// Whether there is something to search.
  public var isSwept: Bool { if case .swept = vocabulary { true } else { false } }

  private let vocabulary: Vocabulary
  private enum Vocabulary {
    case given(ResolvedSpec)
    case swept([ResolvedSpec])
    /// One for each size of ``ModelShape``.
    case byRule([String: ResolvedSpec])
  }

  /// The parameter that ranges and `auto` are of.
  static let key = "v"
  static let automatic = "auto"

  /// - Parameter text: as in an experiment file; `1k..32k` means `1k…32k`.
  /// - Throws: ``TokenizerError`` for a name that does not resolve, a range that does not ascend, or a vocabulary of it
  ///   that the tokenizer cannot have.
  public init(_ text: String, registry: Registry) throws {
    let spec = try TokenizerSpec(text)
    let descriptor = try registry.backend(named: spec.name).descriptor
    guard let value = spec.parameters[Self.key],
      let parameter = descriptor.parameters.first(where: { $0.key == Self.key }), let range = parameter.kind.numbers
    else {
      self.init(try registry.resolve(spec))
      return
    }

    func resolve(_ size: Int) throws -> ResolvedSpec {
      do { return try registry.resolve(spec.setting(Self.key, to: "\(size)")) } catch let error as TokenizerError {
        throw TokenizerError.invalidParameter(
          Self.key, value: value, tokenizer: spec.name, reason: "of \(size) ids: \(error)")
      }
    }
    if value == Self.automatic {
      let sizes = try ModelShape.sizeNames.compactMap { ModelShape(named: $0, vocabulary: 1) }.map { shape in
        parameter.kind.nearest(
          to: VocabularyRule.vocabulary(dim: shape.dim, nonEmbeddingParameters: shape.nonEmbeddingParameters),
          in: range)
      }.map(resolve)
      try self.init(
        sizes[0], open: Self.automatic, of: descriptor,
        .byRule(Dictionary(uniqueKeysWithValues: zip(ModelShape.sizeNames, sizes))))
    } else if let (from, to) = Self.ends(of: value) {
      let low = try registry.resolve(spec.setting(Self.key, to: from))
      let high = try registry.resolve(spec.setting(Self.key, to: to))
      guard let first = low.integer(Self.key), let last = high.integer(Self.key), first < last else {
        throw TokenizerError.invalidParameter(
          Self.key, value: value, tokenizer: spec.name, reason: "a range ascends, as in v=1k…32k")
      }
      let doubled = Array(sequence(first: first) { $0 > last / 2 ? nil : 2 * $0 })
      let all = try unique(doubled + [last]).map(resolve)
      try self.init(low, open: "\(low[Self.key] ?? from)…\(high[Self.key] ?? to)", of: descriptor, .swept(all))
    } else {
      self.init(try registry.resolve(spec))
    }
  }

  private init(_ spec: ResolvedSpec) {
    name = spec.canonicalName
    writtenName = spec.writtenName
    vocabulary = .given(spec)
  }

  /// - Parameter value: what the name says of the vocabulary instead of the one that `spec` has.
  private init(
    _ spec: ResolvedSpec, open value: String, of descriptor: TokenizerDescriptor, _ vocabulary: Vocabulary
  ) throws {
    let keys = descriptor.parameters.map(\.key)
    func renamed(_ name: String) throws -> String {
      try TokenizerSpec(name).setting(Self.key, to: value).text(inOrderOf: keys)
    }
    name = try renamed(spec.canonicalName)
    writtenName = try renamed(spec.writtenName)
    self.vocabulary = vocabulary
  }

  /// The tokenizers that a model of this size may be trained with, by ascending vocabulary; one unless it is swept.
  public func specs(size: String) -> [ResolvedSpec] {
    switch vocabulary {
    case .given(let spec): [spec]
    case .swept(let specs): specs
    case .byRule(let specs): specs[size].map { [$0] } ?? []
    }
  }

  /// "1k…32k", "1k..32k" and "1k...32k" → ("1k", "32k"); nil for what is no range.
  private static func ends(of text: String) -> (String, String)? {
    let parts = text.replacing("...", with: "…").replacing("..", with: "…").split(
      separator: "…", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    return (String(parts[0]), String(parts[1]))
  }
}

extension Parameter.Kind {
  /// The numbers that it may be; nil where it is none.
  fileprivate var numbers: ClosedRange<Int>? {
    switch self {
    case .powerOfTwo(let range), .integer(let range, _): range
    case .countOr, .choice, .file: nil
    }
  }

  /// The possible number of `range` that is nearest in ratio.
  fileprivate func nearest(to value: Double, in range: ClosedRange<Int>) -> Int {
    let within = min(max(value, Double(range.lowerBound)), Double(range.upperBound))
    if case .powerOfTwo = self { return 1 << Int(log2(within).rounded()) }
    return Int(within.rounded())
  }
}
