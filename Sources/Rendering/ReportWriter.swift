import Analysis
import Foundation
import Support

extension PaperReport {
  /// Writes report.md, report.html, tables.json, every table as CSV and every figure as SVG, each whole or not at all.
  /// - Throws: ``FileError``.
  public func write(to folder: String) throws {
    try makeFolder(folder)
    for artifact in artifacts {
      switch artifact {
      case .figure(let figure): try writeAtomically(Data(svg(figure).utf8), to: "\(folder)/\(figure.key).svg")
      case .table(let table): try writeAtomically(Data(csv(table).utf8), to: "\(folder)/\(table.key).csv")
      case .findings, .note, .cutLine, .commands: break
      }
    }
    try writeAtomically(jsonEncoder().encode(json), to: folder + "/tables.json")
    try writeAtomically(Data(html(self).utf8), to: folder + "/report.html")
    try writeAtomically(Data(markdown(self).utf8), to: folder + "/report.md")
  }
}

extension Report {
  /// Writes report.md, report.html, tables.tex, results.csv, tables.json, every table across protocols as CSV and every
  /// figure as SVG, each whole or not at all: a reader may look while a run goes on and this is called after every cell.
  /// - Throws: ``FileError``.
  public func write(to folder: String) throws {
    try makeFolder(folder)
    for case .figure(let figure) in artifacts {
      try writeAtomically(Data(svg(figure).utf8), to: "\(folder)/\(figure.key).svg")
    }
    for case .table(let table) in crossSections.flatMap(\.artifacts) {
      try writeAtomically(Data(csv(table).utf8), to: "\(folder)/\(table.key).csv")
    }
    try writeAtomically(Data(csv(records).utf8), to: folder + "/results.csv")
    try writeAtomically(jsonEncoder().encode(json), to: folder + "/tables.json")
    try writeAtomically(Data(latex(self).utf8), to: folder + "/tables.tex")
    try writeAtomically(Data(html(self).utf8), to: folder + "/report.html")
    try writeAtomically(Data(markdown(self).utf8), to: folder + "/report.md")
  }
}
