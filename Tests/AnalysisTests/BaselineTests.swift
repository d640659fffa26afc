import Foundation
import Support
import Testing

@testable import Analysis

@Suite struct BaselineTests {
  @Test func thePapersWindowsAreGreedy() throws {
    let paper = try paperBaseline()
    #expect(paper.rowName(for: "EqualInfoAC[b=16,v=256]") == nil)
    #expect(paper.value("compressionRatio", of: "EqualInfoAC[b=16,v=256,end=greedy]") == 2.66)
    let row = try #require(
      paper.table("main")?.rows(where: ["tokenizer": "EqualInfoAC[b=16,v=256,end=greedy]", "size": "113m"]).first)
    #expect(row.number("bitsPerByte") == 1.23)
    // The other rules keep their own names.
    #expect(paper.rowName(for: "EqualInfoAC[b=16,v=256,end=delay]") == "EqualInfoAC[b=16,v=256,end=delay]")
    #expect(paper.value("compressionRatio", of: "EqualInfoAC[b=16,v=256,reset=2,end=greedy]") == 3.4)
  }

  @Test func aFamilyStandsBesideItsRow() throws {
    let paper = try paperBaseline()
    #expect(paper.rowName(for: "SentencePiece[v=4k]") == "SentencePiece")
    #expect(paper.rowName(for: "GZip[v=4k]") == nil)
  }

  @Test func everyTableIsReadAndNamesAreMadeCanonical() throws {
    var path = #filePath
    for _ in 0..<3 { path = parentFolder(path) }
    let paper = try Baseline(file: path + "/baselines/paper.json") {
      $0 == "SentencePiece" ? "SentencePiece[v=32k]" : $0
    }
    for name in [
      "modelSizes", "compressionRatio", "bitCompressionRatio", "trivialModelsBitsPerByte", "main", "windowAblation",
      "endOfWindow", "m1Reset", "scaledTrainingData", "byteMatched", "seedVariance25m", "sequenceToSequence113m",
      "gzipHeader25m", "bitLevelAC",
    ] { #expect(paper.table(name)?.rows().isEmpty == false, "\(name)") }
    #expect(paper.rowName(for: "SentencePiece[v=4k]") == "SentencePiece[v=32k]")
    #expect(paper.number("setup", "m2", "tokens") == 26_214_400_000)
    #expect(paper.number("setup", "none") == nil)
    #expect(paper.table("aliases") == nil)
    // null is no number.
    let ablation = paper.table("windowAblation")?
      .rows(where: ["tokenizer": "EqualInfoAC[b=24,v=256,end=greedy]"]).first
    #expect(ablation?.number("bitsPerByte") == 1.394 && ablation?.number("flopsPerByte") == nil)
  }

  @Test(arguments: [
    ("{", "not a baseline"), ("[1]", "not a baseline"), (#"{"main": {}}"#, "lacks 'source'"),
    (#"{"source": "x", "main": {"columns": ["a", "b"], "rows": [[1]]}}"#, "'main' has a row"),
    (#"{"source": "x", "main": {"columns": ["a"], "rows": [1]}}"#, "'main' has a row"),
  ])
  func damagedFilesAreRefused(text: String, reason: String) throws {
    try withTemporaryFolder { folder in
      try writeAtomically(Data(text.utf8), to: folder + "/b.json")
      #expect {
        _ = try Baseline(file: folder + "/b.json", canonicalName: { $0 })
      } throws: { "\($0)".contains(reason) && "\($0)".contains("b.json") }
    }
    #expect(throws: FileError.self) { try Baseline(file: "/nowhere/b.json", canonicalName: { $0 }) }
  }
}
