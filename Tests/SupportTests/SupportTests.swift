import Foundation
import Support
import Testing

@Suite struct SupportTests {
  /// FIPS 180-4's examples, and one that comes in parts.
  @Test func sha256OfKnownTexts() {
    #expect(sha256(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(sha256([UInt8]()) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    var parts = SHA256Hash()
    parts.update(Array("a".utf8))
    parts.update(Array("bc".utf8))
    #expect(parts.finish() == sha256(Array("abc".utf8)))
  }

  @Test func renamingNeverReplaces() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("support-\(UUID().uuidString)").path
    try makeFolder(folder)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try writeAtomically(Data("a".utf8), to: folder + "/a")
    try writeAtomically(Data("b".utf8), to: folder + "/b")
    #expect(try renameIfAbsent(folder + "/a", to: folder + "/b") == false)
    #expect(try String(contentsOfFile: folder + "/b", encoding: .utf8) == "b")
    #expect(try renameIfAbsent(folder + "/a", to: folder + "/c"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["b", "c"])
  }

  @Test func jsonValuesKeepWhatTheyHold() throws {
    let text = #"{"a":[1,2.5,null,true,"x"],"b":{"c":-1e300}}"#
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(try JSONValue(encoding: value) == value)
    #expect(
      value
        == .object([
          "a": .array([.number(1), .number(2.5), .null, .bool(true), .string("x")]),
          "b": .object(["c": .number(-1e300)]),
        ]))
  }
}
