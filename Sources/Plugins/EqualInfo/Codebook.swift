import CZlib
import Foundation
import Synchronization
import Tokenizers

/// All windows of b ≤ 20 bits under `end=reserve,reset=1`, compiled: a byte trie for encoding and a table of texts for
/// decoding. The same codes as running M1 window by window.
///
/// Node 0 is the empty prefix; every other node owns one code. Children of a node are consecutive, in byte order.
struct Codebook: Sendable {
  let bits: Int
  /// Of each node, its code; node 0's is unused.
  let codes: [UInt32]
  /// Of each node, its place in `branches`, or -1 for a leaf.
  let branchOf: [Int32]
  let branches: [Branch]
  /// Text of code c: textBytes[textStart[c] ..< textStart[c + 1]].
  let textStart: [UInt32]
  let textBytes: [UInt8]

  /// Which children exist, and where they are.
  struct Branch: Sendable {
    var present: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    /// Children before each quarter of the byte range.
    var before: (UInt16, UInt16, UInt16, UInt16) = (0, 0, 0, 0)
    var firstChild: UInt32 = 0

    @inline(__always) func child(_ byte: UInt8) -> Int {
      let word: UInt64, rank: UInt16
      switch byte >> 6 {
      case 0: (word, rank) = (present.0, before.0)
      case 1: (word, rank) = (present.1, before.1)
      case 2: (word, rank) = (present.2, before.2)
      default: (word, rank) = (present.3, before.3)
      }
      let bit = UInt64(1) << UInt64(byte & 63)
      guard word & bit != 0 else { return -1 }
      return Int(firstChild) + Int(rank) + (word & (bit - 1)).nonzeroBitCount
    }
  }

  /// Compiles a level at a time, M1 evaluated on all its prefixes together.
  init(bits: Int, model: any ByteModel, threads: Int) throws {
    precondition((8...20).contains(bits), "codebooks are for 8 to 20 bits")
    let precision = min(14, bits)
    var codes: [UInt32] = [0]
    var branchOf: [Int32] = [-1]
    var branches: [Branch] = []
    var texts = [[UInt8]](repeating: [], count: 1 << bits)
    var level: [(node: Int, prefix: [UInt8], range: ReserveRange)] = [
      (0, [], ReserveRange(bits: bits, precision: precision))
    ]
    while !level.isEmpty {
      let current = level
      let children = Mutex([[(byte: UInt8, range: ReserveRange)]](repeating: [], count: current.count))
      model.distributions(after: current.map(\.prefix), precision: precision, threads: threads) { index, frequencies in
        let found = current[index].range.children(FrequencyTable(frequencies: frequencies, precision: precision))
        children.withLock { $0[index] = found }
      }
      level = []
      for (parent, found) in zip(current, children.withLock { $0 }) {
        var present: [UInt64] = [0, 0, 0, 0]
        let firstChild = codes.count
        for (byte, range) in found {
          present[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
          let prefix = parent.prefix + [byte]
          let code = Int(range.base)
          if range.hasChildren { level.append((codes.count, prefix, range)) }
          codes.append(UInt32(code))
          branchOf.append(-1)
          texts[code] = prefix
        }
        branchOf[parent.node] = Int32(branches.count)
        branches.append(Self.branch(present, firstChild: firstChild))
      }
    }
    guard codes.count == 1 << bits + 1, texts.allSatisfy({ !$0.isEmpty }) else {
      throw TokenizerError.training(
        "EqualInfoAC", reason: "the codebook has \(codes.count - 1) codes, not \(1 << bits)")
    }
    self.bits = bits
    self.codes = codes
    self.branchOf = branchOf
    self.branches = branches
    var start: [UInt32] = [0]
    var bytes: [UInt8] = []
    for text in texts {
      bytes += text
      start.append(UInt32(bytes.count))
    }
    textStart = start
    textBytes = bytes
  }

  private static func branch(_ present: [UInt64], firstChild: Int) -> Branch {
    let n = present.map { UInt16($0.nonzeroBitCount) }
    return Branch(
      present: (present[0], present[1], present[2], present[3]),
      before: (0, n[0], n[0] + n[1], n[0] + n[1] + n[2]), firstChild: UInt32(firstChild))
  }

  /// The codes of a text's windows.
  func encode(_ bytes: [UInt8]) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(bytes.count / 3 + 1)
    bytes.withUnsafeBufferPointer { bytes in
      codes.withUnsafeBufferPointer { codes in
        branchOf.withUnsafeBufferPointer { branchOf in
          branches.withUnsafeBufferPointer { branches in
            var position = 0
            while position < bytes.count {
              var node = 0
              while position < bytes.count {
                let branch = branchOf[node]
                if branch < 0 { break }
                let child = branches[Int(branch)].child(bytes[position])
                if child < 0 { break }
                node = child
                position += 1
              }
              result.append(codes[node])
            }
          }
        }
      }
    }
    return result
  }

