import Records
import Support

/// A record made again from what it says of itself, and compared with it.
public struct Reproduction: Sendable {
  public struct Difference: Sendable, Codable {
    /// As in `scores[0].nats`.
    public var field: String
    public var recorded: String
    public var reproduced: String
  }
  public let recorded: RunRecord
  public let reproduced: RunRecord
  /// Nothing where every number is the same, bit for bit.
  public let differences: [Difference]

  /// - Parameter stages: over a store of its own, where nothing of the recorded run lies.
  /// - Throws: ``FileError`` for a record whose request this program does not read; what the stages throw.
  public init(_ recorded: RunRecord, file: String, stages: Stages) throws {
    let request: CellRequest
    do { request = try recorded.request.decoded(as: CellRequest.self) } catch {
      throw FileError(file, "its request is not what this program reads: \(decodingProblem(error))")
    }
    self.recorded = recorded
    reproduced = try stages.record(request).record
    differences = try Self.differences(
      JSONValue(encoding: recorded.content), JSONValue(encoding: reproduced.content), at: "")
  }

  private static func differences(_ a: JSONValue, _ b: JSONValue, at field: String) throws -> [Difference] {
    if a == b { return [] }
    switch (a, b) {
    case (.object(let x), .object(let y)):
      return try Set(x.keys).union(y.keys).sorted().flatMap { key in
        try differences(x[key] ?? .null, y[key] ?? .null, at: field.isEmpty ? key : "\(field).\(key)")
      }
    case (.array(let x), .array(let y)) where x.count == y.count:
      return try x.indices.flatMap { try differences(x[$0], y[$0], at: "\(field)[\($0)]") }
    default:
      func text(_ value: JSONValue) throws -> String {
        String(String(decoding: try jsonEncoder(pretty: false).encode(value), as: UTF8.self).prefix(100))
      }
      return [Difference(field: field, recorded: try text(a), reproduced: try text(b))]
    }
  }
}
