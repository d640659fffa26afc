import Support

/// What all cells of one table must share: corpus, example size, budget, training options, evaluation, M1's making.
///
/// Fields by dotted name, values as text, so that two protocols can be told apart in words.
public struct ComparisonProtocol: Codable, Sendable, Hashable {
  public let fields: [String: String]
  /// The first 16 hexadecimal digits of the SHA-256 over the sorted fields.
  public let hash: String

  public init(fields: [String: String]) {
    self.fields = fields
    let text = fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined()
    hash = String(sha256(Array(text.utf8)).prefix(16))
  }

  /// The fields in which another protocol differs, sorted by name; nil values where a side lacks the field.
  public func differences(from other: ComparisonProtocol) -> [(field: String, this: String?, other: String?)] {
    Set(fields.keys).union(other.fields.keys).sorted().filter { fields[$0] != other.fields[$0] }
      .map { ($0, fields[$0], other.fields[$0]) }
  }
}
