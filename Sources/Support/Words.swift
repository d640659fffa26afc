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
