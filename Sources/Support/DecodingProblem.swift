import Foundation

/// Why a JSON file could not be decoded: the place in it, and what is wrong there.
public func decodingProblem(_ error: any Error) -> String { (error as? DecodingError)?.inWords ?? "\(error)" }

extension DecodingError {
  /// Which key is missing, of another kind or of no possible value, or where the text is no JSON.
  public var inWords: String {
    func place(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = context.codingPath + (last.map { [$0] } ?? [])
      return keys.reduce("") { path, key in
        key.intValue.map { "\(path)[\($0)]" } ?? (path.isEmpty ? "" : path + ".") + key.stringValue
      }
    }
    switch self {
    case .keyNotFound(let key, let context): return "'\(place(context, key))' is missing"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      // Foundation's own words tell line and column.
      let detail = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"].map { " (\($0))" }
      return "it is no JSON" + (detail ?? "")
    case .dataCorrupted(let context):
      return "'\(place(context))' has a value that it cannot have (\(context.debugDescription))"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return context.codingPath.isEmpty
        ? "it is of another kind than it should be" : "'\(place(context))' is of another kind than it should be"
    @unknown default: return "\(self)"
    }
  }
}
