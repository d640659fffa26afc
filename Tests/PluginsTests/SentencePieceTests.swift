import Foundation
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
    SentencePieceRuns(bytes).map { "\($0.0.lowerBound)-\($0.0.upperBound)\($0.1 ? "t" : "b")" }
  }
  #expect(runs(Array("añ🙂".utf8)) == ["0-7t"])
  #expect(runs([0x61, 0xFF, 0x00, 0x62]) == ["0-1t", "1-3b", "3-4t"])
  #expect(runs(Array("a\u{2581}b".utf8)) == ["0-1t", "1-4b", "4-5t"])
  #expect(runs([0xED, 0xA0, 0x80]) == ["0-3b"])
  #expect(runs([0xE0, 0x80, 0x80, 0xF4, 0x90, 0x80, 0x80]) == ["0-7b"])
  #expect(runs([0x61, 0xE2, 0x96]) == ["0-1t", "1-3b"])
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
