import Foundation
import Plugins
import Store
import Support
import Testing
import Tokenizers

@testable import Harness

private final class Folder {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("corpus-\(UUID().uuidString)").path
  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  func write(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
  /// Made by the gzip command, nothing of ours.
  func gzip(_ name: String, _ data: Data) throws -> String {
    let plain = try write(name, data)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-f", plain]
    try process.run()
    process.waitUntilExit()
    return plain + ".gz"
  }
}

private func lines(_ count: Int) -> Data {
  Data((0..<count).map { #"{"text": "Document \#($0) with an é and \u00fc", "url": "x"}"# + "\n" }.joined().utf8)
}

private func documents(_ paths: [String]) throws -> [String] {
  var all: [String] = []
  try DocumentReader(paths: paths).forEach { all.append(String(decoding: $0.bytes, as: UTF8.self)) }
  return all
}

/// A corpus prepared in a store of its own.
private func prepare(_ options: CorpusOptions, in folder: Folder) throws -> Corpus {
  let stages = Stages(
    registry: try Registry(builtInBackends), store: try ContentStore(root: folder.path + "/store"),
    program: Program(version: "test", commit: ""), threads: 1,
    progress: ProgressPrinter(jobs: 1, quiet: true), waits: true)
  return try stages.corpus(options, Trace())
}

@Test func everyFormatIsRead() throws {
  let folder = try Folder()
  let jsonl = try folder.write("a.jsonl", lines(3))
  let gz = try folder.gzip("b.json", lines(2000))
  let txt = try folder.gzip("c.txt", Data("plain text".utf8))
  #expect(try documents([jsonl]) == (0..<3).map { "Document \($0) with an é and ü" })
  #expect(try documents([gz]).count == 2000)
  #expect(try documents([txt]) == ["plain text"])
  #expect(try documents([folder.path]).count == 2004)
  #expect(try documents([folder.path + "/*.gz"]).count == 2001)
  // Two gzip members one after the other are one text.
  let twice = try Data(contentsOf: URL(fileURLWithPath: txt)) + Data(contentsOf: URL(fileURLWithPath: txt))
  #expect(try documents([try folder.write("d.gz", twice)]) == ["plain textplain text"])
}

@Test func plainTextIsCutAtBlankLines() throws {
  let folder = try Folder()
  let paragraph = String(repeating: "word ", count: 1000) + "\n\n"
  let text = String(repeating: paragraph, count: 40)
  let found = try documents([try folder.write("t.txt", Data(text.utf8))])
  #expect(found.joined() == text)
  #expect(found.count > 5 && found.dropLast().allSatisfy { $0.hasSuffix("\n\n") && $0.utf8.count >= 16_384 })
}

@Test func badFilesAreNamedWithTheirPlace() throws {
  let folder = try Folder()
  func message(_ path: String) -> String {
    do {
      _ = try documents([path])
      return "no error"
    } catch { return "\(error)" }
  }
  let bad = try folder.write("bad.jsonl", lines(2) + Data("{broken\n".utf8))
  #expect(message(bad).hasSuffix("bad.jsonl, line 3: not a JSON object, or not valid Unicode"))
  let noText = try folder.write("no.jsonl", Data(#"{"body": 1}"#.utf8))
  #expect(message(noText).contains("line 1: the object has no string 'text'"))
  let gz = try folder.gzip("t.json", lines(5000))
  let whole = try Data(contentsOf: URL(fileURLWithPath: gz))
  let short = try folder.write("short.json.gz", whole.prefix(whole.count / 2))
  #expect(message(short).contains("byte \(whole.count / 2)") && message(short).contains("truncated"))
  #expect(message(try folder.write("not.gz", Data("plain".utf8))).contains("not gzip"))
  #expect(message(folder.path + "/nothing").contains("no such file"))
  #expect(message(folder.path + "/*.nothing").contains("no file matches"))
}

/// A text without a single newline, as text8: cut between characters, split, and whole again.
@Test func textsWithoutLinesAreCut() throws {
  let folder = try Folder()
  let text = String(repeating: "anarchism originated as a term of abuse é ", count: 20_000)
  let path = try folder.write("text8.txt", Data(text.utf8))
  var pieces: [DocumentReader.Piece] = []
  try DocumentReader(paths: [path]).forEach { pieces.append($0) }
  #expect(pieces.count > 5 && pieces.allSatisfy { String(validating: $0.bytes, as: UTF8.self) != nil })
  #expect(pieces.map(\.goesOn) == [false] + Array(repeating: true, count: pieces.count - 1))
  #expect(pieces.flatMap(\.bytes) == Array(text.utf8))
  var options = CorpusOptions(paths: [path])
  options.validationShare = 0.3
  let corpus = try prepare(options, in: folder)
  #expect(corpus.documents == 1 && corpus.train.byteCount > 0 && corpus.heldOut.byteCount > 0)
}

/// The pieces of one text follow each other without a separator; documents have one between them.
@Test func separatorsStandBetweenDocumentsAlone() throws {
  let folder = try Folder()
  let paragraph = String(repeating: "word ", count: 1000) + "\n\n"
  let long = String(repeating: paragraph, count: 40)
  let a = try folder.write("a.txt", Data(long.utf8)), b = try folder.write("b.txt", Data("short".utf8))
  let held = try folder.write("held.txt", Data("held out".utf8))
  var options = CorpusOptions(paths: [a, b])
  options.validationPaths = [held]
  options.separator = "<sep>"
  let corpus = try prepare(options, in: folder)
  #expect(String(decoding: corpus.train.file.bytes, as: UTF8.self) == long + "<sep>short")
  #expect(String(decoding: corpus.heldOut.file.bytes, as: UTF8.self) == "held out")
}

@Test func splittingDependsOnDocumentsAlone() throws {
  let folder = try Folder()
  let path = try folder.write("a.jsonl", lines(3000))
  var options = CorpusOptions(paths: [path])
  options.validationShare = 0.1
  options.exampleBytes = 500
  let corpus = try prepare(options, in: folder)
  #expect(corpus.documents == 3000)
  let total = corpus.train.byteCount + corpus.heldOut.byteCount
  let share = Double(corpus.heldOut.byteCount) / Double(total)
  #expect(abs(share - 0.1) < 0.03)
  // Examples are the file in another order.
  let sum = corpus.train.examples.reduce(0) { $0 + $1.count }
  #expect(sum == corpus.train.byteCount)
  #expect(Array(corpus.train.examples) == Array(try prepare(options, in: folder).train.examples))
  options.seed = 5
  #expect(Array(corpus.train.examples) != Array(try prepare(options, in: folder).train.examples))
  options.validationShare = 0.0001
  #expect(throws: HarnessError.self) { try prepare(options, in: folder) }
}
