import Foundation
import Records
import Support
import Testing

@Suite struct RecordFolderTests {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("records-\(UUID().uuidString)").path

  func record(nats: Double, budget: String = "1e12", written: String, error: String? = nil) throws -> RunRecord {
    var content = RunRecord.Content(
      experiment: "test", tokenizer: "GZip[v=256]", size: "1m", seed: 1,
      protocol: ComparisonProtocol(fields: ["match.budget": budget]), request: .object([:]))
    content.error = error
    content.scores = [
      .init(
        text: RunRecord.Score.heldOut, sha256: "", bytes: 10, tokens: 5, nats: nats, bitsPerByte: nats / 6.93,
        precision: "f32", exampleBytes: [10], exampleNats: [nats])
    ]
    var writer = Provenance(Program(version: "test", commit: ""), libraries: [:], threads: 1)
    (writer.started, writer.ended) = (written, written)
    return try RunRecord(content, .init(written: written, stages: [], writer: writer))
  }

  @Test func theNewestOfACellAndProtocolCounts() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let records = RecordFolder(runFolder: folder)
    #expect(try records.append(record(nats: 1, written: "2026-01-01T00:00:00.000Z")))
    #expect(try records.append(record(nats: 2, written: "2026-01-02T00:00:00.000Z")))
    #expect(try records.append(record(nats: 3, budget: "2e12", written: "2026-01-03T00:00:00.000Z")))
    // The same content again is no new record.
    #expect(try records.append(record(nats: 2, written: "2026-01-04T00:00:00.000Z")) == false)
    let found = try records.load()
    #expect(found.records.map { $0.heldOut?.nats } == [2, 3])
    #expect(found.superseded.map { $0.heldOut?.nats } == [1])
  }

  /// A failure later on (a removed store, say) does not displace what was finished.
  @Test func aFinishedRecordCountsBeforeAFailedOne() throws {
    let finished = try record(nats: 1, written: "2026-01-01T00:00:00.000Z")
    let failed = try record(nats: 0, written: "2026-01-02T00:00:00.000Z", error: "no")
    #expect(RecordFolder.Contents([failed, finished]).records == [finished])
    #expect(RecordFolder.Contents([failed]).records == [failed])
    let again = try record(nats: 2, written: "2026-01-03T00:00:00.000Z")
    #expect(RecordFolder.Contents([failed, finished, again]).records == [again])
    #expect(RecordFolder.Contents([failed, finished, again]).superseded.count == 2)
  }

  @Test func anyChangedByteIsNoticed() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let records = RecordFolder(runFolder: folder)
    try records.append(record(nats: 1.25, written: "2026-01-01T00:00:00.000Z"))
    let cell = try #require(FileManager.default.contentsOfDirectory(atPath: records.path).first)
    let name = try #require(FileManager.default.contentsOfDirectory(atPath: records.path + "/" + cell).first)
    let path = "\(records.path)/\(cell)/\(name)"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    let original = try RunRecord(file: path)
    for place in whole.indices {
      var damaged = whole
      damaged[place] ^= 1
      try damaged.write(to: URL(fileURLWithPath: path))
      // Either refused, or a change that means nothing (white space).
      if let read = try? RunRecord(file: path) { #expect(read == original) }
    }
  }

  @Test func schema1IsRefusedWithASentence() throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try makeFolder(folder + "/records")
    try Data(#"{"schema": 1, "tokenizer": "Bytes"}"#.utf8).write(to: URL(fileURLWithPath: folder + "/records/a.json"))
    #expect { try RecordFolder(runFolder: folder).load() } throws: { "\($0)".contains("schema 1") }
  }

  @Test func protocolsSayWhereTheyDiffer() {
    let a = ComparisonProtocol(fields: ["match.budget": "1", "x": "1"])
    let b = ComparisonProtocol(fields: ["match.budget": "2", "y": "1"])
    #expect(a.differences(from: b).map(\.field) == ["match.budget", "x", "y"])
    #expect(a.hash != b.hash)
  }
}
