import Analysis
import Foundation
import Records
import Support

/// The measurements of a part as they lie in the run folder, `measurements/<part>.json`.
private struct MeasurementFile: Codable {
  /// SHA-256 of all that decides what is measured.
  var identity: String
  var measurements: PaperMeasurements
  /// What measured, then and there.
  var provenance: Provenance
}

extension PaperRun {
  /// Raised when the same needs give other measurements of every kind …
  private static let measurementVersion = 1
  /// … and here, when they give others of one.
  private static func versions(_ needs: PaperNeeds) -> [String: Int]? {
    var raised: [String: Int] = [:]
    if !needs.prefixed.isEmpty { raised["prefixed"] = 2 }
    if !needs.meanings.isEmpty { raised["meanings"] = 2 }
    if !needs.generated.isEmpty { raised["generated"] = 2 }
    return raised.isEmpty ? nil : raised
  }

  private struct Identity: Encodable {
    var version: Int
    var versions: [String: Int]?
    var needs: PaperNeeds
    var request: CellRequest?
    var scale: PaperScale
    /// Content of the records whose models are read.
    var records: [String]
  }

  private func path(_ part: PaperPart) -> String { "\(folder.path)/measurements/\(part.key).json" }

  /// What a part's measurements depend on.
  private func identity(_ part: PaperPart, _ records: [CellIdentity: RunRecord]) throws -> String {
    let needs = part.needs(scale)
    let read = Set(needs.positions + needs.snapshots + needs.generated + needs.tasks.compactMap(\.table))
    let used = try needs.cells.filter { read.contains($0.name) }.flatMap(cells).compactMap {
      records[try CellIdentity($0)]
    }
    let sample = try cells(CellTable("sample", ["Bytes"], scale)).first
    return sha256(
      try jsonEncoder(pretty: false).encode(
        Identity(
          version: Self.measurementVersion, versions: Self.versions(needs), needs: needs, request: sample, scale: scale,
          records: used.map(\.contentSHA256))))
  }

  /// What was measured for a part; nil where it was not, or for other cells than there are now.
  /// - Throws: ``FileError`` for a damaged file.
  func measurements(of part: PaperPart, _ records: [CellIdentity: RunRecord]) throws -> PaperMeasurements? {
    guard FileManager.default.fileExists(atPath: path(part)) else { return nil }
    let data = Data(try readFile(path(part)))
    do {
      let file = try JSONDecoder().decode(MeasurementFile.self, from: data)
      return file.identity == (try identity(part, records)) ? file.measurements : nil
    } catch let error as DecodingError {
      throw FileError(path(part), "is damaged: \(decodingProblem(error)); run the part again")
    }
  }

  /// Measures what a part asks for, unless it is there.
  /// - Returns: whether anything was measured.
  /// - Throws: what tokenizers and stages throw.
  public func measure(_ part: PaperPart, _ stages: Stages) throws -> Bool {
    let needs = part.needs(scale), records = try records()
    guard needs.measures else { return false }
    do {
      if try measurements(of: part, records) != nil { return false }
    } catch let damage as FileError {
      stages.progress.line("\(damage)")
    }
    stages.progress.line("\(part.key): measuring")
    var provenance = stages.provenance()
    let measured = try stages.measurements(needs, self, records)
    provenance.ended = timestamp()
    try makeFolder(parentFolder(path(part)))
    try writeAtomically(
      try jsonEncoder(pretty: false).encode(
        MeasurementFile(identity: try identity(part, records), measurements: measured, provenance: provenance)),
      to: path(part))
    return true
  }

  /// Whether there is a record or a measurement.
  public var hasAnything: Bool {
    [folder.records.path, folder.path + "/measurements"].contains { place in
      (try? FileManager.default.contentsOfDirectory(atPath: place))?.isEmpty == false
    }
  }
}
