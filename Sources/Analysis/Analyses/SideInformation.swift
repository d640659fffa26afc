import Foundation
import Metrics

extension RecordAnalysis {
  /// What bits/byte leaves out: where an example ends is told beside the tokens.
  static let sideInformation = RecordAnalysis("side-information", title: "Side information") { input in
    guard let scores = input.groups.lazy.compactMap({ $0.representative.heldOut }).first,
      let longest = scores.exampleBytes.max(), longest > 0, scores.bytes > 0
    else { return [] }
    // A count in 0 … longest, sent plainly.
    let bitsEach = log2(Double(longest + 1))
    let perByte = bitsEach * Double(scores.exampleBytes.count) / Double(scores.bytes)
    var text =
      "Codes that do not end by themselves decode only with the example's byte count, and the others with their token "
      + "count; no bits/byte above are charged for either. Sent plainly, a count of 0 … \(longest) is "
      + String(format: "%.1f bits an example, %.4f bits/byte, the same for every row.", bitsEach, perByte)
    let ties = input.sizes.flatMap { size in
      input.groups.filter { $0.size == size }.compactMap { input.differenceFromBest($0)?.bitsPerByte }
    }
    if let nearest = ties.map(abs).min() {
      text += String(format: " The smallest difference from a best row is %.4f bits/byte.", nearest)
    }
    return [.findings([Finding(text)])]
  }
}
