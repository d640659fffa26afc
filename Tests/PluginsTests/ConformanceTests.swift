import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// Every family, and every parameter at a value that is not its default.
private let names = [
  "Bytes", "SentencePiece[v=400]", "SentencePiece[v=400,model=bpe]", "GZip[v=256]", "GZip[v=65k]", "GZip[v=2]",
  "GZip[v=8k,header=off]", "AC[v=256]", "AC[v=65k]", "AC[v=2]", "StaticAC[v=256]", "StaticAC[v=65k]", "StaticAC[v=32]",
  "EqualInfoAC[b=8,v=256]", "EqualInfoAC[b=8,v=65k]", "EqualInfoAC[b=12,v=4k]", "EqualInfoAC[b=16,v=256]",
  "EqualInfoAC[b=16,v=65k]", "EqualInfoAC[b=16,v=2]", "EqualInfoAC[b=11,v=128]", "EqualInfoAC[b=24,v=256]",
  "EqualInfoAC[b=32,v=65k]", "EqualInfoAC[b=63,v=8]", "EqualInfoAC[b=64,v=65k]", "EqualInfoAC[b=128,v=65k]",
  "EqualInfoAC[b=16,v=256,end=greedy]", "EqualInfoAC[b=8,v=65k,end=greedy]", "EqualInfoAC[b=16,v=256,end=delay]",
  "EqualInfoAC[b=128,v=256,end=delay]", "EqualInfoAC[b=15,v=256,end=delay]", "EqualInfoAC[b=16,v=256,reset=2]",
  "EqualInfoAC[b=16,v=65k,reset=never]", "EqualInfoAC[b=100,v=16,reset=3]", "EqualInfoAC[b=8,v=65k,reset=3]",
  "EqualInfoAC[b=12,v=4k,cut=pretoken]", "EqualInfoAC[b=16,v=65k,cut=pretoken,split=cl100k]",
  "EqualInfoAC[b=24,v=256,cut=pretoken,split=space]", "EqualInfoAC[b=8,v=65k,cut=pretoken,split=o200k,reset=3]",
  "EqualInfoAC[b=12,v=4k,cut=entropy]", "EqualInfoAC[b=24,v=256,cut=entropy,peak=0,reset=2]",
  "EqualInfoAC[b=11,v=128,cut=entropy,peak=7]", "M1Dictionary[v=256]", "M1Dictionary[v=4k]",
  "M1Dictionary[v=1k,segmenter=path]", "M1Dictionary[v=512,segmenter=unigram]", "M1Dictionary[v=512,texts=used]",
  "M1Dictionary[v=1k,cut=pretoken]", "M1Dictionary[v=512,cut=pretoken,split=space,segmenter=path,texts=used]",
  "M1Dictionary[v=512,cut=pretoken,split=cl100k,segmenter=unigram,texts=used]",
  "M1Dictionary[v=512,cut=pretoken,split=o200k,texts=used]", "M1Dictionary[v=512,cut=entropy]",
  "M1Dictionary[v=256,cut=entropy,peak=7,segmenter=unigram]",
  "M1Dictionary[v=512,cut=entropy,peak=0,segmenter=path,texts=used]", "LZW[v=512]", "LZW[v=4k]", "LZW[v=65k]",
  "LZWDictionary[v=256]",
  "LZWDictionary[v=1k]", "Huffman[v=2]", "Huffman[v=256]", "Huffman[v=8k]", "Rank[v=256]", "Rank[v=1k]", "Rank[v=65k]",
  "BPE[v=400,base=\"GZip[v=256]\"]", "BPE[v=300,base=\"GZip[v=2]\"]", "BPE[v=300,base=\"StaticAC[v=256]\"]",
  "BPE[v=256,base=\"StaticAC[v=2]\"]", "BPE[v=256]", "BPE[v=900]", "BPE[v=900,split=none]",
  "BPE[v=600,split=none,segmenter=path]", "BPE[v=600,split=space]",
  "BPE[v=600,split=cl100k,segmenter=greedy]", "BPE[v=600,split=o200k,segmenter=path]", "SuperBPE[v=900]",
  "SuperBPE[v=600,t=300,split=space]", "SuperBPE[v=600,t=600,split=cl100k]", "SuperBPE[v=600,t=400,split=o200k]",
  "PickyBPE[v=600]", "PickyBPE[v=500,threshold=0.6,split=none]", "PickyBPE[v=600,threshold=0.7,split=space]",
  "PickyBPE[v=600,threshold=0.8,split=cl100k]", "PickyBPE[v=600,threshold=1,split=o200k]", "ByteSpan[v=500]",
  "ByteSpan[v=400,constraint=global,bits=9,split=none]", "ByteSpan[v=400,constraint=combined,bits=6,split=space]",
  "ByteSpan[v=400,split=cl100k]", "ByteSpan[v=400,split=o200k]",
]

