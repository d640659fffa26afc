import Foundation
import Support
import Tokenizers
import Yams

/// A mapping of an experiment file that knows which keys were asked for, so that a key nobody reads is an error.
final class YAMLSection {
  private let file: String
  private let path: String
  private let mapping: Node.Mapping
  private let line: Int?
  private var asked: [String] = []

  init(yaml: String, file: String) throws {
    self.file = file
    path = ""
    let node: Node?
    do { node = try compose(yaml: yaml) } catch {
      throw HarnessError.experiment(file: file, line: nil, key: "", reason: "not YAML: \(error)")
    }
    guard let mapping = node?.mapping else {
      throw HarnessError.experiment(file: file, line: nil, key: "", reason: "an experiment is a mapping of keys")
    }
    self.mapping = mapping
    line = node?.mark?.line
    try checkKeys()
  }

  /// A whole file.
  convenience init(file path: String) throws {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw HarnessError.experiment(
        file: path, line: nil, key: "",
        reason: "cannot be read; give an experiment file such as experiments/quick.yaml")
    }
    try self.init(yaml: text, file: path)
  }

  private init(file: String, path: String, mapping: Node.Mapping, line: Int?) throws {
    self.file = file
    self.path = path
    self.mapping = mapping
    self.line = line
    try checkKeys()
  }

  private func checkKeys() throws {
    var seen: Set<String> = []
    for (key, _) in mapping {
      guard let name = key.string else { throw error("", "a key is not a word") }
      guard seen.insert(name).inserted else { throw error(name, "is given twice") }
    }
  }

  private func node(_ key: String) -> Node? {
    asked.append(key)
    guard let node = mapping[Node(key)] else { return nil }
    if case .scalar(let scalar) = node, scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null",
      scalar.style == .plain
    {
      return nil
    }
    return node
  }

  func error(_ key: String, _ reason: String, element: Int? = nil) -> HarnessError {
    let node = mapping[Node(key)]
    let mark = element.flatMap { node?.sequence?[$0].mark } ?? node?.mark
    let full = path.isEmpty ? key : key.isEmpty ? path : "\(path).\(key)"
    return .experiment(
      file: file, line: mark?.line ?? line, key: full + (element.map { "[\($0)]" } ?? ""), reason: reason)
  }

  func unknown(_ key: String, _ word: String, among words: [String]) -> HarnessError {
    let hint = nearestWord(to: word, in: words).map { "; did you mean '\($0)'?" } ?? ""
    return error(key, "'\(word)' is not one of \(words.joined(separator: ", "))\(hint)")
  }

  /// Refuses keys that nothing has asked for.
  func finish() throws {
    for (key, _) in mapping {
      guard let name = key.string, !asked.contains(name) else { continue }
      let hint = nearestWord(to: name, in: asked).map { "; did you mean '\($0)'?" } ?? ""
      throw error(name, "unknown key\(hint); known: \(asked.sorted().joined(separator: ", "))")
    }
  }

  func optionalSection(_ key: String) throws -> YAMLSection? {
    guard let node = node(key) else { return nil }
    guard let mapping = node.mapping else { throw error(key, "must be a mapping of keys") }
    return try YAMLSection(
      file: file, path: path.isEmpty ? key : "\(path).\(key)", mapping: mapping, line: node.mark?.line)
  }

  /// The mappings under a key, each laid over this one, in their order. Errors in one name it and its line.
  /// - Parameter kept: keys that none of them may change.
  func overlays(_ key: String, keeping kept: [String]) throws -> [(name: String, section: YAMLSection)] {
    guard let list = try optionalSection(key) else { return [] }
    return try list.mapping.map { name, value in
      let name = name.string ?? ""
      guard !name.isEmpty, name.count <= 60, !name.contains(where: \.isNewline) else {
        throw list.error(name, "a name here must be of 1 to 60 characters on one line")
      }
      guard let changes = value.mapping, !changes.isEmpty else {
        throw list.error(name, "must be a mapping of what it changes, such as {m2: {contextBytes: 1024}}")
      }
      let over = try YAMLSection(file: file, path: "\(key).\(name)", mapping: changes, line: value.mark?.line)
      for word in kept where changes[Node(word)] != nil {
        throw over.error(word, "is the same in all \(key); leave it out here")
      }
      let base = Node.Mapping(mapping.filter { $0.key.string != key })
      return (
        name,
        try YAMLSection(file: file, path: over.path, mapping: Self.merged(base, changes), line: over.line)
      )
    }
  }

  /// Keys that say one thing in two ways: one of them replaces the other.
  private static let alternatives: [Set<String>] = [["budget", "budgets"]]

  /// Mappings are merged key by key; anything else replaces what was there.
  private static func merged(_ base: Node.Mapping, _ changes: Node.Mapping) -> Node.Mapping {
    let replaced = changes.compactMap(\.key.string).reduce(into: Set<String>()) { words, word in
      for group in alternatives where group.contains(word) { words.formUnion(group.subtracting([word])) }
    }
    var result = Node.Mapping(
      base.filter { !replaced.contains($0.key.string ?? "") }, base.tag, base.style, changes.mark)
    for (key, value) in changes {
      if let inner = value.mapping, let old = result[key]?.mapping {
        result[key] = .mapping(merged(old, inner))
      } else {
        result[key] = value
      }
    }
    return result
  }

  func section(_ key: String) throws -> YAMLSection {
    guard let section = try optionalSection(key) else { throw error(key, "is missing") }
    return section
  }

  /// Its keys in their order.
  var keys: [String] { mapping.compactMap(\.key.string) }

  func isMapping(_ key: String) -> Bool { mapping[Node(key)]?.mapping != nil }

  func string(_ key: String) throws -> String? {
    guard let node = node(key) else { return nil }
    guard let text = node.scalar?.string else { throw error(key, "must be a word") }
    return text
  }

  func choice(_ key: String, _ words: [String]) throws -> String? {
    guard let word = try string(key) else { return nil }
    guard words.contains(word) else { throw unknown(key, word, among: words) }
    return word
  }

  func strings(_ key: String) throws -> [String]? {
    guard let node = node(key) else { return nil }
    if let text = node.scalar?.string { return [text] }
    guard let sequence = node.sequence else { throw error(key, "must be a list") }
    return try sequence.enumerated().map { index, element in
      guard let text = element.scalar?.string else { throw error(key, "must be a word", element: index) }
      return text
    }
  }

  /// Every key of the mapping with its list of words, or its one word.
  func stringLists() throws -> [String: [String]] {
    var lists: [String: [String]] = [:]
    for (key, _) in mapping {
      guard let name = key.string else { continue }
      guard let words = try strings(name), !words.isEmpty else {
        throw error(name, "must be a path or a list of paths")
      }
      lists[name] = words
    }
    return lists
  }

  func number(_ key: String, in range: ClosedRange<Double>) throws -> Double? {
    guard let text = try string(key) else { return nil }
    return try number(key, text, in: range)
  }

  func numbers(_ key: String, in range: ClosedRange<Double>) throws -> [Double]? {
    try strings(key)?.enumerated().map { index, text in try number(key, text, in: range, element: index) }
  }

  private func number(_ key: String, _ text: String, in range: ClosedRange<Double>, element: Int? = nil) throws
    -> Double
  {
    guard let value = Self.value(text), range.contains(value) else {
      throw error(
        key, "'\(text)' must be a number from \(Self.brief(range.lowerBound)) to \(Self.brief(range.upperBound))",
        element: element)
    }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    guard let text = try string(key) else { return nil }
    guard let value = Self.value(text).flatMap(Int.init(exactly:)), range.contains(value) else {
      throw error(key, "'\(text)' must be an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func integers(_ key: String, in range: ClosedRange<Int>) throws -> [Int]? {
    try strings(key)?.enumerated().map { index, text in
      guard let value = Int(text), range.contains(value) else {
        throw error(key, "'\(text)' must be an integer from \(range.lowerBound) to \(range.upperBound)", element: index)
      }
      return value
    }
  }

  /// 1000000, 1e6, 1_000_000.
  private static func value(_ text: String) -> Double? { Double(text.filter { $0 != "_" }) }
  private static func brief(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}
