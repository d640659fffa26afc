import Support
import Tokenizers

/// A tokenizer in another process that takes valid UTF-8 alone, made lossless: what is no text, and every run of text
/// that does not come back from the plug-in's tokens, goes through ids of single bytes. These are 0 ..< 256; the
/// plug-in's own follow, moved up by 256.
struct ExternalTextTokenizer: Tokenizer, PluginTokenizer {
  let spec: ResolvedSpec
  let program: PluginProgram
  let pool: PluginPool
  static let byteIDs: Token = 256
  var vocabularySize: Int { Int(Self.byteIDs) + pool.loaded.vocabulary }

  func encode(examples: [[UInt8]], threads: Int) throws -> [[Token]] {
    let cuts = examples.map { example in TextRuns(example).map { $0 } }
    let texts = zip(examples, cuts).flatMap { example, runs in
      runs.filter(\.isText).map { Array(example[$0.range]) }
    }
    let (ids, back) = try encoding {
      let ids = try pool.checkedEncode(texts, threads: threads)
      return (ids, try pool.decode(ids, .decode, byteCounts: nil, threads: threads))
    }
    var next = 0  // of the texts
    return zip(examples, cuts).map { example, runs in
      var tokens: [Token] = []
      for (range, isText) in runs {
        let index = next
        if isText { next += 1 }
        if isText, back[index].elementsEqual(example[range]) {
          tokens += ids[index].map { $0 + Self.byteIDs }
        } else {
          tokens += example[range].map(Token.init)
        }
      }
      return tokens
    }
  }

  func decode(examples: [(tokens: [Token], byteCount: Int)], threads: Int) throws -> [[UInt8]] {
    for (tokens, byteCount) in examples { try check(tokens, byteCount: byteCount) }
    let texts = try self.texts(of: examples.map(\.tokens), .decode, most: nil, threads: threads)
    for (text, example) in zip(texts, examples) { try checkLength(text, example.byteCount) }
    return texts
  }

  func generated(_ tokens: [Token], maximumBytes: Int) throws -> [UInt8] {
    let most = min(max(0, maximumBytes), longestExample)
    let known = tokens.filter { $0 < vocabularySize }
    return Array(try texts(of: [known], .decodeGenerated, most: most, threads: 1)[0].prefix(most))
  }

  func byteCounts(of tokens: [Token], in example: [UInt8]) throws -> [Int]? {
    guard program.hello.spans == true else { return nil }
    let textEnds = Dictionary(
      uniqueKeysWithValues: TextRuns(example).filter(\.isText).map { ($0.range.lowerBound, $0.range.upperBound) })
    let cuts = Self.runs(of: tokens)
    var position = 0
    var texts: [[UInt8]] = []
    for run in cuts {
      if run[run.startIndex] < Self.byteIDs {
        position += run.count
      } else {
        guard let end = textEnds[position] else {
          throw TokenizerError.encoding(tokenizer: spec.canonicalName, reason: "these are not the example's tokens")
        }
        texts.append(Array(example[position..<end]))
        position = end
      }
    }
    let own = cuts.filter { $0[$0.startIndex] >= Self.byteIDs }
    var next = try encoding { try pool.byteCounts(of: own.map(\.count), in: texts) }.makeIterator()
    return cuts.flatMap { run in
      run[run.startIndex] < Self.byteIDs ? [Int](repeating: 1, count: run.count) : next.next() ?? []
    }
  }

  /// Runs of the ids of single bytes and of the plug-in's. Between two of the plug-in's there is always a byte, so that
  /// these are the runs that were encoded.
  private static func runs(of tokens: [Token]) -> [ArraySlice<Token>] {
    tokens.chunked { ($0 < byteIDs) == ($1 < byteIDs) }
  }

  private func texts(
    of items: [[Token]], _ kind: PluginRequest.Kind, most: Int?, threads: Int
  ) throws -> [[UInt8]] {
    let cuts = items.map(Self.runs)
    let own = cuts.joined().filter { $0[$0.startIndex] >= Self.byteIDs }.map { $0.map { $0 - Self.byteIDs } }
    let texts = try decoding {
      try pool.decode(own, kind, byteCounts: most.map { [Int](repeating: $0, count: own.count) }, threads: threads)
    }
    var next = texts.makeIterator()
    return cuts.map { runs in
      runs.flatMap { run in
        run[run.startIndex] < Self.byteIDs ? run.map { UInt8(truncatingIfNeeded: $0) } : next.next() ?? []
      }
    }
  }

  /// `byteShare`: the share of the text that goes through the ids of single bytes.
  func facts(about examples: [[UInt8]], tokens: [[Token]], threads: Int) -> [String: Double] {
    let bytes = examples.reduce(0) { $0 + $1.count }
    let single = tokens.reduce(0) { $0 + $1.count { $0 < Self.byteIDs } }
    return bytes == 0 ? [:] : ["byteShare": Double(single) / Double(bytes)]
  }
}

extension Array {
  /// Maximal runs of neighbours that belong together.
  fileprivate func chunked(by belongs: (Element, Element) -> Bool) -> [ArraySlice<Element>] {
    var chunks: [ArraySlice<Element>] = []
    var start = 0
    for index in indices.dropFirst() where !belongs(self[index - 1], self[index]) {
      chunks.append(self[start..<index])
      start = index
    }
    if start < count { chunks.append(self[start...]) }
    return chunks
  }
}
