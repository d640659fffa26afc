import Support
import Testing
import Tokenizers

@testable import Plugins

private let two: [UInt8] = Array("{\"id\":1,\"payload\":4}\n".utf8) + [10, 0, 255, 123] + Array("{\"id\":2}\n".utf8)

/// The same frames, wherever the bytes are cut.
@Test func framesAreFoundInPieces() throws {
  for cut in 0...two.count {
    var parser = FrameParser()
    var frames: [Frame] = []
    for piece in [two[..<cut], two[cut...]] {
      parser.add(Array(piece))
      while let frame = try parser.next() { frames.append(frame) }
    }
    #expect(frames.map(\.payload) == [[10, 0, 255, 123], []], "cut at \(cut)")
    #expect(
      frames.map(\.header) == [Array("{\"id\":1,\"payload\":4}".utf8), Array("{\"id\":2}".utf8)], "cut at \(cut)")
    #expect(parser.isEmpty && parser.half == nil)
  }
  var parser = FrameParser()
  parser.add(Array(two[..<23]))
  #expect(try parser.next() == nil)
  #expect(parser.half == "2 of the 4 bytes after \"{\"id\":1,\"payload\":4}\"")
}

@Test(arguments: [
  ("hello\n", "wrote \"hello\""), ("[1]\n", "is no frame"), ("\n", "is no frame"), ("{\"payload\":-1}\n", "no number"),
  ("{\"payload\":\"4\"}\n", "no number"), ("{\"payload\":1.5}\n", "no number"),
  ("{\"payload\":1073741825}\n", "no number"), ("{\"payload\":1e300}\n", "no number"), ("{\"id\":1\n", "is no frame"),
])
func whatIsNoFrameIsRefused(text: String, problem: String) {
  var parser = FrameParser()
  parser.add(Array(text.utf8))
  #expect { try parser.next() } throws: { "\($0)".contains(problem) }
}

@Test func aLineWithoutEndIsRefused() {
  var parser = FrameParser()
  #expect {
    for _ in 0..<20 {
      parser.add([UInt8](repeating: 0x20, count: 100_000))
      _ = try parser.next()
    }
  } throws: { "\($0)".contains("does not end within") }
}

/// Frames with bytes changed, lost and added: a frame, a refusal or a wait for more, never a crash.
@Test func damagedFramesAreFramesOrRefused() {
  var generator = SeededGenerator(seed: 10)
  var refused = 0
  for _ in 0..<3000 {
    var bytes = two
    for _ in 0...generator.below(3) {
      let place = generator.below(bytes.count)
      switch generator.below(3) {
      case 0: bytes[place] ^= 1 << UInt8(generator.below(8))
      case 1: bytes.remove(at: place)
      default: bytes.insert(UInt8(generator.below(256)), at: place)
      }
    }
    var parser = FrameParser()
    parser.add(bytes)
    do { while let frame = try parser.next() { #expect(frame.payload.count <= bytes.count) } } catch { refused += 1 }
  }
  #expect(refused > 500)
}

@Test func whatIsQuotedCanBePrinted() {
  #expect(quoted(Array("a\tñ".utf8) + [0, 0xC3, 0xFF]) == #""a\x09ñ\x00\xc3\xff""#)
  #expect(quoted([UInt8](repeating: 0x61, count: 500)).count == 123)
}

@Test func commandsAreSplitIntoWords() throws {
  func words(_ line: String) throws -> [String] { try PluginCommand(line: line).words }
  #expect(try words("python3 my.py") == ["python3", "my.py"])
  #expect(try words("  './my tool'\t--a=\"b c\"d '' ") == ["./my tool", "--a=b cd", ""])
  #expect(try PluginCommand(line: "a 'b c'").line == "a 'b c'")
  for bad in ["", "  ", "''", "python3 'my.py"] {
    #expect(throws: TokenizerError.self, "\(bad)") { try words(bad) }
  }
}

@Test func batchesHoldEveryItemOnce() {
  #expect(PluginPool.batches([], bytes: 10) == [])
  #expect(PluginPool.batches([4, 4, 4, 100, 1], bytes: 10) == [0..<2, 2..<3, 3..<4, 4..<5])
  #expect(PluginPool.batches([0, 0, 0], bytes: 10) == [0..<3])
  let many = PluginPool.batches([Int](repeating: 0, count: 10_000), bytes: 10)
  #expect(many.map(\.count) == [4096, 4096, 1808] && many.last?.upperBound == 10_000)
}
