import Support

/// What lies in the store.
public enum StoreKind: String, Codable, Sendable, CaseIterable {
  /// A prepared text: both splits.
  case corpus
  /// A trained byte model.
  case m1
  /// A trained tokenizer.
  case tokenizer
  /// Tokens of a text that is scored.
  case heldOutTokens = "held-out-tokens"
  /// Tokens of a part of the training text.
  case trainingTokens = "training-tokens"
  /// How often each id occurs in one of those.
  case tokenCounts = "token-counts"
  /// A trained M2.
  case model
  /// Nats of every example of a text under a model.
  case score
}

/// Names an entry by everything that determines its content and nothing else.
///
/// The ingredients name earlier stages by the hash of their content, so that an entry never outlives what it was made
/// from.
public struct StoreKey: Sendable, Hashable {
  public let kind: StoreKind
  /// Raised in the code that computes this kind whenever it computes another content.
  public let version: Int
  public let ingredients: JSONValue
  /// 32 hexadecimal digits.
  public let hash: String

  public init(_ kind: StoreKind, version: Int, ingredients: some Encodable & Sendable) throws {
    self.kind = kind
    self.version = version
    self.ingredients = try JSONValue(encoding: ingredients)
    let identity = Identity(kind: kind, version: version, ingredients: self.ingredients)
    hash = String(sha256(try jsonEncoder(pretty: false).encode(identity)).prefix(32))
  }

  /// As in `m1/0123…`.
  public var path: String { "\(kind.rawValue)/\(hash)" }
}

private struct Identity: Encodable {
  let kind: StoreKind
  let version: Int
  let ingredients: JSONValue
}
