import Foundation
import Support
import Synchronization
import Testing
import Tokenizers

@testable import Plugins

/// The library's own command on the same model and text, where it is installed.
@Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/spm_encode")), arguments: ["unigram", "bpe"])
func idsEqualSpmEncodes(model: String) throws {
  let tokenizer = try trained("SentencePiece[v=420,model=\(model)]")
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spm-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try tokenizer.save(to: folder)
  let lines =
    String(decoding: sampleText.prefix(6000), as: UTF8.self).split(separator: "\n").map(String.init)
    + ["naïve café — “quoted” 日本", "  two  spaces  "]
  try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: folder + "/text"))
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/spm_encode")
  process.arguments = ["--model=\(folder)/spiece.model", "--output_format=id", "\(folder)/text"]
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  let expected = output.split(separator: "\n", omittingEmptySubsequences: false).prefix(lines.count)
    .map { $0.split(separator: " ").compactMap { Token($0) } }
  #expect(try lines.map { try tokenizer.encode(Array($0.utf8)) } == Array(expected))
}

@Test func runsCutWhatTheLibraryCannotCarry() {
  func runs(_ bytes: [UInt8]) -> [String] {
    TextRuns(bytes, without: SentencePieceLibrary.notCarried).map {
      "\($0.range.lowerBound)-\($0.range.upperBound)\($0.isText ? "t" : "b")"
    }
  }
  #expect(runs(Array("añ🙂".utf8)) == ["0-7t"])
  #expect(runs([0x61, 0xFF, 0x00, 0x62]) == ["0-1t", "1-3b", "3-4t"])
  #expect(runs(Array("a\u{2581}b".utf8)) == ["0-1t", "1-4b", "4-5t"])
  #expect(runs([0xED, 0xA0, 0x80]) == ["0-3b"])
  #expect(runs([0xE0, 0x80, 0x80, 0xF4, 0x90, 0x80, 0x80]) == ["0-7b"])
  #expect(runs([0x61, 0xE2, 0x96]) == ["0-1t", "1-3b"])
}

@Test func runsStayInTheirRange() {
  let bytes = Array("añb".utf8)
  #expect(TextRuns(bytes, in: 1..<2).map(\.range) == [1..<2])
  #expect(TextRuns(bytes, in: 1..<2).map(\.isText) == [false])
  #expect(TextRuns(bytes, in: 0..<0).map(\.range) == [])
}

/// The same text gives the same file, byte for byte: nothing of this machine or this run is in it.
@Test(arguments: ["unigram", "bpe"])
func modelsDependOnTheTextAlone(model: String) throws {
  let models = try (0..<2).map { _ in
    try #require(trained("SentencePiece[v=400,model=\(model)]") as? SentencePieceTokenizer).library.model
  }
  #expect(models[0] == models[1])
}

/// The trainer reads a beginning of the text, and asks for no more.
@Test func trainingStopsReading() throws {
  let piece = Array(sampleText.prefix(10_000))
  let limit = SentencePieceBackend.trainingBytes / piece.count + 1
  let count = Mutex(0)
  let context = TrainingContext(
    examples: {
      AnySequence(
        (0..<10 * limit).lazy.map { index in
          count.withLock { $0 = max($0, index + 1) }
          return piece
        })
    }, byteModel: { randomM1 }, seed: 0, threads: 1)
  let spec = try registry.resolve("SentencePiece[v=300]")
  _ = try SentencePieceBackend().train(spec, context: context)
  #expect(count.withLock { $0 } <= limit)
}

@Test func aModelFileIsKnownByItsContent() throws {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spm-\(UUID().uuidString)").path
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try makeFolder(folder)
  try trained("SentencePiece[v=400]").save(to: folder)
  let path = folder + "/spiece.model"
  let spec = try registry.resolve("SentencePiece[path=\(path)]")
  let hash = try sha256(file: path)
  #expect(spec.canonicalName == "SentencePiece[path=spiece.model@\(hash.prefix(8))]")
  #expect(spec.writtenName == "SentencePiece[path=\(path)]")
  // Edited after it was named, it is not taken for the same.
  try writeAtomically([UInt8]("another".utf8), to: path)
  #expect(throws: FileError.self) { try SentencePieceBackend().train(spec, context: sampleContext) }
  #expect(throws: TokenizerError.self) { try registry.resolve("SentencePiece[path=\(path),v=400]") }
}

@Test func badModelsAreRefused() throws {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("bad-\(UUID().uuidString).model").path
  defer { try? FileManager.default.removeItem(atPath: path) }
  #expect(throws: TokenizerError.self) { try registry.resolve("SentencePiece[path=\(path)]") }
  for content in [Data(), Data("no model".utf8)] {
    try content.write(to: URL(fileURLWithPath: path))
    #expect(throws: TokenizerError.self) { try trained("SentencePiece[path=\(path)]") }
  }
}
