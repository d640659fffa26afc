import HeapModule
import Tokenizers

/// A text and how probable it is that a freshly started model goes on with it.
struct ProbableText: Sendable {
  var bytes: [UInt8]
  /// An exact integer in units of 2^-62: a product of 14-bit frequencies, rounded down at each.
  var probability: UInt64
}

/// The `count` ≥ 256 texts most probable under a freshly started model, with all single bytes; among equally probable
/// ones the lower text. M1 is trained on examples that begin anywhere, so this is how probable it finds a text at a place
/// of which it knows nothing.
///
/// Under cuts, of those texts that no cut would fall into: for pre-tokens as ``ByteFollowers`` tells; for peaks of entropy
/// where the freshly started model's own entropies have none inside the text.
/// - Returns: in byte order.
/// - Throws: ``TokenizerError/invalidDistribution(reason:)``, ``TokenizerError/training(_:reason:)`` where fewer texts
///   have no cut inside, what PCRE2 throws.
func mostProbableTexts(
  _ count: Int, within cuts: Cuts = .none, model: any ByteModel, threads: Int
) throws -> [ProbableText] {
  precondition(count >= 256, "every single byte is a text")
  let precision = QuantisedDistribution.codingPrecision
  let peaks: EntropyPeaks? = if case .entropyPeaks(let peaks, _) = cuts.rule { peaks } else { nil }
  // Texts that turn out to have a cut inside take the place of others that wait.
  var search = PrefixSearch<Entropies>(capacity: max(256, count) * (peaks == nil ? 1 : 4))
  var bytes: [ProbableText] = []
  /// The best texts of two bytes and more so far, as many as are wanted at most.
  var best = Heap<PrefixSearch<Entropies>.Prefix>()
  let wanted = count - 256
  search.add([], weight: 1 << 62, Entropies())
  while true {
    // A text that waits bounds all that begin with it. None is wanted that is worse than enough others.
    let batch = search.next(1024) { text in
      text.bytes.isEmpty || best.count < wanted || best.min.map { $0 < text } ?? false
    }
    if batch.isEmpty { break }
    let found = try model.map(
      distributionsAfter: batch.map(\.bytes), precision: precision, threads: threads
    ) { index, distribution in
      var frequencies = Array(distribution.frequencies)
      if let possible = try cuts.followers?.after(batch[index].bytes[...]) {
        for byte in 0..<256 where !possible[byte] { frequencies[byte] = 0 }
      }
      return (frequencies, peaks == nil ? 0 : EntropyPeaks.entropy(distribution))
    }
    for (text, (frequencies, entropy)) in zip(batch, found) {
      let (length, before) = (text.bytes.count, text.payload)
      if let peaks, length > 1, peaks.isPeak(before.last, before: before.lastButOne, after: entropy) { continue }
      if length > 1 {
        best.insert(text)
        if best.count > wanted { best.removeMin() }
      }
      for byte in 0..<256 where frequencies[byte] > 0 {
        let product = text.weight.multipliedFullWidth(by: UInt64(frequencies[byte]) << UInt64(64 - precision))
        if length == 0 { bytes.append(ProbableText(bytes: [UInt8(byte)], probability: product.high)) }
        search.add(
          text.bytes + [UInt8(byte)], weight: product.high, Entropies(lastButOne: before.last, last: entropy))
      }
    }
  }
  guard best.count == wanted else {
    throw TokenizerError.training(
      "M1Dictionary", reason: "only \(256 + best.count) texts have no cut inside; choose a smaller v")
  }
  let texts = bytes + best.unordered.map { ProbableText(bytes: $0.bytes, probability: $0.weight) }
  return texts.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
}

/// The entropies before a text's last two bytes, in the units of ``EntropyPeaks``.
private struct Entropies: Sendable {
  var lastButOne: Int64 = 0
  var last: Int64 = 0
}

extension PrefixDictionary {
  /// The `count` ≥ 256 texts of ``mostProbableTexts(_:within:model:threads:)`` without cuts: with a text, all that it
  /// begins with, since that is as probable.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  init(mostProbable count: Int, model: any ByteModel, threads: Int) throws {
    let texts = try mostProbableTexts(count, model: model, threads: threads)
    self.init(sortedTexts: texts.map(\.bytes), fingerprint: model.fingerprint)
  }
}