/// And the families that read a file.
private let allNames =
  names + importedNames.values.sorted()
  + TiktokenSplit.names.compactMap { importedNames["ranks"]?.replacing("split=qwen", with: "split=\($0)") }

/// A model file for `SentencePiece[path=…]`, under a name that needs quoting.
private let modelFile: String? = {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("model-\(getpid())").path
  do {
    try makeFolder(folder)
    try trained("SentencePiece[v=400]").save(to: folder)
    let path = folder + "/a, \"b\"] \\c.model"
    try Data(contentsOf: URL(fileURLWithPath: folder + "/spiece.model")).write(to: URL(fileURLWithPath: path))
    return path
  } catch { return nil }
}()

private func problems(_ name: String) throws -> [String] {
  let spec = try registry.resolve(name)
  let backend = try registry.backend(named: spec.name)
  // Decoding runs M1 a byte at a time.
  let runsM1 = backend.descriptor.needsByteModel
  return conformanceProblems(
    of: backend, spec: spec, training: sampleContext, loading: loadingContext, longRun: runsM1 ? 5000 : 1 << 20)
}

@Test(arguments: allNames)
func everyBackendConforms(name: String) throws { #expect(try problems(name) == []) }

@Test func aModelFromAFileConforms() throws {
  let path = try #require(modelFile)
  let written = path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  #expect(try problems("SentencePiece[path=\"\(written)\"]") == [])
}

/// A backend or a parameter that is registered and not tested fails.
@Test func everyBackendAndParameterIsTested() throws {
  let tested = try allNames.map { try TokenizerSpec($0) }
  for backend in builtInBackends {
    let specs = tested.filter { $0.name == backend.descriptor.name }
    #expect(!specs.isEmpty, "\(backend.descriptor.name) is registered, but not in the list above")
    for parameter in backend.descriptor.parameters where parameter.kind != .file {
      let values = Set(specs.compactMap { $0.parameters[parameter.key] }).subtracting([parameter.defaultValue ?? ""])
      #expect(!values.isEmpty, "\(backend.descriptor.name)[\(parameter.key)=] is tested at its default only")
      if case .choice(let words) = parameter.kind {
        #expect(
          values.union([parameter.defaultValue ?? ""]).isSuperset(of: words), "not every \(parameter.key)= is tested")
      }
    }
  }
}

/// The kit finds what is broken: a tokenizer for each thing that it looks for.
@Test(arguments: BrokenTokenizer.Fault.allCases)
func theKitFindsFaults(fault: BrokenTokenizer.Fault) throws {
  let backend = BrokenBackend(fault: fault)
  let spec = try Registry([backend]).resolve("Broken")
  let problems = conformanceProblems(
    of: backend, spec: spec, training: sampleContext, loading: loadingContext, longRun: 1000)
  #expect(fault == .none ? problems == [] : problems.contains { $0.contains(fault.rawValue) }, "\(problems)")
}

/// Bytes as tokens, with one thing wrong.
struct BrokenTokenizer: Tokenizer {
  /// By a word of what the kit says.
  enum Fault: String, CaseIterable {
    case none = "-"
    case nulIsLost = "does not come back"
    case foreignToken = "of a vocabulary of 256"
    case companyMatters = "among others"
    case threadsMatter = "depend on the threads"
    case acceptsForeign = "decoding token"
    case acceptsCounts = "decoding to"
    case generatesTooMuch = "gives more than"
    case foretellsLosslessness = "differ in isLossless"
    case foretellsVocabulary = "a vocabulary of"
    case changesWhenLoaded = "loaded, it makes other tokens"
    case losesFiles = "its files are others"
    case coversTooMuch = "what its tokens stand for"
  }
  let spec: ResolvedSpec
  let fault: Fault
  var isLoaded = false
  let vocabularySize = 256
  var isLossless: Bool { fault != .foretellsLosslessness }

