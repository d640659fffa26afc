/// T5's relative attention bias: 32 buckets of distance, exact below 16, logarithmic up to 128.
/// - Source: Raffel et al. 2020, section 2.1; the bidirectional=false branch of its reference code.
package enum RelativeBias {
  package static let buckets = 32

  /// Of each bucket from 16 on, the least distance: ⌈16·8^(i/16)⌉.
  private static let firstDistances = [16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113]
  /// Of each distance from 0 to 127; farther ones are in the last bucket.
  package static let bucketOfDistance: [Int] = (0..<128).map { distance in
    distance < 16 ? distance : 15 + firstDistances.count { $0 <= distance }
  }

  /// - Parameter distance: positions back, at least 0.
  package static func bucket(distance: Int) -> Int { bucketOfDistance[min(distance, 127)] }

  /// Bias by distance, largest first: out[length-1-t] is the bias at distance t.
  /// - Parameters:
  ///   - table: `[32]`, of one head.  - out: `[length]`.
  static func expand(_ table: UnsafePointer<Float>, length: Int, into out: UnsafeMutablePointer<Float>) {
    for t in 0..<length { out[length - 1 - t] = table[bucket(distance: t)] }
  }
}
