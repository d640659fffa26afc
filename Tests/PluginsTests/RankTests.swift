import Testing
import Tokenizers

@testable import Plugins

/// After a byte its successor is the most probable, the byte after that the second, and so on.
private let successors = MarkovModel { last, precision in
  var table = [UInt32](repeating: 1, count: 256)
  for step in 1..<256 { table[Int((last ?? 255) &+ UInt8(step))] += UInt32(255 - step) / 8 }
  let largest = Int((last ?? 255) &+ 1)
  table[largest] += UInt32(1 << precision) - table.reduce(0, +)
  return table
}

private func tokenizer(_ size: Int) throws -> RankTokenizer {
  RankTokenizer(spec: try registry.resolve("Rank"), vocabularySize: size, model: successors)
}

@Test func runsAndRanks() throws {
  // 0 1 2 3 are expected; 3 again is the byte that comes last of all that step up: 255 steps, rank above 0.
  #expect(try tokenizer(4096).encode([0, 1, 2, 3]) == [256 * 3 + 0])
  #expect(try tokenizer(512).encode([0, 1, 2, 3]) == [256, 256])
  #expect(try tokenizer(256).encode([0, 1, 2, 3]) == [0, 0, 0, 0])
  let text: [UInt8] = [0, 1, 2, 9, 10, 200, 201, 202, 203]
  for size in [256, 512, 1024, 65_536] {
    let tokens = try tokenizer(size).encode(text)
    #expect(try tokenizer(size).decode(tokens, byteCount: text.count) == text)
  }
  let tokens = try tokenizer(4096).encode(text)
  #expect(
    tokens.count == 3 && tokens[0] >> 8 == 3 && tokens[1] >> 8 == 1 && tokens[2] >> 8 == 2 && tokens[2] & 255 == 0)
}

@Test func everyRankHasOneByte() throws {
  try successors.frequencies(7, 14).withUnsafeBufferPointer {
    let distribution = try QuantisedDistribution($0, precision: 14)
    let bytes = (0..<256).map { distribution.byte(ofRank: $0) }
    #expect(Set(bytes).count == 256 && bytes[0] == 8)
    for (rank, byte) in bytes.enumerated() { #expect(distribution.rank(of: byte) == rank) }
    for (a, b) in zip(bytes, bytes.dropFirst()) {
      #expect($0[Int(a)] > $0[Int(b)] || $0[Int(a)] == $0[Int(b)] && a < b)
    }
  }
}

@Test func runsThatEndWithNothingAreRefused() throws {
  // A shorter run that ends with rank 0, and the text goes on: the encoder would have made the run longer.
  #expect(throws: TokenizerError.self) { try tokenizer(4096).decode([0, 0], byteCount: 2) }
  #expect(throws: TokenizerError.self) { try tokenizer(4096).decode([256], byteCount: 1) }
  #expect(try tokenizer(4096).decode([256], byteCount: 2) == [0, 1])
}
