import Support

/// The tokenizers a program knows: an immutable value, built in one visible list and passed down.
///
///     let registry = try Registry(builtInBackends + [ReversedBytesBackend()])
public struct Registry: Sendable {
  public let backends: [any TokenizerBackend]

  /// - Throws: ``TokenizerError/duplicateName(_:first:second:)``.
  public init(_ backends: [any TokenizerBackend]) throws {
    var origins: [String: String] = [:]
    for backend in backends {
      let descriptor = backend.descriptor
      if let first = origins[descriptor.name] {
        throw TokenizerError.duplicateName(descriptor.name, first: first, second: descriptor.origin)
      }
      origins[descriptor.name] = descriptor.origin
    }
    self.backends = backends
  }

  public var names: [String] { backends.map(\.descriptor.name) }

  /// The backend of that name.
  /// - Throws: ``TokenizerError/unknownTokenizer(_:nearest:known:)``.
  public func backend(named name: String) throws -> any TokenizerBackend {
    guard let backend = backends.first(where: { $0.descriptor.name == name }) else {
      throw TokenizerError.unknownTokenizer(name, nearest: nearestWord(to: name, in: names), known: names)
    }
    return backend
  }

  /// Parses, checks and completes a name such as `GZip[v=65k]`; reads the files that it names.
  public func resolve(_ text: String) throws -> ResolvedSpec { try resolve(TokenizerSpec(text)) }

  /// Checks and completes a name that has been split; reads the files that it names.
  public func resolve(_ spec: TokenizerSpec) throws -> ResolvedSpec {
    let backend = try backend(named: spec.name)
    let resolved = try ResolvedSpec(spec, descriptor: backend.descriptor)
    try backend.validate(resolved)
    return resolved
  }

  /// Checks a saved table. No file need exist any more.
  public func resolve(_ table: SpecTable) throws -> ResolvedSpec {
    let backend = try backend(named: table.name)
    let resolved = try ResolvedSpec(table, descriptor: backend.descriptor)
    try backend.validate(resolved)
    return resolved
  }
}
