import Tokenizers

/// A `tokenizer.json` of Hugging Face's tokenizers, read into what is needed to encode and decode.
///
/// Not read are `post_processor` (no special tokens are put around a text), `decoder` (tokens decode to the bytes that they
/// were chosen for), `truncation` and `padding`.
/// - Source: the library's own reader and writer, version 0.23.
struct HuggingFaceFile {
  private let steps: TextSteps
  private let spelling: TokenSpelling
  private var texts: [[UInt8]?] = []
  /// Contents, and their ids by place.
  private var contents: ByteStringTable
  private var ids: [Token] = []
  private let root: JSONField
  private var addedTokens: AddedTokens?

  /// - Throws: ``VocabularyError`` naming the place, what is wrong, and what to do where that is not plain.
  init(_ bytes: [UInt8]) throws {
    root = JSONField(try ByteJSON(bytes), at: "")
    guard let model = try root.member("model") else {
      throw root.refuse("has no 'model'; it is no tokenizer.json, as the library's Tokenizer.save writes it")
    }
    steps = try TextSteps(normalizer: root.member("normalizer"), preTokenizer: root.member("pre_tokenizer"))
    spelling = TokenSpelling(
      isByteLevel: steps.isByteLevel, spaceSign: steps.spaceSign,
      hasByteTokens: try !steps.isByteLevel && model.member("byte_fallback")?.truth() ?? false)
    contents = ByteStringTable(capacity: 1 << 16)
  }

  func tokenizer(_ spec: ResolvedSpec, _ source: ImportedTokenizer.Source) throws -> ImportedTokenizer {
    var file = self
    return try file.made(spec, source)
  }

  private mutating func made(_ spec: ResolvedSpec, _ source: ImportedTokenizer.Source) throws -> ImportedTokenizer {
    let model = try root.required("model")
    let segmenter: any PreTokenSegmenter
    let byteIDs: Set<Token>
    switch try Self.type(of: model) {
    case "BPE": (segmenter, byteIDs) = try readBPE(model)
    case "Unigram": (segmenter, byteIDs) = try readUnigram(model)
    case let type: throw TextSteps.unsupported(model, "a \(type) model")
    }
    let encoder = PreTokenEncoder(try steps.preTokenizer(and: mergesStayInWords ? TextSteps.words : nil), segmenter)
    return ImportedTokenizer(
      spec: spec, source: source, texts: try TokenTexts(texts), encoder: encoder, leadingSpace: steps.leadingSpace,
      addedTokens: addedTokens, byteIDs: byteIDs)
  }

  /// Old files do not say which model they hold.
  private static func type(of model: JSONField) throws -> String {
    if let type = try model.member("type") { return try type.text() }
    if case .array = try model.required("vocab").value { return "Unigram" }
    return try model.member("merges") == nil ? "WordLevel or WordPiece" : "BPE"
  }

  // MARK: Vocabulary

  /// Takes a token in.
  private mutating func add(_ content: [UInt8], id: Token, _ field: JSONField) throws {
    let (place, isNew) = contents.insert(content)
    guard isNew else { throw field.refuse("is there twice, with the ids \(ids[place]) and \(id); remove one") }
    ids.append(id)
    if Int(id) >= texts.count { texts += [[UInt8]?](repeating: nil, count: Int(id) + 1 - texts.count) }
    guard texts[Int(id)] == nil else { throw field.refuse("has the id \(id), which another token has, too") }
    texts[Int(id)] = spelling.meaning(of: content).bytes
  }

