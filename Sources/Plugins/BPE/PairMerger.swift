import HeapModule
import Tokenizers

/// Weighted sequences of symbols in which pairs are merged again and again, with the counts of all pairs at hand.
///
/// The most frequent pair comes first; of equally frequent ones that whose left symbol is lower, then that whose right
/// symbol is lower. Counts have 64 bits. In a run of one symbol overlapping pairs count each (three in `aaaa`), and are
/// merged from the left.
struct PairMerger {
  /// A symbol at every place; ``dead`` where one was merged into the symbol before it.
  private var symbols: [Token]
  /// The next and the previous living place of the same sequence, or ``end``.
  private var next: [UInt32]
  private var previous: [UInt32]
  /// Of each place, its sequence, and of each sequence, how often it occurs; empty where each occurs once.
  private var sequences: [UInt32] = []
  private var weights: [Int64] = []
  private var pairs: PairCounts
  private var candidates: Heap<Candidate>
  /// Pairs whose counts have risen since they were last made candidates.
  private var risen: [Int] = []
  private var scratch: [UInt32] = []

  /// Symbols in all sequences together are fewer.
  static let mostPlaces = Int(UInt32.max)

  private static let dead = Token.max
  private static let end = UInt32.max
  /// A pair that occurs once makes no text shorter that is not this one.
  static let fewest: Int64 = 2

  private struct Candidate: Comparable {
    var count: Int64
    var index: Int
    var pair: UInt64
    static func < (a: Candidate, b: Candidate) -> Bool { a.count != b.count ? a.count < b.count : a.pair > b.pair }
  }

  /// Every byte of every string a symbol, at places one after another.
  init(strings: ByteStringTable, counts: [Int64]) {
    self.init(placeCount: strings.totalBytes)
    sequences.reserveCapacity(strings.totalBytes)
    weights = counts
    for index in 0..<strings.count {
      append(strings[index].lazy.map { Token($0) })
      for _ in 0..<strings[index].count { sequences.append(UInt32(index)) }
    }
    countPairs()
  }

  /// Sequences that occur once each, ``separator`` between them.
  init(separated tokens: [Token]) {
    self.init(placeCount: tokens.count)
    var start = 0
    for end in 0...tokens.count where end == tokens.count || tokens[end] == Self.separator {
      append(tokens[start..<end])
      start = end + 1
    }
    countPairs()
  }

  static let separator = Token.max

  private init(placeCount: Int) {
    precondition(placeCount < Self.mostPlaces, "too long a text for one training")
    (symbols, next, previous) = ([], [], [])
    symbols.reserveCapacity(placeCount)
    next.reserveCapacity(placeCount)
    previous.reserveCapacity(placeCount)
    pairs = PairCounts(capacity: min(placeCount, 1 << 20))
    candidates = Heap()
  }

  private mutating func append(_ sequence: some Collection<Token>) {
    var left = Self.end
    for symbol in sequence {
      let place = UInt32(symbols.count)
      if left != Self.end { next[Int(left)] = place }
      symbols.append(symbol)
      previous.append(left)
      next.append(Self.end)
      left = place
    }
  }

  private mutating func countPairs() {
    for place in symbols.indices where next[place] != Self.end { add(UInt32(place)) }
    // All at once: a heap of many is made faster than one by one.
    candidates = Heap(pairs.pairs.indices.compactMap(candidate))
    risen.removeAll()
  }

  private func candidate(_ index: Int) -> Candidate? {
    let count = pairs.counts[index]
    return count >= Self.fewest ? Candidate(count: count, index: index, pair: pairs.pairs[index]) : nil
  }

  @inline(__always) private func weight(_ place: UInt32) -> Int64 {
    sequences.isEmpty ? 1 : weights[Int(sequences[Int(place)])]
  }

  /// The pair of the symbols at a place and after it.
  @inline(__always) private func pair(_ place: UInt32) -> UInt64 {
    PairTable.pair(symbols[Int(place)], symbols[Int(next[Int(place)])])
  }

  @inline(__always) private mutating func add(_ place: UInt32) {
    risen.append(pairs.add(pair(place), weight(place), at: place))
  }

