import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../.."
private let examples = root + "/Examples/plugins"
/// Where `make test` installs the library of Examples/plugins/library.py.
private let libraryPython = root + "/.build/test-python/bin/python3"

/// Whether the Python of `make test-python` has them.
private func canImport(_ libraries: String, _ python: String) -> Bool {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: python)
  process.arguments = ["-c", "import \(libraries)"]
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return false }
  process.waitUntilExit()
  return process.terminationStatus == 0
}

private func problems(_ command: PluginCommand, _ name: String = "mine") throws -> [String] {
  let backend = try ExternalBackend(command)
  return try PluginCheck(
    backend, spec: externalSpec(backend, name), examples: Array(sampleContext.examples()), threads: 2, report: { _ in }
  ).problems
}

@Test(arguments: ["mine", "mine[v=300]"]) func theExampleInPythonAloneConforms(name: String) throws {
  #expect(try problems(PluginCommand(name: "mine", words: [python, examples + "/words.py"]), name) == [])
}

@Test(
  .enabled(
    if: canImport("tokenizers", libraryPython),
    "the library tokenizers could not be installed in .build/test-python"),
  arguments: ["mine", "mine[v=300]"])
func theExampleOverALibraryConforms(name: String) throws {
  #expect(try problems(PluginCommand(name: "mine", words: [libraryPython, examples + "/library.py"]), name) == [])
}

/// It conforms, and 20 MB/s of text go through it.
@Test func theExampleInCConforms() throws {
  let folder = try PluginFolder()
  let compiler = Process()
  compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  compiler.arguments = ["cc", "-O2", "-Wall", "-Werror", "-o", folder.path + "/identity", examples + "/identity.c"]
  try compiler.run()
  compiler.waitUntilExit()
  try #require(compiler.terminationStatus == 0)
  let backend = try ExternalBackend(PluginCommand(name: "mine", words: [folder.path + "/identity"]))
  let text = (0..<800).map { _ in Array(sampleText.prefix(10_240)) }
  let check = try PluginCheck(
    backend, spec: externalSpec(backend), examples: text, threads: 2, report: { _ in })
  #expect(check.problems == [])
  #expect(check.encodeMegabytesPerSecond > 20 && check.decodeMegabytesPerSecond > 20)
}

@Test(arguments: ["words.py", "library.py", "identity.c"]) func pluginsUnderFortyLinesAreEnough(name: String) throws {
  let file = try String(contentsOfFile: examples + "/" + name, encoding: .utf8)
  #expect(file.hasSuffix("\n") && file.count { $0 == "\n" } < 40)
}

/// A library that changes text: what it changes goes through single bytes, what it keeps through its tokens.
@Test func textOnlyPluginsBecomeLossless() throws {
  let folder = try PluginFolder(), command = try folder.command(smallLetters)
  #expect(try problems(command) == [])
  let tokenizer = try trained(command)
  #expect(tokenizer.vocabularySize == 256 + 0x110000 && tokenizer.isLossless)
  func moved(_ text: String) -> [Token] { text.unicodeScalars.map { $0.value + 256 } }
  #expect(try tokenizer.encode(Array("añ🙂".utf8)) == moved("añ🙂"))
  #expect(
    try tokenizer.encode(Array("año".utf8) + [0xFF, 0xC3] + Array("ok".utf8)) == moved("año") + [255, 0xC3]
      + moved("ok"))
  #expect(try tokenizer.encode(Array("Capital".utf8)) == Array("Capital".utf8).map(Token.init))
  // The second half of ñ begins the example.
  #expect(try tokenizer.encode([0xB1, 0x6F]) == [0xB1] + moved("o"))
  #expect(try tokenizer.byteCounts(of: moved("añ") + [255, 255], in: Array("añ".utf8) + [255, 255]) == [1, 2, 1, 1])
  let text = Array("ab".utf8) + [0xFF, 0xFF]
  let tokens = try tokenizer.encode(text)
  #expect(try tokenizer.facts(about: [text], tokens: [tokens], threads: 1) == ["byteShare": 0.5])
}

@Test func theTrainingTextIsWhatThePluginAsksFor() throws {
  let folder = try PluginFolder()
  let program = faultyPlugin.replacing(
    "if kind == \"load\"",
    with:
      "if kind == \"train\": import shutil; shutil.copytree(os.path.dirname(request[\"corpus\"]), \"\(folder.path)/seen\")\n    if kind == \"load\""
  )
  func seen(_ hello: String) throws -> (corpus: [UInt8], lengths: [UInt8]) {
    try? FileManager.default.removeItem(atPath: folder.path + "/seen")
    let command = try folder.command(
      program.replacing("\"version\": \"1\"", with: "\"version\": \"1\"\(hello)"), ["-", "-"])
    let texts: [[UInt8]] = [[0x61, 0xFF, 0x62], [], Array("ñc".utf8)]
    let context = TrainingContext(
      examples: { AnySequence(texts) }, byteModel: sampleContext.byteModel, seed: 1, threads: 1)
    _ = try trained(command, context: context)
    return (try readFile(folder.path + "/seen/corpus"), try readFile(folder.path + "/seen/lengths"))
  }
  var found = try seen("")
  #expect(found.corpus == [0x61, 0xFF, 0x62] + Array("ñc".utf8))
  #expect(found.lengths == [3, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0])
  found = try seen(", \"takes\": \"text\"")
  #expect(found.corpus == Array("abñc".utf8) && found.lengths == [1, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0])
  found = try seen(", \"trainingBytes\": 2")
  #expect(found.corpus == [0x61, 0xFF, 0x62] && found.lengths == [3, 0, 0, 0])
  found = try seen(", \"trainingBytes\": 0")
  #expect(found.corpus == [] && found.lengths == [])
}