  /// The tokens that are chosen for text, and what bytes without a token become. Ids that no token has are holes.
  /// - Parameter count: of the model's tokens, which come first; added ones are not chosen by it.
  private mutating func textIDs(of count: Int) -> (texts: TextIDs, apart: Set<Token>) {
    var table = ByteStringTable(capacity: contents.count)
    var chosen: [Token] = []
    var byteIDs = [Token?](repeating: nil, count: 256)
    var apart: Set<Token> = []
    for (place, id) in ids.prefix(count).enumerated() {
      switch spelling.meaning(of: Array(contents[place])) {
      case .text(let bytes):
        _ = table.insert(bytes)
        chosen.append(id)
        if spelling.isByteLevel, bytes.count == 1 { byteIDs[Int(bytes[0])] = id }
      case .byte(let byte):
        byteIDs[Int(byte)] = id
        apart.insert(id)
      case .unreachable: break
      }
    }
    let all = byteIDs.enumerated().map { byte, id -> Token in
      if let id { return id }
      texts.append([UInt8(byte)])
      apart.insert(Token(texts.count - 1))
      return Token(texts.count - 1)
    }
    return (TextIDs(table: table, ids: chosen, byteIDs: all, isByteLevel: spelling.isByteLevel), apart)
  }

  /// Reads the tokens that were added to the model's, which are all read by then.
  private mutating func readAddedTokens() throws {
    var passes: [[(text: [UInt8], id: Token?)]] = [[], []]
    var next = ids.count
    for field in try root.member("added_tokens")?.list() ?? [] {
      let content = try field.required("content").bytes(), id = try field.required("id").id()
      let isSpecial = try field.required("special").truth(), isNormalized = try field.required("normalized").truth()
      guard !content.isEmpty else { throw field.refuse("has no content") }
      var text = content
      if isNormalized, steps.normalizesSpaces, let sign = steps.spaceSign { text = text.replacing(sign, with: [0x20]) }
      if let place = contents.index(of: content) {
        guard ids[place] == id else {
          throw field.refuse("has the id \(id), but the model has it as \(ids[place]); give it that id")
        }
      } else {
        guard isSpecial || Int(id) == next else {
          throw field.refuse("has the id \(id), but the library would give it \(next), the next one; give it that id")
        }
        try add(content, id: id, field)
        texts[Int(id)] = text
        next = max(next, Int(id) + 1)
      }
      if !isSpecial {
        for option in ["lstrip", "rstrip", "single_word"] where try field.required(option).truth() {
          throw TextSteps.unsupported(field, "a token with \(option) that is not special")
        }
        if steps.everyPartHasLeadingSpace || isNormalized && steps.prependsToAddedTokens {
          throw TextSteps.unsupported(field, "a token that is not special where every part of a text gets a space")
        }
        // "é" may be the byte 0xE9 to the model: from its id the text would not come back.
        guard texts[Int(id)] == text else { continue }
      }
      passes[isNormalized ? 1 : 0].append((text, isSpecial ? nil : id))
    }
    addedTokens = AddedTokens(passes)
  }

  // MARK: Models

  /// Whether text that is not cut may be cut before every run of spaces, since no token reaches across such a place: then
  /// merges on its two sides know nothing of each other, and words are looked up instead of merged again and again.
  private var mergesStayInWords = false

  private static func isWord(_ text: ArraySlice<UInt8>) -> Bool {
    !zip(text, text.dropFirst()).contains { $0 != 0x20 && $1 == 0x20 }
  }

  private mutating func readBPE(_ model: JSONField) throws -> (any PreTokenSegmenter, Set<Token>) {
    if let dropout = try model.member("dropout"), try dropout.number() != 0 {
      throw TextSteps.unsupported(dropout, "a dropout, so that a text has no one encoding")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
      if let field = try model.member(key), try !field.bytes().isEmpty {
        throw TextSteps.unsupported(field, "a \(key)")
      }
    }
    for (content, field) in try model.required("vocab").object() { try add(content, id: field.id(), field) }
    let takesWholeTokens = try model.member("ignore_merges")?.truth() ?? false
    let rules = try mergeRules(model.required("merges"))
    // What the model chooses is fixed before tokens are added, which the model does not know.
    let modelTokens = ids.count
    try readAddedTokens()
    return try segmenter(rules, modelTokens: modelTokens, takesWholeTokens: takesWholeTokens)
  }