  func text(of code: Int) -> ArraySlice<UInt8> { textBytes[Int(textStart[code])..<Int(textStart[code + 1])] }

  /// The texts of the codes, at most `maximumBytes`.
  func decode(_ codes: [UInt32], maximumBytes: Int) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(min(maximumBytes, codes.count * 8))
    for code in codes {
      text += self.text(of: Int(code))
      if text.count >= maximumBytes { return Array(text.prefix(maximumBytes)) }
    }
    return text
  }

  // MARK: File: magic, version, bits, M1's fingerprint, texts by code; CRC-32 of all before it.

  static let fileName = "codebook.bin"
  private static let magic = Array("EQINFOCB".utf8)
  private static let version: UInt32 = 1

  func write(to path: String, fingerprint: String) throws {
    var data = Data(Self.magic)
    func append(_ value: UInt32) { withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) } }
    append(Self.version)
    append(UInt32(bits))
    append(UInt32(fingerprint.utf8.count))
    data.append(contentsOf: fingerprint.utf8)
    for start in textStart { append(start) }
    data.append(contentsOf: textBytes)
    append(data.withUnsafeBytes { UInt32(crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count)) })
    try data.write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Rebuilds the trie from the texts.
  init(path: String, bits: Int, fingerprint: String) throws {
    func refuse(_ reason: String) -> TokenizerError { .damagedFile(path, reason: reason) }
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe) else {
      throw refuse("cannot be read")
    }
    let file = [UInt8](data)
    func number(_ offset: Int) -> Int { (0..<4).reduce(0) { $0 | Int(file[offset + $1]) << (8 * $1) } }
    let count = 1 << bits
    let header = 20 + fingerprint.utf8.count
    guard file.count >= header + 4 * (count + 1) + 4, Array(file[..<8]) == Self.magic else {
      throw refuse("not a codebook of \(bits) bits, or truncated")
    }
    guard number(8) == Int(Self.version) else {
      throw refuse("format \(number(8)); this program reads format \(Self.version)")
    }
    let crc = file.withUnsafeBufferPointer { UInt32(crc32_z(0, $0.baseAddress, $0.count - 4)) }
    guard Int(crc) == number(file.count - 4) else { throw refuse("damaged: its CRC-32 does not match") }
    guard number(12) == bits, number(16) == fingerprint.utf8.count,
      Array(file[20..<header]) == Array(fingerprint.utf8)
    else { throw refuse("compiled from another M1, or for another number of bits") }
    let start = (0...count).map { number(header + 4 * $0) }
    let texts = header + 4 * (count + 1)
    guard start[0] == 0, zip(start, start.dropFirst()).allSatisfy({ $0 < $1 }), start[count] == file.count - 4 - texts
    else { throw refuse("its table of texts is inconsistent") }
    self.bits = bits
    textStart = start.map(UInt32.init)
    textBytes = Array(file[texts..<file.count - 4])
    // In code order the texts are sorted with every prefix before its extensions: a depth-first walk of the trie.
    var childrenOf: [[(UInt8, Int)]] = [[]]  // by temporary node: code + 1
    childrenOf.reserveCapacity(count + 1)
    var path: [(node: Int, depth: Int)] = [(0, 0)]
    for code in 0..<count {
      let text = textBytes[start[code]..<start[code + 1]]
      while let top = path.last, top.depth >= text.count { path.removeLast() }
      guard let parent = path.last, parent.depth == text.count - 1, let last = text.last else {
        throw refuse("its texts do not make a trie")
      }
      childrenOf[parent.node].append((last, code + 1))
      childrenOf.append([])
      path.append((code + 1, text.count))
    }
    var codes: [UInt32] = [0]
    var branchOf: [Int32] = [-1]
    var branches: [Branch] = []
    var queue = [0]
    var head = 0
    while head < queue.count {
      let children = childrenOf[queue[head]]
      if !children.isEmpty {
        var present: [UInt64] = [0, 0, 0, 0]
        branchOf[head] = Int32(branches.count)
        branches.append(Branch())
        let firstChild = codes.count
        for (byte, node) in children {
          present[Int(byte >> 6)] |= 1 << UInt64(byte & 63)
          codes.append(UInt32(node - 1))
          branchOf.append(-1)
          queue.append(node)
        }
        branches[branches.count - 1] = Self.branch(present, firstChild: firstChild)
      }
      head += 1
    }
    self.codes = codes
    self.branchOf = branchOf
    self.branches = branches
  }
}
