import Foundation
import Metrics
import Support

extension Claim {
  /// That each of some tokenizers has fewer tokens than the one before.
  static func evermore(_ statement: String, _ samples: [TokenSample?]) -> Claim {
    let held = samples.compactMap(\.self).compactMap { one in
      one.ratio.map { "\(one.tokenizer) " + String(format: "%.3f", $0) }
    }
    return .all(
      statement, zip(samples.dropFirst(), samples).map { fewerTokens(statement, $0, than: $1) },
      seen: list(held) + " bytes/token")
  }

  /// That one tokenizer has fewer tokens than another for the same examples: paired, by the bootstrap over them.
  static func fewerTokens(_ statement: String, _ a: TokenSample?, than b: TokenSample?) -> Claim {
    var resampling = Resampling()
    guard let a, let b, a.bytes == b.bytes, let x = a.rate.flatMap({ resampling.estimate($0) }),
      let y = b.rate.flatMap({ resampling.estimate($0) }), let ratioA = a.ratio, let ratioB = b.ratio
    else { return Claim(statement, .cannotTell, "nothing was measured") }
    let saved = BootstrapEstimate.combined(x, y) { ($1 - $0) / $1 }
    return .above(statement, value: saved.value, interval: saved.interval(), in: .percent) {
      String(format: "%@ %.3f, %@ %.3f bytes/token, ", a.tokenizer, ratioA, b.tokenizer, ratioB) + "\($0) fewer tokens"
    }
  }
}
