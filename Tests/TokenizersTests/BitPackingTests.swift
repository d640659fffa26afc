import Support
import Testing

@testable import Tokenizers

@Test func packingFollowsTheBits() {
  let bytes: [UInt8] = [0b1011_0011, 0b0100_0000]
  #expect(BitPacking.tokens(fromBits: bytes, bitCount: 10, width: 4) == [0b1011, 0b0011, 0b0100])
  #expect(BitPacking.tokens(fromBits: bytes, bitCount: 9, width: 16) == [0b1011_0011_0000_0000])
  #expect(BitPacking.tokens(fromBits: [], bitCount: 0, width: 8) == [])
  var generator = SeededGenerator(seed: 5)
  for width in 1...16 {
    for count in 0..<40 {
      let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
      let tokens = BitPacking.tokens(fromBits: bytes, bitCount: count * 8, width: width)
      #expect(tokens.allSatisfy { $0 < 1 << UInt32(width) })
      #expect(Array(BitPacking.bytes(fromTokens: tokens, width: width).prefix(count)) == bytes)
    }
  }
}

/// Codes of any width into tokens of any width, and back.
@Test(arguments: [8, 11, 20, 64, 127, 128])
func codesOfAnyWidthArePacked(bits: Int) {
  var generator = SeededGenerator(seed: 6)
  let mask = (UInt128(1) << bits) &- 1
  let codes = (0..<17).map { _ in (UInt128(generator.next()) << 64 | UInt128(generator.next())) & mask }
  for width in 1...16 {
    let tokens = BitPacking.repack(codes, of: bits, into: width, padded: true, as: Token.self)
    #expect(tokens.count == (17 * bits + width - 1) / width)
    let again = BitPacking.repack(tokens, of: width, into: bits, padded: false, as: UInt128.self)
    #expect(Array(again.prefix(17)) == codes)
  }
}
