/// The largest measured compute predicted from the smaller ones: what a ladder's extrapolation is worth.
public struct PredictionCheck: Sendable, Hashable {
  /// The curve, by its place among the ladders.
  public let curve: Int
  public let compute: Double
  public let measured: Double
  public let predicted: Double
  /// The 95% interval in which the measurement was expected.
  public let band: Interval

  /// (predicted - measured) / measured.
  public var relativeError: Double { (predicted - measured) / measured }
  public var isWithinBand: Bool { band.contains(measured) }

  /// One check for every curve that was measured at the largest compute of all and is long enough below it
  /// (``SharedFloorFit/isLongEnough(_:)``). A shorter one is left out, of the fit below the largest too.
  /// - Returns: none where the smaller computes alone give no bands (``SharedFloorBootstrap``).
  public static func checks(
    _ ladders: [[ComputePoint]], resamples: Int = 400, using generator: inout some RandomNumberGenerator
  ) -> [PredictionCheck] {
    guard let largest = ladders.joined().map(\.compute).max() else { return [] }
    let smaller = ladders.map { $0.filter { $0.compute < largest } }
    let curves = ladders.indices.filter { SharedFloorFit.isLongEnough(smaller[$0]) }
    guard let bootstrap = SharedFloorBootstrap(curves.map { smaller[$0] }, count: resamples, using: &generator)
    else { return [] }
    return curves.enumerated().flatMap { place, curve in
      ladders[curve].filter { $0.compute == largest }.map { point in
        PredictionCheck(
          curve: curve, compute: largest, measured: point.loss,
          predicted: bootstrap.fit.predict(place, compute: largest),
          band: bootstrap.predictionBand(place, compute: largest, deviation: point.deviation, using: &generator))
      }
    }
  }
}
