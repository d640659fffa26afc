/// The texts that do not come back, each with the reason.
public func roundTripFailures(_ tokenizer: any Tokenizer, texts: [(name: String, bytes: [UInt8])], threads: Int) -> [(
  name: String, reason: String
)] {
  texts.compactMap { text in
    do {
      let tokens = try tokenizer.encode(text.bytes)
      return roundTripProblem(tokenizer, [text.bytes], [tokens], threads: threads).map { (text.name, $0) }
    } catch { return (text.name, "\(error)") }
  }
}

/// Why the examples do not come back from their tokens, with the first differing offset; nil when they do.
public func roundTripProblem(
  _ tokenizer: any Tokenizer, _ examples: [[UInt8]], _ tokens: [[Token]], threads: Int
) -> String? {
  guard tokens.count == examples.count else {
    return "there are \(tokens.count) token sequences for \(examples.count) examples"
  }
  do {
    let decoded = try tokenizer.decode(examples: zip(tokens, examples).map { ($0, $1.count) }, threads: threads)
    guard decoded.count == examples.count else {
      return "\(decoded.count) texts came back of \(examples.count) examples"
    }
    var offset = 0
    for (text, original) in zip(decoded, examples) {
      if text != original {
        let same = zip(text, original).prefix { $0 == $1 }.count
        return "differs first at byte \(offset + same)"
      }
      offset += original.count
    }
    return nil
  } catch { return "\(error)" }
}
