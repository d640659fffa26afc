import Support

/// A spec checked against its backend: every value possible, defaults filled in, files hashed.
public struct ResolvedSpec: Hashable, Sendable, CustomStringConvertible {
  public let name: String
  /// Identifies the tokenizer in files and reports: every parameter that is not at its default, a file as the last part
  /// of its path and the first 8 digits of its SHA-256, as in `SentencePiece[path=spiece.model@1f0e44c1]`.
  public let canonicalName: String
  /// The name to write in an experiment to get this tokenizer again, with the real paths.
  public let writtenName: String
  /// What is saved: enough to resolve it again without reading a name, or a file.
  public let table: SpecTable
  private let numbers: [String: Int]

  public var description: String { canonicalName }

  /// The value of a parameter that the backend declares, in canonical writing (of a file, its path); nil where absent,
  /// and where it does not go together with another that is given.
  public subscript(key: String) -> String? { table.values[key] ?? table.files[key]?.path }

  /// The number of an integer parameter; nil also for the word of a ``Parameter/Kind/countOr(word:)``.
  public func integer(_ key: String) -> Int? { numbers[key] }

  /// The files that the parameters name, by parameter.
  public var files: [String: SpecTable.File] { table.files }

  /// Reads the file that a parameter names.
  /// - Throws: `FileError` for a file that cannot be read, or has changed since it was hashed.
  public func contents(of key: String) throws -> [UInt8]? {
    guard let file = files[key] else { return nil }
    let bytes = try MappedFile(path: file.path).withBytes { Array($0) }
    guard sha256(bytes) == file.sha256 else {
      throw FileError(file.path, "has changed since \(canonicalName) was named; start again")
    }
    return bytes
  }

  /// Checks a name against its backend; reads the files that it names.
  /// - Throws: ``TokenizerError`` naming the key, the value and the nearest valid word.
  public init(_ spec: TokenizerSpec, descriptor: TokenizerDescriptor) throws {
    let fileKeys = Set(descriptor.parameters.filter { $0.kind == .file }.map(\.key))
    var table = SpecTable(name: spec.name, values: spec.parameters.filter { !fileKeys.contains($0.key) }, files: [:])
    for (key, path) in spec.parameters where fileKeys.contains(key) {
      do { table.files[key] = SpecTable.File(path: path, sha256: try sha256(file: path)) } catch let error as FileError
      {
        throw TokenizerError.invalidParameter(key, value: path, tokenizer: spec.name, reason: "it \(error.reason)")
      }
    }
    try self.init(table, descriptor: descriptor)
  }

  /// Checks a saved table against its backend. No file need exist any more.
  /// - Throws: ``TokenizerError`` naming the key, the value and the nearest valid word.
  public init(_ table: SpecTable, descriptor: TokenizerDescriptor) throws {
    let given = Set(table.values.keys).union(table.files.keys)
    let known = descriptor.parameters.map(\.key)
    for key in given.sorted() where !known.contains(key) {
      throw TokenizerError.unknownParameter(
        key, tokenizer: descriptor.name, nearest: nearestWord(to: key, in: known), known: known)
    }
    var values: [String: String] = [:]
    var numbers: [String: Int] = [:]
    var canonical: [String] = []
    var written: [String] = []
    func show(_ key: String, _ value: String, asWritten path: String? = nil) {
      canonical.append("\(key)=\(TokenizerSpec.written(value))")
      written.append("\(key)=\(TokenizerSpec.written(path ?? value))")
    }
    for parameter in descriptor.parameters {
      let key = parameter.key
      if let other = parameter.unless, given.contains(other) {
        guard !given.contains(key) else {
          throw TokenizerError.invalidParameter(
            key, value: table.values[key] ?? table.files[key]?.path ?? "", tokenizer: descriptor.name,
            reason: "it does not go together with \(other)=")
        }
      } else if let file = table.files[key] {
        guard parameter.kind == .file else {
          throw TokenizerError.invalidParameter(
            key, value: file.path, tokenizer: descriptor.name, reason: "it must be \(parameter.range)")
        }
        show(key, "\(file.baseName)@\(file.sha256.prefix(8))", asWritten: file.path)
      } else if let text = table.values[key] ?? parameter.defaultValue {
        let (value, number) = try parameter.canonical(text, tokenizer: descriptor.name)
        values[key] = value
        numbers[key] = number
        if parameter.alwaysShown || value != parameter.defaultValue { show(key, value) }
      }
    }
    name = descriptor.name
    self.table = SpecTable(name: name, values: values, files: table.files)
    self.numbers = numbers
    canonicalName = canonical.isEmpty ? name : "\(name)[\(canonical.joined(separator: ","))]"
    writtenName = written.isEmpty ? name : "\(name)[\(written.joined(separator: ","))]"
  }
}

/// A tokenizer's name and all its parameters as a table: the form in which ``ResolvedSpec`` is saved.
///
/// Read it back with ``Registry/resolve(_:)-(SpecTable)``: names are for people and never parsed again.
public struct SpecTable: Hashable, Sendable, Codable {
  public struct File: Hashable, Sendable, Codable {
    /// Where it lay when it was hashed.
    public var path: String
    /// Of its content: 64 hexadecimal digits.
    public var sha256: String

    public init(path: String, sha256: String) {
      self.path = path
      self.sha256 = sha256
    }
    /// The last part of the path.
    public var baseName: String { String(path.split(separator: "/").last ?? "") }
  }
  public var name: String
  /// Canonical values by key, defaults included.
  public var values: [String: String]
  /// The files that parameters name, by key.
  public var files: [String: File]

  public init(name: String, values: [String: String], files: [String: File]) {
    self.name = name
    self.values = values
    self.files = files
  }
}