  /// Merges in ids. Of two for one pair the last counts.
  private func mergeRules(_ merges: JSONField) throws -> [BPEVocabulary.Rule] {
    var rules: [BPEVocabulary.Rule] = []
    var ranks: [UInt64: Int] = [:]
    for (rank, merge) in try merges.list().enumerated() {
      let (left, right) = try Self.pair(merge)
      func id(_ content: [UInt8]) throws -> Token {
        guard let place = contents.index(of: content) else {
          throw merge.refuse("names '\(String(decoding: content, as: UTF8.self))', which is no token of model.vocab")
        }
        return ids[place]
      }
      let rule = BPEVocabulary.Rule(left: try id(left), right: try id(right), result: try id(left + right), rank: rank)
      guard texts[Int(rule.result)] == (texts[Int(rule.left)] ?? []) + (texts[Int(rule.right)] ?? []) else {
        throw merge.refuse("makes a token of other text than its parts have, from which no text comes back")
      }
      let key = PairTable.pair(rule.left, rule.right)
      if let earlier = ranks.updateValue(rules.count, forKey: key) { rules[earlier].rank = -1 }
      rules.append(rule)
    }
    return rules.filter { $0.rank >= 0 }
  }

  /// "a b" or ["a", "b"].
  private static func pair(_ merge: JSONField) throws -> ([UInt8], [UInt8]) {
    if case .string(let text) = merge.value {
      let parts = text.split(separator: 0x20, omittingEmptySubsequences: false)
      guard parts.count == 2 else { throw merge.refuse("is not two tokens with a space between them") }
      return (Array(parts[0]), Array(parts[1]))
    }
    let parts = try merge.list()
    guard parts.count == 2 else { throw merge.refuse("has \(parts.count) tokens, not two") }
    return (try parts[0].bytes(), try parts[1].bytes())
  }

  private mutating func segmenter(
    _ rules: [BPEVocabulary.Rule], modelTokens: Int, takesWholeTokens: Bool
  ) throws -> (any PreTokenSegmenter, Set<Token>) {
    let (texts, apart) = textIDs(of: modelTokens)
    mergesStayInWords =
      steps.stages.isEmpty && !takesWholeTokens
      && (0..<texts.table.count).allSatisfy { Self.isWord(texts.table[$0]) }
    guard spelling.isByteLevel, apart.isEmpty else {
      return (
        SymbolMergeSegmenter(texts: texts, merges: PairTable(rules), takesWholeTokens: takesWholeTokens), apart
      )
    }
    // Ids to places in the table; what no text is written with has none, and no merge that could happen.
    var places = [Token?](repeating: nil, count: self.texts.count)
    for (place, id) in texts.ids.enumerated() { places[Int(id)] = Token(place) }
    let placed = rules.compactMap { rule -> BPEVocabulary.Rule? in
      guard let left = places[Int(rule.left)], let right = places[Int(rule.right)],
        let result = places[Int(rule.result)]
      else { return nil }
      return BPEVocabulary.Rule(left: left, right: right, result: result, rank: rule.rank)
    }
    let vocabulary = try BPEVocabulary(tokens: texts.table, rules: placed)
    let merges = MergeSegmenter(vocabulary, takesWholeTokens: takesWholeTokens)
    return (RenamingSegmenter(base: merges, ids: texts.ids), [])
  }

  private mutating func readUnigram(_ model: JSONField) throws -> (any PreTokenSegmenter, Set<Token>) {
    var scores: [Double] = []
    for (id, field) in try model.required("vocab").list().enumerated() {
      let parts = try field.list()
      guard parts.count == 2 else { throw field.refuse("is not a token and its score") }
      scores.append(try parts[1].number())
      guard id < TokenTexts.mostTokens else { throw field.refuse("is one token too many") }
      try add(parts[0].bytes(), id: Token(id), field)
    }
    let unknown = try model.member("unk_id"), unknownID = try unknown?.id()
    if let unknown, let unknownID, unknownID >= scores.count {
      throw unknown.refuse("is \(unknownID), and there are \(scores.count) tokens")
    }
    try readAddedTokens()
    let (texts, apart) = textIDs(of: scores.count)
    let segmenter = UnigramSegmenter(
      texts, scores: texts.ids.map { scores[Int($0)] }, lowest: scores.min() ?? 0, unknown: unknownID)
    return (segmenter, apart)
  }
}
