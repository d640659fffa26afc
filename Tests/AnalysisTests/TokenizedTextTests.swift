import Testing

@testable import Rendering

private func shown(_ text: String, _ byteCounts: [Int]..., columns: Int = 80, inColour: Bool = false) -> [String] {
  shown(Array(text.utf8), byteCounts, columns: columns, inColour: inColour)
}
private func shown(_ bytes: [UInt8], _ rows: [[Int]], columns: Int = 80, inColour: Bool = false) -> [String] {
  let rows = rows.enumerated().map { index, counts in
    TokenizedText.Row(name: "T\(index)", ids: counts.indices.map { UInt32($0) }, byteCounts: counts)
  }
  let view = TokenizedText(bytes, rows: rows).terminal(columns: columns, inColour: inColour)
  return Array(view.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropFirst(rows.count + 1))
}

/// Golden values: PyPI wcwidth.
@Test(arguments: [
  ("a", 1), ("é", 1), ("e\u{301}", 1), ("東", 2), ("ｱ", 1), ("Ａ", 2), ("한", 2), ("\u{1112}\u{1161}\u{11ab}", 2),
  ("😀", 2),
  ("👩‍👩‍👧‍👦", 2), ("🇩🇪", 2), ("❤️", 2), ("❤", 1), ("का", 2), ("א", 1), ("م", 1), ("\u{200d}", 0), ("→", 1), ("①", 1),
  ("㋿", 2), ("𠀀", 2), ("👍🏽", 2), ("ไ", 1),
])
func widthsAsWcwidth(character: Character, width: Int) { #expect(displayWidth(character) == width) }

@Test func theSameByteStandsInTheSameColumn() {
  #expect(shown("to be", [3, 2], [1, 4]) == ["1 t o |be", "2 t|o  be"])
  #expect(shown("to be", [5]) == ["to be"])
  // Wide characters keep their columns. A row whose token ends within one shows its bytes, the others the character.
  let gap = String(repeating: " ", count: 11)
  #expect(shown("東京a", [3, 4], [4, 2, 1]) == ["1 東|京\(gap) a", #"2 東 \xE4|\xBA\xAC|a"#])
  #expect(shown("東京", [3, 3], [4, 2]) == ["1 東|京", #"2 東 \xE4|\xBA\xAC"#])
  #expect(shown("éa", [2, 1], [1, 1, 1], [3]) == ["1 é        |a", #"2 \xC3|\xA9|a"#, "3 é         a"])
}

/// A row that cuts between the parts of an emoji shows the parts, one that cuts within a part its bytes, each byte in its
/// column.
@Test func charactersAreCutWhereTheTokensAre() {
  let text = "👩‍👧!"
  let lines = shown(text, [11, 1], [4, 7, 1], [5, 6, 1])
  #expect(
    lines == [
      "1 👩‍👧                |!", #"2 👩|\u{200D}     👧|!"#, #"3 👩 \xE2|\x80\x8D👧|!"#,
    ], "\(lines)")
}

@Test func whereALineHasNoRoomCharactersAreShownByParts() {
  let family = "👩‍👩‍👧‍👦"
  let lines = shown(family, [25], [Int](repeating: 1, count: 25), columns: 40)
  #expect(lines.count > 4 && lines.allSatisfy { $0.reduce(0) { $0 + displayWidth($1) } <= 40 })
  let bytes = lines.filter { $0.hasPrefix("2 ") }.map { $0.dropFirst(2).trimmingPrefix("|") }.joined(separator: "|")
  #expect(bytes == Array(family.utf8).map { "\\x" + String($0, radix: 16, uppercase: true) }.joined(separator: "|"))
  #expect(lines.filter { $0.hasPrefix("1 ") }.joined().contains("👦"))
}

/// Where terminals differ in a character's columns, it has as many as any gives it, and the next one is put behind them.
@Test func theCursorIsPlacedAfterWhatTerminalsDifferIn() {
  let text = TokenizedText(Array("👩‍👧!".utf8), rows: [.init(name: "T", ids: [1, 2], byteCounts: [11, 1])])
  let view = text.terminal(columns: 80, inColour: true, placesCursor: true)
  #expect(view.contains("    \u{1B}[1G👩‍👧\u{1B}[5G\u{1B}[48;5;151;38;5;16m!"))
  #expect(!text.terminal(columns: 80, inColour: true).contains("\u{1B}[5G"))
}

