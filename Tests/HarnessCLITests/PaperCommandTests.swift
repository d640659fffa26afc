import Foundation
import Records
import Testing

/// A scale at which everything is over in seconds.
private let tinyScale = """
  {"name": "tiny", "sentencePiece": "SentencePiece[v=300]", "m1": {"size": "100k", "context": 64, "batch": 2, "steps": 4},
   "otherM1Steps": [2, 3], "sizes": ["100k", "200k", "1m"], "sequenceLength": 32, "batch": 2, "budget": 4e9, "tokens": 200,
   "largeVocabularySize": "100k", "seeds": [1, 2], "exampleBytes": 1024, "heldOutBytes": 4000, "quickBytes": 2000,
   "minutes": 1}
  """

private var baseline: String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("baselines/paper.json").path
}

@Suite struct PaperCommandTests {
  /// Parts with and without models, run, and run again; the others stand in the report with their commands.
  @Test func partsAreRunAndReported() throws {
    let scratch = try Scratch()
    let corpus = try scratch.write("corpus.txt", text), heldOut = try scratch.write("held-out.txt", text)
    let scale = try scratch.write("tiny.json", Data(tinyScale.utf8))
    let code = try scratch.write("code.txt", Data(String(repeating: "let x = y + 1\n", count: 300).utf8))
    let common = [
      "paper", "--scale", scale, "--out", scratch.path + "/run", "--store", scratch.path + "/store", "--corpus", corpus,
      "--validation", heldOut, "--texts", "code=\(code)", "--baseline", baseline,
    ]
    let parts = ["--only", "stability", "meaning", "bits", "resets", "positions"]
    let plan = try harness(common + parts + ["--plan-only"])
    #expect(plan.status == 0, "\(plan.errors)")
    let planned = String(decoding: plan.output, as: UTF8.self)
    #expect(
      planned.contains("paper-tiny: 5 parts") && planned.contains("resets     3 cells, 1 of them of parts above"),
      "\(planned)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))

    let first = try harness(common + parts)
    #expect(first.status == 0, "\(first.errors)")
    let records = try RecordFolder(runFolder: scratch.path + "/run").load().records
    #expect(records.count == 6 && records.allSatisfy { $0.bitsPerByte != nil }, "lossy codes are scored too")
    let lossy = try #require(records.first { $0.tokenizer.contains("greedy") })
    #expect(lossy.tokenization?.roundTrips == false && lossy.heldOut?.problem != nil)
    #expect(lossy.protocol.fields["evaluation.lossy"] == "scored")
    let place = scratch.path + "/run/report/report.md"
    let report = try String(contentsOfFile: place, encoding: .utf8)
    for heading in ["## Stability", "## The meaning of a token", "## Bit-level AC", "## Resets of M1", "## Seeds"] {
      #expect(report.contains(heading), "\(heading)")
    }
    #expect(report.contains("‡") && report.contains("--only seeds") && !report.contains("--only stability"))

    // Nothing is made twice, and the report of what is there is the same.
    let again = try harness(common + parts)
    #expect(again.status == 0 && !again.errors.contains("measuring"), "\(again.errors)")
    #expect(try RecordFolder(runFolder: scratch.path + "/run").load().records.count == 6)
    #expect(try String(contentsOfFile: place, encoding: .utf8) == report)
    // A report that may be of a published copy does not say where the run lies; how wide that made a table is no matter.
    func content(_ report: String) -> String {
      report.replacing(" --out \(scratch.path)/run", with: "").filter { $0 != " " && $0 != "-" }
    }
    #expect(try harness(common + ["--report-only"]).status == 0)
    #expect(try content(String(contentsOfFile: place, encoding: .utf8)) == content(report))
  }

  @Test func mistakesAreNamed() throws {
    let part = try harness(["paper", "--only", "stabilty"])
    #expect(part.status != 0 && part.errors.contains("did you mean 'stability'?"), "\(part.errors)")
    let scale = try harness(["paper", "--scale", "smal"])
    #expect(scale.status != 0 && scale.errors.contains("did you mean 'small'?"), "\(scale.errors)")
    let scratch = try Scratch()
    let bad = try scratch.write("bad.json", Data(tinyScale.replacing("\"200k\", \"1m\"", with: "\"1m\"").utf8))
    let own = try harness(["paper", "--scale", bad, "--plan-only"])
    #expect(own.status != 0 && own.errors.contains("at least three"), "\(own.errors)")
  }
}