  @inline(__always) private mutating func subtract(_ place: UInt32) { pairs.subtract(pair(place), weight(place)) }

  /// The pair that is due, with its count; nil where none occurs ``fewest`` times.
  mutating func mostFrequentPair() -> (left: Token, right: Token, count: Int64)? {
    // Counts that have risen are candidates anew; one that has fallen is found out when it comes up.
    risen.sort()
    var last = -1
    for index in risen where index != last {
      last = index
      if let candidate = candidate(index) { candidates.insert(candidate) }
    }
    risen.removeAll(keepingCapacity: true)
    while let best = candidates.max {
      if best.count == pairs.counts[best.index] {
        return (Token(truncatingIfNeeded: best.pair >> 32), Token(truncatingIfNeeded: best.pair), best.count)
      }
      candidates.removeMax()
      if best.count > pairs.counts[best.index], let candidate = candidate(best.index) { candidates.insert(candidate) }
    }
    return nil
  }

  /// How often a pair occurs.
  func count(_ left: Token, _ right: Token) -> Int64 {
    pairs.index(of: PairTable.pair(left, right)).map { pairs.counts[$0] } ?? 0
  }

  /// Replaces a pair by a symbol, wherever it stands.
  /// - Parameter body: gets every place where it has, and how often that occurs.
  /// - Complexity: O(places), each with up to four look-ups of pairs.
  mutating func merge(
    _ left: Token, _ right: Token, into result: Token, _ body: (UInt32, Int64) -> Void = { _, _ in }
  ) {
    guard let index = pairs.index(of: PairTable.pair(left, right)) else { return }
    var places: [UInt32] = []
    swap(&places, &scratch)
    pairs.takePlaces(of: index, into: &places)
    if left == right { places.sort() }  // overlapping ones are merged from the left
    for place in places {
      guard symbols[Int(place)] == left, next[Int(place)] != Self.end else { continue }
      let gone = next[Int(place)]
      guard symbols[Int(gone)] == right else { continue }
      let before = previous[Int(place)], after = next[Int(gone)]
      subtract(place)
      if before != Self.end { subtract(before) }
      if after != Self.end { subtract(gone) }
      symbols[Int(place)] = result
      symbols[Int(gone)] = Self.dead
      next[Int(place)] = after
      if after != Self.end {
        previous[Int(after)] = place
        add(place)
      }
      if before != Self.end { add(before) }
      body(place, weight(place))
    }
    swap(&places, &scratch)
  }

  /// Takes a merged symbol apart again.
  /// - Parameters:
  ///   - place: where it may stand, in sequences made of strings.
  ///   - parts: what it becomes, each so many bytes long.
  ///   - body: gets every part's place.
  /// - Returns: how often it occurs there; nil where it does not stand there, and nothing is done.
  mutating func split(
    _ place: UInt32, _ symbol: Token, into parts: [(symbol: Token, length: Int)], _ body: (Token, UInt32) -> Void
  ) -> Int64? {
    guard symbols[Int(place)] == symbol else { return nil }
    let before = previous[Int(place)], after = next[Int(place)]
    if before != Self.end { subtract(before) }
    if after != Self.end { subtract(place) }
    var left = before
    var here = place
    for part in parts {
      symbols[Int(here)] = part.symbol
      previous[Int(here)] = left
      if left != Self.end { next[Int(left)] = here }
      body(part.symbol, here)
      left = here
      here += UInt32(part.length)
    }
    next[Int(left)] = after
    if after != Self.end { previous[Int(after)] = left }
    var pairPlace = before == Self.end ? place : before
    while pairPlace != after, next[Int(pairPlace)] != Self.end {
      add(pairPlace)
      pairPlace = next[Int(pairPlace)]
    }
    return weight(place)
  }

  /// The symbols of the sequence that begins at a place.
  func symbols(from start: UInt32) -> [Token] {
    sequence(first: start) { next[Int($0)] == Self.end ? nil : next[Int($0)] }.map { symbols[Int($0)] }
  }
}
