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
      planned.contains("paper-tiny: 5 parts") && planned.contains("resets     6 cells, 1 of them of parts above"),
      "\(planned)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/run"))

    let first = try harness(common + parts)
    #expect(first.status == 0, "\(first.errors)")
    let records = try RecordFolder(runFolder: scratch.path + "/run").load().records
    #expect(records.count == 11 && records.allSatisfy { $0.bitsPerByte != nil }, "lossy codes are scored too")
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
    #expect(try RecordFolder(runFolder: scratch.path + "/run").load().records.count == 11)
    #expect(try String(contentsOfFile: place, encoding: .utf8) == report)
    // What is damaged is said, and measured again.
    try Data("{".utf8).write(to: URL(fileURLWithPath: scratch.path + "/run/measurements/stability.json"))
    let damaged = try harness(common + ["--report-only"])
    #expect(damaged.status != 0 && damaged.errors.contains("stability.json: is damaged"), "\(damaged.errors)")
    let mended = try harness(common + ["--only", "stability"])
    #expect(mended.status == 0 && mended.errors.contains("stability: measuring"), "\(mended.errors)")
    #expect(try String(contentsOfFile: place, encoding: .utf8) == report)
    // A report that may be of a published copy does not say where the run lies; how wide that made a table is no matter.
    func content(_ report: String) -> String {
      report.replacing(" --out \(scratch.path)/run", with: "").filter { $0 != " " && $0 != "-" }
    }
    #expect(try harness(common + ["--report-only"]).status == 0)
    #expect(try content(String(contentsOfFile: place, encoding: .utf8)) == content(report))
  }

  /// A copy of records and measurements gives the same report where there is neither text nor store.
  @Test func copiesTellTheSame() throws {
    let scratch = try Scratch()
    let scale = try scratch.write("tiny.json", Data(tinyScale.utf8))
    let corpus = try scratch.write("corpus.txt", text), heldOut = try scratch.write("held-out.txt", text)
    let run = scratch.path + "/run", copy = scratch.path + "/copy", files = FileManager.default
    let made = try harness([
      "paper", "--scale", scale, "--out", run, "--store", scratch.path + "/store", "--corpus", corpus, "--validation",
      heldOut, "--texts", "code=\(corpus)", "--baseline", baseline, "--only", "resets", "stability", "positions",
    ])
    #expect(made.status == 0, "\(made.errors)")
    try files.createDirectory(atPath: copy, withIntermediateDirectories: true)
    for name in ["records", "measurements", "machine.json", "paper.json"] {
      try files.copyItem(atPath: run + "/" + name, toPath: copy + "/" + name)
    }
    for place in [corpus, heldOut, scale, scratch.path + "/store"] { try files.removeItem(atPath: place) }
    let report = ["paper", "--report-only", "--baseline", baseline]
    #expect(try harness(report + ["--out", run, "--report", scratch.path + "/a"]).status == 0)
    let published = try harness(report + ["--out", copy, "--report", copy])
    #expect(published.status == 0, "\(published.errors)")
    for name in ["report.md", "report.html", "tables.json", "paper-resets.csv", "paper-stability.svg"] {
      #expect(
        files.contents(atPath: copy + "/" + name) == files.contents(atPath: scratch.path + "/a/" + name), "\(name)")
    }
    let text = try String(contentsOfFile: copy + "/report.md", encoding: .utf8)
    #expect(!text.contains("--only resets") && text.contains("--only cuts") && !text.contains(copy))
  }

  /// A part that cannot be measured, here for pieces that the text has not, does not keep the others from it.
  @Test func onePartsFailureIsItsOwn() throws {
    let scratch = try Scratch()
    let scale = try scratch.write("tiny.json", Data(tinyScale.replacing("v=300", with: "v=50k").utf8))
    let corpus = try scratch.write("corpus.txt", text)
    let found = try harness([
      "paper", "--scale", scale, "--out", scratch.path + "/run", "--store", scratch.path + "/store", "--corpus", corpus,
      "--validation", corpus, "--baseline", baseline, "--only", "ratios", "uniformity",
    ])
    #expect(found.status == 1 && found.errors.contains("not measured: ratios"), "\(found.errors)")
    let report = try String(contentsOfFile: scratch.path + "/run/report/report.md", encoding: .utf8)
    #expect(report.contains("AC's bits cannot be told") && report.contains("--only ratios"))
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
    let size = try scratch.write("size.json", Data(tinyScale.replacing("\"1m\"]", with: "\"1x\"]").utf8))
    let unknown = try harness(["paper", "--scale", size, "--plan-only", "--baseline", baseline])
    #expect(unknown.status != 0 && unknown.errors.contains("size '1x'"), "\(unknown.errors)")
    let nothing = try harness(["paper", "--report-only", "--out", scratch.path + "/nothing", "--baseline", baseline])
    #expect(nothing.status != 0 && nothing.errors.contains("no records and no measurements"), "\(nothing.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/nothing"))
    let texts = try harness([
      "paper", "--out", scratch.path + "/texts", "--baseline", baseline, "--corpus", bad, "--texts", "code=/nowhere.h",
      "--only", "softmax",
    ])
    #expect(texts.status != 0 && texts.errors.contains("/nowhere.h: no such file"), "\(texts.errors)")
    let figures = try harness(["paper", "--out", scratch.path + "/none", "--baseline", scratch.path + "/none.json"])
    #expect(figures.status != 0 && figures.errors.contains("cannot be read"), "\(figures.errors)")
    #expect(!FileManager.default.fileExists(atPath: scratch.path + "/none"))
  }
}
