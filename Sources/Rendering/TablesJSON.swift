import Analysis
import Metrics
import Support

extension JSONValue {
  /// A table for programs: `columns` say what the cells are, each row is an object by column key. A number with an
  /// interval or marks is an object `{value, lower, upper, marks}`; what is absent is null.
  public init(_ table: Table) {
    let columns = table.columns.map { column -> JSONValue in
      .object([
        "key": .string(column.key), "title": .string(column.title), "unit": column.unit.map(JSONValue.string) ?? .null,
        "better": (column.better?.rawValue).map(JSONValue.string) ?? .null,
      ])
    }
    let rows = table.rows.map { row in
      JSONValue.object(
        Dictionary(zip(table.columns.map(\.key), row.map(JSONValue.init)), uniquingKeysWith: { first, _ in first }))
    }
    self = .object(["key": .string(table.key), "columns": .array(columns), "rows": .array(rows)])
  }

  private init(_ cell: Table.Cell) {
    switch cell {
    case .text(let text): self = text.map(JSONValue.string) ?? .null
    case .number(let value, nil, []): self = Self.finite(value)
    case .number(let value, let interval, let marks):
      self = .object([
        "value": Self.finite(value), "lower": Self.finite(interval?.lower), "upper": Self.finite(interval?.upper),
        "marks": .array(marks.map { .string($0.rawValue) }),
      ])
    }
  }

  private static func finite(_ value: Double?) -> JSONValue {
    value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
  }
}

extension Report {
  /// Every table and sentence of the report for programs: across protocols where there are such, then by protocol.
  public var json: JSONValue {
    var members: [String: JSONValue] = [
      "title": .string(title),
      "parts": .array(
        parts.map { part in
          .object([
            "name": .string(part.name), "protocol": .object(part.protocol.fields.mapValues(JSONValue.string)),
            "protocolHash": .string(part.protocol.hash),
            "sections": .array(part.sections.map(\.json)),
          ])
        }),
    ]
    if !crossSections.isEmpty { members["across"] = .array(crossSections.map(\.json)) }
    return .object(members)
  }
}

extension PaperReport {
  /// The table of claims, and every table and sentence of each part.
  public var json: JSONValue {
    .object([
      "title": .string(title), "overview": JSONValue(overview), "summary": JSONValue(summary),
      "sections": .array(sections.map(\.json)),
    ])
  }
}

extension Report.Section {
  var json: JSONValue {
    var tables: [JSONValue] = [], findings: [JSONValue] = []
    for artifact in artifacts {
      switch artifact {
      case .table(let table): tables.append(JSONValue(table))
      case .findings(let sentences): findings += sentences.map { .string($0.text.plain) }
      case .figure, .note, .cutLine, .commands: break
      }
    }
    return .object(["title": .string(title), "tables": .array(tables), "findings": .array(findings)])
  }
}
