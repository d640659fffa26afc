import Testing
import Tokenizers

@testable import Plugins

// Windows on their own, under one distribution that does not change: no model.

/// What a window takes of a text, and what it becomes.
private func close<W: Window>(_ type: W.Type, _ text: [UInt8], _ table: [UInt32], bits: Int) throws -> ClosedWindow {
  try table.withUnsafeBufferPointer {
    let distribution = try QuantisedDistribution($0, precision: min(14, bits))
    var window = W(bits: bits, precision: min(14, bits))
    for byte in text where !window.isFull {
      if !window.take(byte, distribution) { break }
    }
    return window.closed()
  }
}

/// The text that a code gives, at most so many bytes.
private func read<W: Window>(_ type: W.Type, _ code: UInt128, _ table: [UInt32], bits: Int, most: Int) throws -> [UInt8]
{
  try table.withUnsafeBufferPointer {
    let distribution = try QuantisedDistribution($0, precision: min(14, bits))
    var window = W(bits: bits, precision: min(14, bits))
    var text: [UInt8] = []
    while text.count < most, let byte = window.next(code, distribution) {
      text.append(byte)
      if window.ends(at: code) == true { break }
    }
    return text
  }
}

/// Byte 0 has half of it, all others share the rest; total 2^9.
private let half: [UInt32] = [257] + [UInt32](repeating: 1, count: 255)

@Test func reserveKeepsAnIntegerForEveryPrefix() throws {
  // b = 9: byte 0 owns [0, 257) and keeps 0; of the 256 left, 0·0 gets half of them and the best remainders.
  #expect(try close(ReserveWindow.self, [0], half, bits: 9) == ClosedWindow(code: 0, length: 1))
  #expect(try close(ReserveWindow.self, [0, 0], half, bits: 9) == ClosedWindow(code: 1, length: 2))
  // Byte 9 owns one integer, its own: nothing follows it.
  #expect(try close(ReserveWindow.self, [9, 0], half, bits: 9) == ClosedWindow(code: 257 + 8, length: 1))
}

@Test(arguments: [8, 9, 12])
func everyReserveCodeReadsToATextOfItsOwn(bits: Int) throws {
  let table = half.enumerated().map { $0 == 0 ? UInt32(1 << bits) - 255 : $1 }
  for code in 0..<UInt128(1) << bits {
    let text = try read(ReserveWindow.self, code, table, bits: bits, most: 1000)
    let closed = try close(ReserveWindow.self, text, table, bits: bits)
    if closed != ClosedWindow(code: code, length: text.count) {
      Issue.record("\(code) reads to \(text), which is \(closed)")
    }
  }
}

@Test func greedyPadsWithZerosAndSaysWhereThatIsAmbiguous() throws {
  // docs/equal-info-windows.md: in front of a byte that does not fit, the padding of 0 0 … reads on as more zeros.
  let closed = try close(GreedyWindow.self, [0, 0, 200, 200], half, bits: 9)
  #expect(closed == ClosedWindow(code: 0, length: 2, isAmbiguous: true))
  #expect(try read(GreedyWindow.self, 0, half, bits: 9, most: 20).count > 2)
}

@Test func delayGivesBackWhatItsCodeDoesNotDetermine() throws {
  let text: [UInt8] = [0, 0, 200, 200]
  let closed = try close(DelayWindow.self, text, half, bits: 9)
  #expect(closed.length < 3)
  #expect(closed.length > 0)
  let again = try read(DelayWindow.self, closed.code, half, bits: 9, most: closed.length)
  #expect(again == Array(text.prefix(closed.length)))
}
