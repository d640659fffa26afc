import Analysis
import Support

extension Figure {
  /// What every point says, a row each.
  var values: Table {
    let points = series.flatMap { series in series.points.map { (series: series.title, point: $0) } }
    let x: TableField<(series: String, point: Point)> =
      self.x.names.isEmpty
      ? .number("x", self.x.label, .short) { $0.point.x } : .text("x", self.x.label) { name(of: $0.point) }
    return Table(
      key: key + "-values", points,
      fields: [
        .text("series", "Series") { $0.series }, x,
        .estimate("y", y.label, .fixed(3)) { .number($0.point.y, interval: $0.point.spread) },
      ])
  }

  /// What a reader is told of a point: `Bytes: 984 k, 1.986 [1.955, 2.028]`.
  func value(_ point: Point, of series: Series) -> String {
    let y = Table.Format.fixed(3).text(point.y)
    let spread = point.spread.map {
      " [\(Table.Format.fixed(3).text($0.lower)), \(Table.Format.fixed(3).text($0.upper))]"
    }
    return "\(series.title): \(name(of: point)), \(y)\(spread ?? "")"
  }

  private func name(of point: Point) -> String {
    x.names.isEmpty ? short(point.x) : x.names[min(max(0, Int(point.x)), x.names.count - 1)]
  }
}
