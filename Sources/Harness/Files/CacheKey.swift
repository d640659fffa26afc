import Foundation
import Support

func buildFolder(_ path: String, _ body: (String) throws -> Void) throws {
  let beside = besideName(path)
  try makeFolder(beside)
  try body(beside)
  _ = try renameIfAbsent(beside, to: path)
}

func cacheKey(_ parts: any Encodable...) throws -> String {
  let encoder = jsonEncoder(pretty: false)
  var all = Data()
  for part in parts {
    all.append(try encoder.encode(part))
    all.append(0)
  }
  return String(sha256(all).prefix(16))
}
