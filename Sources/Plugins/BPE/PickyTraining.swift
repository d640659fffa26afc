import Tokenizers

/// Learns a ``PickyHistory``.
///
/// After every merge of x and y, x leaves the vocabulary where f(x, y) / f(x) reaches the threshold, f counting
/// occurrences before the merge; then y likewise. Bytes stay. A pair of one symbol twice counts its merges once against
/// those and what is left, as in the authors' program. What has left comes back where a merge makes it again. Ties
/// between pairs are as in ``PairMerger``.
struct PickyTraining {
  private var merger: PairMerger
  private var symbols = BPETraining.byteTokens()
  private var events: [PickyHistory.Event] = []
  private var state = PickyState()
  /// Of each symbol, how often it occurs, and of those that are no bytes, where it may stand.
  private var frequencies = [Int64](repeating: 0, count: 256)
  private var places = [[UInt32]](repeating: [], count: 256)
  private let threshold: Double

  init(_ counts: PreTokenCounts, threshold: Double) {
    merger = PairMerger(strings: counts.strings, counts: counts.counts)
    self.threshold = threshold
    for index in 0..<counts.strings.count {
      for byte in counts.strings[index] { frequencies[Int(byte)] += counts.counts[index] }
    }
  }

  /// - Throws: ``TokenizerError/training(_:reason:)`` where there is too little text, or tokens come and go for ever.
  mutating func learn(_ size: Int, name: String) throws -> PickyHistory {
    while state.presentCount < size {
      guard let pair = merger.mostFrequentPair() else { throw BPETraining.tooLittleText(state.presentCount, name) }
      guard events.count < 64 * size else {
        throw TokenizerError.training(
          name, reason: "tokens leave as fast as they come; choose a greater threshold= or a smaller v=")
      }
      let merged = merge(pair.left, pair.right)
      remove(pair.left, merged)
      if pair.left != pair.right { remove(pair.right, merged) }
    }
    do { return try PickyHistory(symbols: symbols, events: events) } catch {
      preconditionFailure("a history that did not happen: \(error)")
    }
  }

  /// Returns how often it merged.
  private mutating func merge(_ left: Token, _ right: Token) -> Int64 {
    let (index, isNew) = symbols.insert(Array(symbols[Int(left)]) + Array(symbols[Int(right)]))
    if isNew {
      frequencies.append(0)
      places.append([])
    }
    let result = Token(index)
    _ = state.merge(left, right, into: result)
    events.append(.merge(left: left, right: right, result: result))
    var merged: Int64 = 0
    var found: [UInt32] = []
    merger.merge(left, right, into: result) { place, weight in
      found.append(place)
      merged += weight
    }
    places[index] += found
    frequencies[index] += merged
    frequencies[Int(left)] -= merged
    frequencies[Int(right)] -= merged
    return merged
  }

  private mutating func remove(_ symbol: Token, _ merged: Int64) {
    let left = frequencies[Int(symbol)]
    guard symbol >= 256, Double(merged) / Double(left + merged) >= threshold else { return }
    events.append(.removal(symbol))
    let parts = state.remove(symbol).map { (symbol: $0, length: symbols[Int($0)].count) }
    for place in places[Int(symbol)] {
      var found: [(Token, UInt32)] = []
      guard let weight = merger.split(place, symbol, into: parts, { found.append(($0, $1)) }) else { continue }
      for (part, place) in found {
        frequencies[Int(part)] += weight
        if part >= 256 { places[Int(part)].append(place) }
      }
    }
    frequencies[Int(symbol)] = 0
    places[Int(symbol)] = []
  }
}