  func encode(_ bytes: [UInt8]) -> [Token] {
    if fault == .foreignToken, bytes.count == 1 { return [256] }
    return bytes.map { Token($0) ^ (isLoaded && fault == .changesWhenLoaded ? 1 : 0) }
  }
  func encode(examples: [[UInt8]], threads: Int) -> [[Token]] {
    if fault == .threadsMatter, threads == 1 { return examples.reversed().map(encode) }
    return examples.map { fault == .companyMatters ? encode($0).reversed() : encode($0) }
  }
  func decode(_ tokens: [Token], byteCount: Int) throws -> [UInt8] {
    switch fault {
    case .acceptsForeign: break
    case .acceptsCounts: try checkRange(tokens)
    default: try check(tokens, byteCount: byteCount)
    }
    if fault != .acceptsForeign, fault != .acceptsCounts, tokens.count != byteCount {
      throw TokenizerError.corruptTokens(tokenizer: "Broken", reason: "another number")
    }
    return tokens.map { fault == .nulIsLost && $0 == 0 ? 32 : UInt8(truncatingIfNeeded: $0) }
  }
  func decodeGenerated(_ tokens: [Token], maximumBytes: Int) -> [UInt8] {
    (fault == .generatesTooMuch ? tokens[...] : tokens.prefix(max(0, maximumBytes))).map {
      UInt8(truncatingIfNeeded: $0)
    }
  }
  func byteCounts(of tokens: [Token], in example: [UInt8]) -> [Int]? {
    tokens.map { _ in fault == .coversTooMuch ? 2 : 1 }
  }
  func save(to folder: String) throws {
    if fault == .losesFiles, !isLoaded { try writeAtomically([UInt8](), to: folder + "/file") }
  }
}

struct BrokenBackend: TokenizerBackend {
  let fault: BrokenTokenizer.Fault
  let descriptor = TokenizerDescriptor(name: "Broken", summary: "", source: "")
  func vocabularySize(of spec: ResolvedSpec) -> Int? { fault == .foretellsVocabulary ? 255 : 256 }
  func train(_ spec: ResolvedSpec, context: TrainingContext) -> any Tokenizer {
    BrokenTokenizer(spec: spec, fault: fault)
  }
  func load(_ spec: ResolvedSpec, from folder: String, context: LoadingContext) -> any Tokenizer {
    BrokenTokenizer(spec: spec, fault: fault, isLoaded: true)
  }
}

@Test func everyNameOfThePaperResolves() throws {
  struct Paper: Decodable { let compressionRatio: [String: Double] }
  let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../baselines/paper.json"
  let data = try Data(contentsOf: URL(fileURLWithPath: path))
  let paper = try JSONDecoder().decode(Paper.self, from: data)
  #expect(paper.compressionRatio.count > 20)
  // Every string of the file that looks like a name, too: the tables hold more.
  let quoted = String(decoding: data, as: UTF8.self).split(separator: "\"").map(String.init)
  let known = quoted.filter { text in
    registry.names.contains { text == $0 || text.hasPrefix($0 + "[") && text.hasSuffix("]") }
  }
  for name in Set(known).union(paper.compressionRatio.keys) {
    #expect(throws: Never.self, "\(name)") { try registry.resolve(name) }
  }
  for bits in 1...16 { #expect(throws: Never.self) { try registry.resolve("AC[v=\(1 << bits)]") } }
}

@Test func backendsForetellWhatTheyMake() throws {
  func backend(_ spec: ResolvedSpec) throws -> any TokenizerBackend { try registry.backend(named: spec.name) }
  func bits(_ name: String) throws -> Int? {
    let spec = try registry.resolve(name)
    return try backend(spec).windowBits(of: spec)
  }
  #expect(try bits("EqualInfoAC[b=12,v=4k]") == 12)
  #expect(try bits("EqualInfoAC[b=12,v=4k,reset=3]") == 36)
  #expect(try bits("EqualInfoAC[b=12,v=4k,reset=never]") == nil)
  #expect(try bits("M1Dictionary[v=4k]") == 12)
  #expect(try bits("AC[v=4k]") == nil)
  #expect(try registry.backend(named: "GZip").descriptor.origin == "Plugins/GZip.swift")
}
