import Support
import Testing

@Test(arguments: [
  ("a/b/c.md", "a", "b/c.md"), ("a/c.md", "a/b", "../c.md"), ("c.md", ".", "c.md"), ("/x/y.md", "/x/z/w", "../../y.md"),
  ("a/../b.md", ".", "b.md"),
])
func waysBetweenFolders(file: String, folder: String, way: String) {
  #expect(relativePath(of: file, from: folder) == way)
}

/// Nothing that somebody else wrote moves the cursor or turns the line round; emoji stay whole.
@Test(arguments: [
  ("plain text 東京 👩\u{200D}🔬", "plain text 東京 👩\u{200D}🔬"), ("a\u{1B}[31mb", "a\\u{1B}[31mb"),
  ("a\nb\r", "a\\u{A}b\\u{D}"), ("\u{202E}abc\u{2028}", "\\u{202E}abc\\u{2028}"),
])
func linesOfOthersStayLines(text: String, shown: String) { #expect(printable(text) == shown) }

@Test(arguments: [("runs/a-b_1.2", "runs/a-b_1.2"), ("it's", "'it'\\''s'"), ("a b", "'a b'"), ("", "''"), ("~", "'~'")])
func wordsOfAShell(text: String, word: String) { #expect(shellWord(text) == word) }