/// The identity of a plug-in's tokenizers: its command, its files, its version. What runs is what was asked first.
@Test func anEditedPluginIsAnotherTokenizer() throws {
  let folder = try PluginFolder(), arguments = ["-", "-"]
  let command = try folder.command(faultyPlugin, arguments)
  let backend = try ExternalBackend(command), spec = try externalSpec(backend)
  #expect(backend.descriptor.libraries["plugin version"] == "1")
  #expect(backend.descriptor.libraries["plugin file \(folder.path)/plugin.py"] == sha256(Array(faultyPlugin.utf8)))
  #expect(try ExternalBackend(command).descriptor.libraries == backend.descriptor.libraries)
  let tokenizer = try backend.train(spec, context: sampleContext)
  try makeFolder(folder.path + "/saved")
  try tokenizer.save(to: folder.path + "/saved")

  // Another file, found as a word's value, and named beside the words.
  try writeAtomically([1], to: folder.path + "/table")
  var more = command
  more.words.append("--table=\(folder.path)/table")
  more.files = [folder.path + "/saved/plugin.json"]
  let identity = try ExternalBackend(more).descriptor.libraries
  #expect(identity["plugin file \(folder.path)/table"] != nil && identity.count == 7)
  more.files = [folder.path + "/none"]
  #expect { try ExternalBackend(more) } throws: { "\($0)".contains("none: cannot be read") }

  _ = try folder.command(faultyPlugin + "\n", arguments)
  #expect { try backend.train(spec, context: sampleContext) } throws: {
    "\($0)".contains("plugin.py has changed since it was first started")
  }
  let edited = try ExternalBackend(command)
  #expect(edited.descriptor.libraries != backend.descriptor.libraries)
  #expect { try edited.load(externalSpec(edited), from: folder.path + "/saved", context: loadingContext) } throws: {
    "\($0)".contains("was trained by another plug-in")
  }
  // The same file again, another version.
  _ = try folder.command(faultyPlugin, arguments)
  #expect(throws: Never.self) { try backend.load(spec, from: folder.path + "/saved", context: loadingContext) }
}

/// What a plug-in says of itself: parameters of every kind, and mistakes in them.
@Test func parametersComeFromThePlugin() throws {
  let folder = try PluginFolder()
  func backend(_ hello: String) throws -> ExternalBackend {
    try ExternalBackend(
      folder.command(
        faultyPlugin.replacing("\"version\": \"1\"", with: "\"version\": \"1\", \(hello)"),
        ["-", "-"]))
  }
  let good = try backend(
    """
    "vocabulary": "v", "parameters": [
      {"key": "v", "kind": "integer", "from": 256, "to": 9000, "default": 4000, "summary": "ids"},
      {"key": "w", "kind": "powerOfTwo", "from": 2, "to": 65536, "default": "65k"},
      {"key": "n", "kind": "count", "words": ["never"], "default": "never"},
      {"key": "how", "kind": "choice", "words": ["so", "other"], "default": "so"}, {"key": "table", "kind": "file"}]
    """)
  func spec(_ name: String) throws -> ResolvedSpec { try externalSpec(good, name) }
  #expect(try spec("mine").canonicalName == "mine[v=4k]")
  #expect(try good.vocabularySize(of: spec("mine[v=5k]")) == 5000)
  #expect(try spec("mine[w=256,n=3,how=other]").canonicalName == "mine[v=4k,w=256,n=3,how=other]")
  #expect { try spec("mine[how=sa]") } throws: { "\($0)".contains("did you mean 'so'?") }
  #expect(throws: TokenizerError.self) { try spec("mine[v=100]") }

  for (hello, problem) in [
    ("\"protocol\": 7", "it speaks version 7 of the protocol; this program speaks 1"),
    ("\"name\": \"a b\"", "must be letters, digits"), ("\"paramters\": []", "did it mean 'parameters'?"),
    ("\"parameters\": [{\"key\": \"v\", \"kind\": \"integer\"}]", "needs from and to"),
    (
      "\"parameters\": [{\"key\": \"v\", \"kind\": \"number\"}]",
      "'parameters[0].kind' has a value that it cannot have"
    ),
    ("\"parameters\": [{\"key\": \"a b\", \"kind\": \"file\"}]", "the parameter's key 'a b'"),
    ("\"parameters\": [{\"key\": \"c\", \"kind\": \"choice\", \"words\": [\"a\"], \"default\": \"b\"}]", "bad default"),
    (
      "\"parameters\": [{\"key\": \"w\", \"kind\": \"powerOfTwo\", \"from\": 5, \"to\": 7}]",
      "no power of two is from 5 to 7"
    ),
    ("\"parameters\": [{\"key\": \"c\", \"kind\": \"choice\", \"words\": [\"a\", \"\"]}]", "each once and none empty"),
    ("\"parameters\": [{\"key\": \"c\", \"kind\": \"choice\", \"words\": [\"a\", \"a\"]}]", "each once and none empty"),
    ("\"parameters\": [{\"key\": \"n\", \"kind\": \"count\", \"words\": [\"7\"]}]", "needs words with its one word"),
    ("\"name\": \"\\x1b[31m\"", "\\u{1B}[31m"),
    ("\"vocabulary\": \"v\"", "which it does not have"), ("\"version\": None", "'version'"),
  ] {
    #expect { try backend(hello) } throws: { "\($0)".contains(problem) }
  }
}