@Test func nothingIsLost() {
  #expect(shown([0x61, 0xFF, 0xC3, 0x00, 0x62], [[2, 1, 2]]) == [#"a\xFF|\xC3|␀b"#])
  #expect(shown("a\tb\r\nc\n", [7]) == ["a→b⏎", "", "c⏎"])
  #expect(shown("\r\n", [1, 1]) == ["␍|⏎"])
  // A joiner alone, and marks that change the direction of what follows, by number.
  #expect(shown("a\u{202E}b", [1, 4]) == [#"a|\u{202E}b"#])
  #expect(shown("👩‍👧", [11]) == ["👩‍👧"])
  #expect(shown("👩‍👧", [4, 7]) == [#"👩|\u{200D}👧"#])
  #expect(shown("אב", [2, 2]) == ["\u{202D}א|ב\u{202C}"])
  #expect(shown("\u{1B}[31m", [1, 4]) == ["␛|[31m"], "no text controls the terminal")
}

@Test func linesFitTheColumns() {
  let text = String(repeating: "東a", count: 30)
  let lines = shown(text, [Int](repeating: 4, count: 30), [Int](repeating: 2, count: 60), columns: 20)
  #expect(lines.count > 10 && lines.allSatisfy { $0.reduce(0) { $0 + displayWidth($1) } <= 20 })
  let whole = shown(String(repeating: "ab", count: 30), [Int](repeating: 2, count: 30), columns: 20)
  #expect(
    whole.allSatisfy { $0.count <= 20 } && whole.joined().replacing("|", with: "") == String(repeating: "ab", count: 30)
  )
}

@Test func coloursChangeFromTokenToToken() {
  let line = shown("abc", [1, 0, 2], inColour: true)[0]
  #expect(line == "\u{1B}[48;5;223;38;5;16ma\u{1B}[48;5;151;38;5;16mbc\u{1B}[0m")
}

@Test func bitsAreShades() {
  let row = TokenizedText.Row(name: "M2", ids: [5, 6], byteCounts: [1, 2], bits: [0.5, 12])
  let text = TokenizedText(Array("abc".utf8), rows: [row])
  let view = text.terminal(columns: 80, inColour: true, showsIDs: true)
  #expect(view.contains("4.167 bits/byte") && view.contains("5    0.50 bits  'a'"))
  #expect(view.contains("\u{1B}[48;5;231;38;5;16ma\u{1B}[0m|\u{1B}[48;5;202;38;5;16mbc\u{1B}[0m"))
  #expect(text.terminal(columns: 80, inColour: false).hasSuffix("a|bc"))
  let page = text.page(title: "t")
  #expect(page.contains("rgba(240,110,0,0.04)") && page.contains("title=\"token 2: id 6, 2 bytes, 12.00 bits\""))
}

@Test func tokensOfOneCodeAreCounted() {
  let text = TokenizedText(Array("abcd".utf8), rows: [.init(name: "AC", ids: [7, 9], byteCounts: nil)])
  let view = text.terminal(columns: 80, inColour: false, showsIDs: true)
  #expect(
    view.contains("2 tokens  2.00 bytes/token") && view.contains("is not known") && view.hasSuffix("7 9"))
}

@Test func thePageHoldsTextAsText() {
  let hostile = "<script>alert('x')</script>&\"`javascript:"
  let text = TokenizedText(
    Array(hostile.utf8), rows: [.init(name: hostile, ids: [1, 2], byteCounts: [10, hostile.utf8.count - 10])])
  let page = text.page(title: hostile)
  #expect(page.components(separatedBy: "<script").count == 2 && page.components(separatedBy: "</script").count == 2)
  #expect(page.contains("title=\"token 1: id 1, 10 bytes\"") && page.contains("&lt;</i>"))
  #expect(TokenizedText([], rows: [.init(name: "a", ids: [], byteCounts: [])]).page(title: "t").contains("---"))
}
