import Foundation
import Testing

/// What the guides say in Swift is what is built and tested here, line by line but for comments and empty lines; a body
/// `{ … }` is left out.
@Suite struct GuideTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  private static func lines(_ path: String) throws -> [String] {
    try String(contentsOfFile: root + "/" + path, encoding: .utf8).split(separator: "\n")
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  private static func code() throws -> [[String]] {
    try [
      "Examples/Nibbles/Sources/Nibbles/Nibbles.swift", "Examples/Nibbles/Sources/my-harness/main.swift",
      "Tests/NibblesTests/NibblesTests.swift",
    ].map { try lines($0).filter { !$0.hasPrefix("//") } }
  }

  /// Whether lines stand in a code in their order, next to each other.
  private static func contains(_ code: [String], _ lines: [String]) -> Bool {
    code.indices.contains { start in
      var place = start
      return lines.allSatisfy { line in
        guard let body = line.range(of: "{ … }") else {
          defer { place += 1 }
          return place < code.count && code[place] == line
        }
        // After a body that is left out comes whatever the code has next of the lines.
        guard place < code.count, code[place] == line[..<body.lowerBound] + "{" else { return false }
        var depth = 0
        repeat {
          depth += code[place].count { $0 == "{" } - code[place].count { $0 == "}" }
          place += 1
        } while depth > 0 && place < code.count
        return depth == 0
      }
    }
  }

  @Test(arguments: [
    ("docs/adding-a-tokenizer.md", 4), ("Sources/Tokenizers/Tokenizers.docc/WritingATokenizer.md", 4),
    ("Sources/HarnessCLI/HarnessCLI.docc/HarnessCLI.md", 1),
  ])
  func theSwiftOfGuidesIsTheExamples(guide: String, count: Int) throws {
    let code = try Self.code()
    var blocks: [[String]] = []
    var isInside = false
    for line in try Self.lines(guide) {
      if line == "```swift" { blocks.append([]) }
      if isInside, line != "```" { blocks[blocks.count - 1].append(line) }
      isInside = line == "```swift" || (isInside && line != "```")
    }
    #expect(blocks.count == count)
    for block in blocks {
      #expect(code.contains { Self.contains($0, block) }, "not in the example:\n\(block.joined(separator: "\n"))")
    }
  }

  @Test func aChangedLineIsFound() {
    let code = ["a", "func f() {", "b", "if x { y }", "}", "c"]
    #expect(Self.contains(code, ["a", "func f() { … }", "c"]) && Self.contains(code, ["b", "if x { y }"]))
    #expect(!Self.contains(code, ["a", "c"]) && !Self.contains(code, ["func g() { … }", "c"]))
  }
}
