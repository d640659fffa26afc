import Foundation
import Support

/// Printed figures of a paper (baselines/paper.json): any number of tables, found by name.
///
/// A table is an object with `columns` and `rows`, or an object of numbers by name, which is read as a table with the
/// columns `name` and `value`. Cells of the columns `tokenizer` and `name` are turned into canonical names. Three keys are
/// special: `source` says where the figures are from, `aliases` renames a tokenizer of the paper to what this program
/// calls it, `families` names the row to stand beside tokenizers of a family that have no row of their own.
public struct Baseline: Sendable {
  public let source: String
  private let tables: [String: Table]
  private let families: [String: String]
  private let values: JSONValue

  public struct Table: Sendable {
    public let columns: [String]
    let rows: [[JSONValue]]

    /// The rows whose cells in these columns have these texts, in the file's order.
    public func rows(where conditions: [String: String] = [:]) -> [Row] {
      rows.map { Row(columns: columns, cells: $0) }
        .filter { row in conditions.allSatisfy { row.text($0.key) == $0.value } }
    }
  }

  public struct Row: Sendable {
    let columns: [String]
    let cells: [JSONValue]
    public func number(_ column: String) -> Double? {
      if case .number(let value)? = cell(column) { value } else { nil }
    }
    public func text(_ column: String) -> String? {
      if case .string(let value)? = cell(column) { value } else { nil }
    }
    private func cell(_ column: String) -> JSONValue? { columns.firstIndex(of: column).map { cells[$0] } }
  }

  /// - Parameter canonicalName: what this program calls a tokenizer; the name itself where it knows none.
  /// - Throws: ``FileError`` for a file that cannot be read, is no JSON object, or has rows of other lengths than columns.
  public init(file path: String, canonicalName: (String) -> String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw FileError(path, "cannot be read; it should hold a paper's figures, as baselines/paper.json does")
    }
    guard case .object(let file)? = try? JSONDecoder().decode(JSONValue.self, from: data) else {
      throw FileError(path, "not a baseline: not a JSON object, as baselines/paper.json is")
    }
    guard case .string(let source)? = file["source"] else {
      throw FileError(path, "not a baseline: it lacks 'source', which says where the figures are from")
    }
    let aliases = Self.texts(file["aliases"])
    func renamed(_ name: String) -> String { canonicalName(aliases[name] ?? name) }
    var tables: [String: Table] = [:]
    for (key, value) in file where key != "aliases" && key != "families" {
      tables[key] = try Self.table(value, named: key, in: path, renamed: renamed)
    }
    self.source = source
    self.tables = tables
    families = Self.texts(file["families"]).mapValues(renamed)
    values = .object(file)
  }

  public func table(_ name: String) -> Table? { tables[name] }

  /// A number by its path of keys, as `setup`, `m2`, `tokens`.
  public func number(_ path: String...) -> Double? {
    if case .number(let number)? = value(at: path) { number } else { nil }
  }

  /// A text by its path of keys, as `setup`, `m1`, `size`.
  public func text(_ path: String...) -> String? {
    if case .string(let text)? = value(at: path) { text } else { nil }
  }

  private func value(at path: [String]) -> JSONValue? {
    path.reduce(Optional(values)) { value, key in
      if case .object(let object)? = value { object[key] } else { nil }
    }
  }

  /// The name under which the paper has figures for a tokenizer: its own, or its family's row; nil for none.
  public func rowName(for tokenizer: String) -> String? {
    let own = tables.values.contains { table in
      Self.nameColumns.contains { !table.rows(where: [$0: tokenizer]).isEmpty }
    }
    return own ? tokenizer : families[String(tokenizer.prefix { $0 != "[" })]
  }

  /// The number that a table of numbers by name holds for a tokenizer.
  public func value(_ table: String, of tokenizer: String) -> Double? {
    tables[table]?.rows(where: ["name": tokenizer]).first?.number("value")
  }

  private static let nameColumns = ["tokenizer", "name"]

  private static func texts(_ value: JSONValue?) -> [String: String] {
    guard case .object(let object)? = value else { return [:] }
    return object.compactMapValues { if case .string(let text) = $0 { text } else { nil } }
  }

  /// nil for what is no table.
  private static func table(_ value: JSONValue, named key: String, in path: String, renamed: (String) -> String) throws
    -> Table?
  {
    guard case .object(let object) = value else { return nil }
    guard case .array(let header)? = object["columns"], case .array(let body)? = object["rows"] else {
      let numbers = object.sorted { $0.key < $1.key }.filter { if case .number = $0.value { true } else { false } }
      guard !numbers.isEmpty, numbers.count == object.count else { return nil }
      return Table(columns: ["name", "value"], rows: numbers.map { [.string(renamed($0.key)), $0.value] })
    }
    let columns = header.map { if case .string(let name) = $0 { name } else { "" } }
    let rows = try body.map { row in
      guard case .array(let cells) = row, cells.count == columns.count else {
        throw FileError(path, "table '\(key)' has a row that does not fit its \(columns.count) columns")
      }
      return zip(columns, cells).map { column, cell -> JSONValue in
        if nameColumns.contains(column), case .string(let name) = cell { return .string(renamed(name)) }
        return cell
      }
    }
    return Table(columns: columns, rows: rows)
  }
}
