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

  /// One check for every curve that was measured at the largest compute of all.
  /// - Returns: nil where the smaller computes alone cannot tell the parameters (``SharedFloorFit/isIdentified(_:)``).
  public static func checks(
    _ ladders: [[ComputePoint]], resamples: Int = 400, using generator: inout some RandomNumberGenerator
  ) -> [PredictionCheck]? {
    guard let largest = ladders.joined().map(\.compute).max(),
      let bootstrap = SharedFloorBootstrap(
        ladders.map { $0.filter { $0.compute < largest } }, count: resamples, using: &generator)
    else { return nil }
    return ladders.enumerated().flatMap { curve, points in
      points.filter { $0.compute == largest }.map { point in
        PredictionCheck(
          curve: curve, compute: largest, measured: point.loss,
          predicted: bootstrap.fit.predict(curve, compute: largest),
          band: bootstrap.predictionBand(curve, compute: largest, deviation: point.deviation, using: &generator))
      }
    }
  }
}
