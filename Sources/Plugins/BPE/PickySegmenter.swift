import HeapModule
import Tokenizers

/// Encodes as a ``PickyHistory`` happened: every event that concerns the pre-token, in its order.
/// - Source: Chizhov et al. 2024, section 3.
struct PickySegmenter: PreTokenSegmenter {
  private let history: PickyHistory
  /// When each pair merges first; when the merge at a time happens again, and when a symbol is first removed, and again.
  private let firstMerges: PairTable
  private let again: [Int]
  private let firstRemovals: [Int]
  private static let never = Int(UInt32.max)

  init(_ history: PickyHistory) {
    self.history = history
    var again = [Int](repeating: Self.never, count: history.events.count)
    var removals = [Int](repeating: Self.never, count: history.symbols.count)
    var merges: [UInt64: Int] = [:]
    var rules: [BPEVocabulary.Rule] = []
    for (time, event) in history.events.enumerated().reversed() {
      switch event {
      case .merge(let left, let right, let result):
        again[time] = merges.updateValue(time, forKey: PairTable.pair(left, right)) ?? Self.never
        rules.append(BPEVocabulary.Rule(left: left, right: right, result: result, rank: time))
      case .removal(let symbol):
        again[time] = removals[Int(symbol)]
        removals[Int(symbol)] = time
      }
    }
    firstMerges = PairTable(rules)
    firstRemovals = removals
    self.again = again
  }

  /// The first time after `now` in a chain of times.
  private func next(_ first: Int, after now: Int) -> Int {
    var time = first
    while time <= now { time = again[time] }
    return time
  }

  func segment(_ piece: UnsafeBufferPointer<UInt8>, into tokens: inout [Token]) {
    let dead = Token.max
    let count = piece.count
    var symbols = piece.map { Token($0) }
    var right = Array(1...count)
    var left = Array(-1..<count - 1)
    /// Time and place of what may happen; what no longer holds is found out when its time comes.
    var due = Heap<UInt64>()
    func mergeIsDue(_ place: Int, after now: Int) {
      guard place >= 0, right[place] < count else { return }
      let first = firstMerges[symbols[place], symbols[right[place]]]
      guard first != PairTable.none else { return }
      let time = next(Int(first >> 32), after: now)
      if time != Self.never { due.insert(UInt64(time) << 32 | UInt64(place)) }
    }
    func removalIsDue(_ place: Int, after now: Int) {
      let time = next(firstRemovals[Int(symbols[place])], after: now)
      if time != Self.never { due.insert(UInt64(time) << 32 | UInt64(place)) }
    }
    for place in 0..<count { mergeIsDue(place, after: -1) }
    while let first = due.popMin() {
      let time = Int(first >> 32), place = Int(first & 0xFFFF_FFFF)
      let after = right[place]
      switch history.events[time] {
      case .merge(let a, let b, let result):
        guard symbols[place] == a, after < count, symbols[after] == b else { continue }
        symbols[place] = result
        symbols[after] = dead
        right[place] = right[after]
        if right[place] < count { left[right[place]] = place }
        removalIsDue(place, after: time)
        mergeIsDue(place, after: time)
        mergeIsDue(left[place], after: time)
      case .removal(let symbol):
        guard symbols[place] == symbol else { continue }
        var before = left[place]
        var here = place
        for part in history.parts[time] {
          symbols[here] = part
          left[here] = before
          if before >= 0 { right[before] = here }
          before = here
          here += history.symbols[Int(part)].count
        }
        right[before] = after
        if after < count { left[after] = before }
        mergeIsDue(left[place], after: time)
        here = place
        while here != after {
          removalIsDue(here, after: time)
          mergeIsDue(here, after: time)
          here = right[here]
        }
      }
    }
    // What has been removed stands nowhere any more.
    for symbol in symbols where symbol != dead { tokens.append(history.tokens[Int(symbol)] ?? 0) }
  }
}
