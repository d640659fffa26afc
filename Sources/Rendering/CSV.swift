import Analysis
import Metrics

/// A table as RFC 4180 text: columns by key, numbers at full precision, nothing for what is absent. A column whose cells
/// have intervals is followed by its `…Lower` and `…Upper`.
public func csv(_ table: Table) -> String {
  let ranged = table.columns.indices.map { column in
    table.rows.contains { row in if case .number(_, _?, _) = row[column] { true } else { false } }
  }
  let header = table.columns.indices.flatMap { column -> [String] in
    let key = table.columns[column].key
    return ranged[column] ? [key, key + "Lower", key + "Upper"] : [key]
  }
  let rows = table.rows.map { row in
    row.indices.flatMap { column -> [String] in
      switch row[column] {
      case .text(let text): [text ?? ""]
      case .number(let value, let interval, _):
        [number(value)] + (ranged[column] ? [number(interval?.lower), number(interval?.upper)] : [])
      }
    }
  }
  return ([header] + rows).map { $0.map(quoted).joined(separator: ",") + "\n" }.joined()
}

private func number(_ value: Double?) -> String {
  guard let value, value.isFinite else { return "" }
  return Int(exactly: value).map(String.init) ?? "\(value)"
}

private func quoted(_ field: String) -> String {
  field.contains { $0 == "," || $0 == "\"" || $0.isNewline } ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
}
