import Tokenizers

/// What happened while a ``PickyBPETokenizer`` was learned: merges and removals in their order. It is what text is
/// encoded by.
struct PickyHistory: Sendable {
  enum Event: Equatable {
    /// Wherever `left` stands before `right`, `result` replaces them. It is in the vocabulary from then on.
    case merge(left: Token, right: Token, result: Token)
    /// The symbol leaves the vocabulary; wherever it stands, what it was made of takes its place.
    case removal(Token)

    private static let none = UInt32.max

    init(_ rule: VocabularyFile.Rule) {
      self = rule.1 == Self.none ? .removal(rule.0) : .merge(left: rule.0, right: rule.1, result: rule.2)
    }
    var rule: VocabularyFile.Rule {
      switch self {
      case .merge(let left, let right, let result): (left, right, result)
      case .removal(let symbol): (symbol, Self.none, Self.none)
      }
    }
  }

  /// All that ever were tokens, in the order in which they came; bytes first.
  let symbols: ByteStringTable
  let events: [Event]
  /// Of each event that is a removal, what takes the symbol's place.
  let parts: [[Token]]
  /// Those that are tokens in the end.
  let vocabulary: ByteStringTable
  /// Of each symbol, its token.
  let tokens: [Token?]

  /// - Throws: ``BPEVocabularyError`` for what cannot have happened.
  init(symbols: ByteStringTable, events: [Event]) throws {
    self.symbols = symbols
    self.events = events
    var state = PickyState()
    var parts: [[Token]] = []
    for (time, event) in events.enumerated() {
      switch event {
      case .merge(let left, let right, let result):
        guard state.isPresent(left), state.isPresent(right), result < symbols.count,
          symbols[Int(result)].elementsEqual(Array(symbols[Int(left)]) + Array(symbols[Int(right)]))
        else { throw BPEVocabularyError("merge \(time) is impossible") }
        guard state.merge(left, right, into: result) else {
          throw BPEVocabularyError("merge \(time) gives a symbol before its time")
        }
        parts.append([])
      case .removal(let symbol):
        guard symbol >= 256, state.isPresent(symbol) else { throw BPEVocabularyError("removal \(time) is impossible") }
        parts.append(state.remove(symbol))
      }
    }
    guard state.symbolCount == symbols.count,
      (0..<256).allSatisfy({ symbols[$0].elementsEqual(CollectionOfOne(UInt8($0))) })
    else { throw BPEVocabularyError("its symbols are not those of its merges") }
    var vocabulary = ByteStringTable(capacity: symbols.count)
    tokens = (0..<symbols.count).map { symbol in
      state.isPresent(Token(symbol)) ? Token(vocabulary.insert(symbols[symbol]).index) : nil
    }
    self.parts = parts
    self.vocabulary = vocabulary
  }
}

/// Which symbols are in the vocabulary, and what they were first made of.
struct PickyState {
  private var present = [Bool](repeating: true, count: 256)
  private var origins = [(left: Token, right: Token)?](repeating: nil, count: 256)

  var symbolCount: Int { present.count }
  private(set) var presentCount = 256

  func isPresent(_ symbol: Token) -> Bool { symbol < present.count && present[Int(symbol)] }

  /// The symbol is in the vocabulary. False where it is neither known nor the next new one.
  mutating func merge(_ left: Token, _ right: Token, into symbol: Token) -> Bool {
    guard symbol <= present.count else { return false }
    if symbol == present.count {
      present.append(false)
      origins.append((left, right))
    }
    if !present[Int(symbol)] {
      present[Int(symbol)] = true
      presentCount += 1
    }
    return true
  }

  /// The symbol leaves. Returns what takes its place: what it was first made of, and where that has left too, what that
  /// was made of.
  mutating func remove(_ symbol: Token) -> [Token] {
    present[Int(symbol)] = false
    presentCount -= 1
    var parts: [Token] = []
    var open = [symbol]
    while let next = open.popLast() {
      if let origin = origins[Int(next)], !present[Int(next)] {
        open += [origin.right, origin.left]
      } else {
        parts.append(next)
      }
    }
    return parts
  }
}
