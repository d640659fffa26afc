/// The word of `candidates` nearest to `word` by edit distance, ignoring case, if near enough to be a slip.
public func nearestWord(to word: String, in candidates: [String]) -> String? {
  let near = candidates.map { ($0, editDistance(word.lowercased(), $0.lowercased())) }.min { $0.1 < $1.1 }
  guard let (best, distance) = near, distance <= max(2, word.count / 3) else { return nil }
  return best
}

/// Levenshtein distance in Unicode scalars.
public func editDistance(_ a: String, _ b: String) -> Int {
  let b = Array(b.unicodeScalars)
  var row = Array(0...b.count)
  for (i, x) in a.unicodeScalars.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (x == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}

/// In order of first appearance.
public func unique<T: Hashable>(_ items: [T]) -> [T] {
  var seen: Set<T> = []
  return items.filter { seen.insert($0).inserted }
}

/// As one word of a shell.
public func shellQuoted(_ text: String) -> String { "'" + text.replacing("'", with: "'\\''") + "'" }

/// Text of somebody else's for a line on a terminal: what would move the cursor, change colours or turn the direction of
/// what follows is written as \u{…}.
public func printable(_ text: String) -> String {
  let isPlain = { (scalar: Unicode.Scalar) -> Bool in
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: false
    case .format: scalar == "\u{200D}"
    default: true
    }
  }
  if text.unicodeScalars.allSatisfy(isPlain) { return text }
  return text.unicodeScalars.map { isPlain($0) ? String($0) : "\\u{\(String($0.value, radix: 16, uppercase: true))}" }
    .joined()
}
