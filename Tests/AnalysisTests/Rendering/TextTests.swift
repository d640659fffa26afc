import Foundation
import Metrics
import Support
import Testing

@testable import Analysis
@testable import Rendering

private struct Item {
  var name: String?
  var value: Double?
  var interval: Interval?
  var marks: [Table.Mark] = []
}
private func table(_ items: [Item]) -> Table {
  Table(
    key: "t", items,
    fields: [
      .text("name", "Name") { $0.name },
      .estimate("value", "Bits|byte", unit: "bits/byte", .fixed(2), better: .lower) {
        .number($0.value, interval: $0.interval, marks: $0.marks)
      },
    ])
}

@Suite struct MarkdownTests {
  @Test func tablesAreAlignedAndWhatIsAbsentIsDashes() {
    let text = markdown(
      table([
        Item(name: "A", value: 1.234, interval: .init(lower: 1, upper: 1.5), marks: [.tied]), Item(),
        Item(name: "C", value: .nan),
      ]))
    #expect(
      text == """
        | Name |         Bits\\|byte |
        | ---- | -----------------: |
        | A    | ≈1.23 [1.00, 1.50] |
        | ---  |                --- |
        | C    |                --- |

        """)
  }

  @Test(arguments: [
    ("<script>", "&lt;script&gt;"), ("a|b", "a\\|b"), ("a`touch p`", "a\\`touch p\\`"), ("**a**", "\\*\\*a\\*\\*"),
    ("[x](javascript:y)", "\\[x]\\(javascript:y)"), ("a_b _c_", "a_b \\_c\\_"), ("a\u{202E}b", "a\\\\u{202E}b"),
    ("a\nb", "a b"), ("a&b", "a&amp;b"), ("a\\|b", "a\\\\\\|b"), ("GZip[v=256]", "GZip[v=256]"),
    ("EqualInfoAC[b=16,v=65k], 50% (+2)", "EqualInfoAC[b=16,v=65k], 50% (+2)"),
  ])
  func namesMeanThemselves(text: String, escaped: String) { #expect(markdownEscaped(text) == escaped) }

  /// Only what the program marks is marked, whatever a name holds.
  @Test func markupIsTyped() {
    let name = "`a` **b**"
    let text: RichText = "Of \(name): \(code: "x`y") and \(bold: name)"
    #expect(text.plain == "Of `a` **b**: x`y and `a` **b**" && text.pieces.count == 4)
    #expect(markdownLine(text) == "Of \\`a\\` \\*\\*b\\*\\*: ``x`y`` and **\\`a\\` \\*\\*b\\*\\***")
    #expect(markdownLine("1. \(code: "``")") == "1\\. ``` `` ```" && markdownLine("- a") == "\\- a")
    #expect(markdown(.commands("a\n````")) == "`````\na\n````\n`````\n")
    let sum = RichText("a") + "b"
    #expect(sum == "ab" && ["a", "\(code: "b")"].joined(separator: ", ").pieces == [.text("a, "), .code("b")])
  }

  @Test(
    arguments: [
      (Table.Format.integer, 5295, "5295"), (.fixed(3), 1.5649, "1.565"), (.signed(2), 0.5, "+0.50"),
      (.percent(1), 0.367, "36.7%"), (.short, 1_570_000, "1.57 M"), (.significant, 0.000123456, "0.000123"),
      (.significant, 147_983, "148 k"), (.significant, 999.7, "1.00 k"), (.significant, 998.7, "999"),
    ] as [(Table.Format, Double, String)])
  func numbersHaveTheirFormat(format: Table.Format, value: Double, text: String) {
    #expect(format.text(value) == text)
    #expect(format.text(nil) == "---" && format.text(.infinity) == "---")
  }
}

@Suite struct CSVTests {
  @Test func intervalsHaveColumnsAndTextsAreQuoted() {
    let text = csv(
      table([
        Item(name: "A[b=1,v=2]", value: 1.0 / 3, interval: .init(lower: 0, upper: 0.5)),
        Item(name: "say \"hi\"", value: 7),
        Item(),
      ]))
    #expect(
      text == """
        name,value,valueLower,valueUpper
        "A[b=1,v=2]",0.3333333333333333,0,0.5
        "say ""hi""\",7,,
        ,,,

        """)
  }

  @Test func withoutIntervalsThereAreNoColumnsForThem() {
    #expect(csv(table([Item(name: "A", value: 2)])) == "name,value\nA,2\n")
  }
}

@Suite struct TablesJSONTests {
  @Test func cellsKeepTheirNumbersAndMarks() throws {
    let value = JSONValue(
      table([Item(name: "A", value: 1.5, interval: .init(lower: 1, upper: 2), marks: [.notLearned]), Item(value: 2)]))
    guard case .object(let object) = value, case .array(let rows)? = object["rows"] else {
      Issue.record("not an object with rows")
      return
    }
    #expect(
      rows == [
        .object([
          "name": .string("A"),
          "value": .object([
            "value": .number(1.5), "lower": .number(1), "upper": .number(2), "marks": .array([.string("notLearned")]),
          ]),
        ]), .object(["name": .null, "value": .number(2)]),
      ])
  }
}
