import Metrics

/// Rows of typed cells under columns that say what their numbers are; renderers turn them into Markdown, CSV and JSON.
public struct Table: Sendable, Hashable {
  /// Names the table among others, and its file: letters, digits and hyphens.
  public var key: String
  public let columns: [Column]
  /// `[rows][columns]`.
  public private(set) var rows: [[Cell]]

  public struct Column: Sendable, Hashable {
    /// Names the column for programs.
    public let key: String
    /// Names it for people.
    public let title: String
    /// As in "FLOPs/byte"; nil where the title says it or there is none.
    public let unit: String?
    public let format: Format
    /// Which end is good; nil where neither is.
    public let better: Better?
  }

  /// How a column's numbers look to people.
  public enum Format: Sendable, Hashable {
    case text
    case integer
    /// With this many digits after the point.
    case fixed(Int)
    /// With its sign and this many digits after the point.
    case signed(Int)
    /// A share in 0 … 1, in percent with this many digits after the point.
    case percent(Int)
    /// Three digits and a prefix: 1.57 M.
    case short
    /// Three significant digits.
    case significant
  }

  public enum Better: String, Codable, Sendable {
    case lower, higher
  }

  public enum Cell: Sendable, Hashable {
    /// nil was not measured or has no meaning here.
    case text(String?)
    case number(Double?, interval: Interval? = nil, marks: [Mark] = [])
  }

  /// What is said of a number beside its value.
  public enum Mark: String, Codable, Sendable {
    /// Not told apart from the best of its size.
    case tied
    /// The model is no better than a trivial one.
    case notLearned
    /// Trained at a given learning rate, where others of the report are tuned.
    case untuned
    /// Of a tokenizer that does not give the text back.
    case lossy
  }

  /// Header and cells from one list of fields.
  public init<Item>(key: String, _ items: [Item], fields: [TableField<Item>]) {
    self.key = key
    columns = fields.map(\.column)
    rows = items.map { item in fields.map { $0.cell(item) } }
  }

  /// The table without columns in which no row has anything, those of these keys excepted.
  public func withoutEmptyColumns(keeping kept: Set<String> = []) -> Table {
    let filled = columns.indices.filter { column in
      kept.contains(columns[column].key) || rows.contains { !$0[column].isEmpty }
    }
    return Table(key: key, columns: filled.map { columns[$0] }, rows: rows.map { row in filled.map { row[$0] } })
  }

  private init(key: String, columns: [Column], rows: [[Cell]]) {
    self.key = key
    self.columns = columns
    self.rows = rows
  }
}

extension Table.Cell {
  public var isEmpty: Bool {
    switch self {
    case .text(let text): text == nil
    case .number(let number, _, _): number?.isFinite != true
    }
  }
}

/// One column of a table and where its cells come from.
public struct TableField<Item>: Sendable {
  public let column: Table.Column
  public let cell: @Sendable (Item) -> Table.Cell

  public static func text(_ key: String, _ title: String, _ value: @escaping @Sendable (Item) -> String?) -> TableField
  {
    TableField(column: .init(key: key, title: title, unit: nil, format: .text, better: nil)) { .text(value($0)) }
  }

  public static func number(
    _ key: String, _ title: String, unit: String? = nil, _ format: Table.Format, better: Table.Better? = nil,
    _ value: @escaping @Sendable (Item) -> Double?
  ) -> TableField {
    TableField(column: .init(key: key, title: title, unit: unit, format: format, better: better)) { .number(value($0)) }
  }

  /// For cells with intervals or marks.
  public static func estimate(
    _ key: String, _ title: String, unit: String? = nil, _ format: Table.Format, better: Table.Better? = nil,
    _ cell: @escaping @Sendable (Item) -> Table.Cell
  ) -> TableField {
    TableField(column: .init(key: key, title: title, unit: unit, format: format, better: better), cell: cell)
  }

  private init(column: Table.Column, cell: @escaping @Sendable (Item) -> Table.Cell) {
    self.column = column
    self.cell = cell
  }
}
