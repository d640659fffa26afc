import Foundation
import Metrics

extension PaperPart {
  /// How a window ends: this project's rule, looking ahead, padding.
  static let endOfWindow = PaperPart(
    "end", title: "The end of a window", source: "figure 14, table 17",
    needs: { scale in
      var needs = PaperNeeds()
      needs.cells = [CellTable("end", PaperTokenizers.vocabularies.flatMap(rules), scale)]
      needs.samples = PaperTokenizers.vocabularies.flatMap(rules)
      needs.tellsWithoutCells = true
      return needs
    },
    run: { input in
      let rows = PaperTokenizers.vocabularies.flatMap(rules).map { name in
        AblationRow(
          tokenizer: name, sample: input.sample(name), group: input.cell("end", name),
          paperRatio: input.baseline.value("compressionRatio", of: name),
          paperBits: ["endOfWindow", "main"].compactMap { table in
            input.baseline.table(table)?.rows(where: ["tokenizer": name]).first?.number("bitsPerByte")
          }.first)
      }
      let (reserve, delay, greedy) = (rules("256")[0], rules("256")[1], rules("256")[2])
      /// That M2 is lower with one rule than with another.
      func lower(_ statement: String, _ rule: Int, than other: Int, _ v: String) -> Claim {
        .lower(
          "\(statement) (v=\(v))", input.cell("end", rules(v)[rule]), than: input.cell("end", rules(v)[other]),
          input.seeds)
      }
      return PaperAnswer(
        claims: [
          .fewerTokens(
            "Windows that are padded hold more than those that look ahead", input.sample(greedy),
            than: input.sample(delay)),
          undecodable(input.sample(greedy)),
          lower("M2 is lower with windows that are padded than with those that look ahead", 2, than: 1, "256"),
          lower("M2 is lower with windows that look ahead than with those that are padded", 1, than: 2, "65k"),
          .fewerTokens(
            "Beyond the paper: windows that keep a code for their end (reserve) hold more than padded ones",
            input.sample(reserve),
            than: input.sample(greedy)),
          lower("Beyond the paper: M2 is lower with reserve than with padded windows", 0, than: 2, "256"),
        ],
        artifacts: [
          .table(
            Table(key: "paper-end", rows, fields: AblationRow.fields).withoutEmptyColumns(keeping: ["bitsPerByte"])),
          .note(
            "The paper's bits/byte are of its 25m. A window that decodes to another text: its padded code is also that of a "
              + "longer one."),
        ])
    })

  private static func rules(_ v: String) -> [String] {
    ["EqualInfoAC[b=16,v=\(v)]", "EqualInfoAC[b=16,v=\(v),end=delay]", PaperTokenizers.greedy(16, v)]
  }

  private static func undecodable(_ sample: TokenSample?) -> Claim {
    let statement = "Beyond the paper: of padded windows some decode to another text"
    guard let share = sample?.facts["undecodableWindowShare"] else {
      return Claim(statement, .cannotTell, "nothing was measured")
    }
    return Claim(statement, share > 0 ? .seen : .notSeen, String(format: "%.1f%% of windows", 100 * share))
  }
}
