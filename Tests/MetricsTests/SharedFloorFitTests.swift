import Foundation
import Testing

@testable import Metrics

private let budgets = [2.5e11, 1e12, 4e12, 1.6e13, 6.4e13]
private typealias Truth = (floor: Double, curves: [(scale: Double, exponent: Double)])
private let truth: Truth = (0.9, [(60, 0.15), (250, 0.2), (20, 0.11)])

/// Losses about E + A·C^(-α), as in ladder_constants.py: a sum of twelve uniform numbers, less six, is near normal.
private func ladders(seed: UInt64, _ truth: Truth = truth, noise: Double, budgets: [Double] = budgets)
  -> [[ComputePoint]]
{
  var generator = SplitMix(seed)
  return truth.curves.map { curve in
    budgets.map { compute in
      let normal = (0..<12).reduce(0) { sum, _ in sum + generator.uniform() } - 6
      let loss = truth.floor + curve.scale * pow(compute, -curve.exponent)
      return ComputePoint(compute: compute, loss: loss * exp(noise * normal))
    }
  }
}

private func value(_ curve: Int, _ compute: Double) -> Double {
  truth.floor + truth.curves[curve].scale * pow(compute, -truth.curves[curve].exponent)
}

private struct Golden: Sendable {
  let seed: UInt64
  let noise, floor: Double
  let curves: [(scale: Double, exponent: Double)]
  let objective: Double
}
private let scipys = [
  Golden(
    seed: 2, noise: 0.004, floor: 0.8685856676815399,
    curves: [
      (55.214202129631836, 0.14568647159601142), (195.09605249397086, 0.1897690747902801),
      (17.977272491768225, 0.10504947172350788),
    ], objective: 2.2153415133807446e-05),
  Golden(
    seed: 3, noise: 0.004, floor: 0.8493115862133217,
    curves: [
      (49.78575848060032, 0.14127053234113396), (186.95464176608502, 0.18759143038785353),
      (17.585167121673646, 0.10333746762371439),
    ], objective: 2.07814928080986e-05),
  Golden(
    seed: 4, noise: 0.01, floor: 0.9136184134457218,
    curves: [
      (65.49814853121889, 0.1529754188500727), (238.37410418746168, 0.19938750943098438),
      (18.472411308392346, 0.10841973344275349),
    ], objective: 4.661409355374946e-05),
]

@Suite struct SharedFloorFitTests {
  @Test func recoversWhatMadeThePoints() throws {
    let fit = try #require(SharedFloorFit(ladders(seed: 1, noise: 0)))
    #expect(abs(fit.floor - 0.9) < 1e-6 && fit.objective < 1e-15)
    for (index, curve) in truth.curves.enumerated() {
      #expect(abs(fit.curves[index].exponent / curve.exponent - 1) < 1e-5)
      #expect(abs(fit.scale(index) / curve.scale - 1) < 1e-4)
      #expect(abs(fit.predict(index, compute: 6.4e15) / value(index, 6.4e15) - 1) < 1e-6)
    }
  }

  /// From losses with noise of 0.4% and 1% the floor comes back within 6%, exponents within 7%.
  @Test(arguments: scipys) fileprivate func recoversWhatTheNoiseHides(golden: Golden) throws {
    let fit = try #require(SharedFloorFit(ladders(seed: golden.seed, noise: golden.noise)))
    #expect(abs(fit.floor / truth.floor - 1) < 0.06)
    for (index, curve) in truth.curves.enumerated() {
      #expect(abs(fit.curves[index].exponent / curve.exponent - 1) < 0.07)
    }
  }

  /// scipy's least_squares and curve_fit with Huber's loss; see ladder_constants.py.
  @Test(arguments: scipys) fileprivate func agreesWithScipy(golden: Golden) throws {
    let fit = try #require(SharedFloorFit(ladders(seed: golden.seed, noise: golden.noise)))
    #expect(abs(fit.objective / golden.objective - 1) < 1e-6)
    #expect(abs(fit.floor / golden.floor - 1) < 1e-4)
    for (index, curve) in golden.curves.enumerated() {
      #expect(
        abs(fit.scale(index) / curve.scale - 1) < 1e-3 && abs(fit.curves[index].exponent / curve.exponent - 1) < 1e-4)
    }
  }

  /// Where no floor is to be seen it is 0, not below.
  @Test func theFloorIsNeverNegative() throws {
    let points = ladders(seed: 5, (0, [(5, 0.05), (9, 0.07)]), noise: 0.01)
    let fit = try #require(SharedFloorFit(points))
    #expect(fit.floor == 0 && abs(fit.objective / 7.141999162005209e-05 - 1) < 1e-6)
    // The minimum is flat: many curves between two points, which predict nearly the same: ladder_constants.py's APART.
    for (index, scipys) in [(5.071525416562961, 0.050505732250686546), (8.750570089435874, 0.06888268720752365)]
      .enumerated()
    {
      #expect(abs(fit.curves[index].exponent / scipys.1 - 1) < 0.02)
      for compute in budgets {
        let predicted = scipys.0 * pow(compute, -scipys.1)
        #expect(abs(fit.predict(index, compute: compute) / predicted - 1) < 5e-3)
      }
    }
  }

  /// One point far off changes little: that is what Huber's loss is for.
  @Test func anOutlierChangesLittle() throws {
    var points = ladders(seed: 1, noise: 0)
    points[1][2] = ComputePoint(compute: points[1][2].compute, loss: points[1][2].loss * 1.2)
    let fit = try #require(SharedFloorFit(points))
    #expect(abs(fit.floor - 0.9) < 0.01 && abs(fit.curves[1].exponent - 0.2) < 0.01)
  }

  /// A tokenizer that M2 does not learn stays where it is.
  @Test func aFlatCurveIsFitted() throws {
    var points = ladders(seed: 2, noise: 0.002)
    points.append(budgets.map { ComputePoint(compute: $0, loss: 3) })
    let fit = try #require(SharedFloorFit(points))
    #expect(abs(fit.curves[3].exponent) < 1e-6 && abs(fit.predict(3, compute: 1e15) - 3) < 1e-6)
  }

  @Test func tooFewPointsGiveNothing() {
    let all = ladders(seed: 1, noise: 0)
    #expect(SharedFloorFit([]) == nil)
    #expect(SharedFloorFit([Array(all[0].prefix(3))]) == nil)
    #expect(SharedFloorFit([Array(all[0].prefix(4))]) != nil)
    #expect(SharedFloorFit([all[0], Array(all[1].prefix(2))]) == nil)
    #expect(SharedFloorFit([all[0], [all[1][0], all[1][1], all[1][0]]]) == nil)
    #expect(SharedFloorFit([all[0], [ComputePoint(compute: 1e12, loss: .nan)] + all[1]]) == nil)
  }

  @Test func curvesMeetWhereTheyAreEqual() throws {
    let fit = try #require(SharedFloorFit(ladders(seed: 1, noise: 0)))
    let meeting = try #require(fit.crossing(0, 1))
    #expect(abs(meeting / pow(250.0 / 60, 1 / 0.05) - 1) < 1e-3)
    #expect(abs(fit.predict(0, compute: meeting) - fit.predict(1, compute: meeting)) < 1e-9)
    #expect(fit.predict(1, compute: meeting * 2) < fit.predict(0, compute: meeting * 2))
    #expect(fit.crossing(0, 0) == nil)
  }
}

@Suite struct SharedFloorBootstrapTests {
  /// Of 90% bands on synthetic ladders with noise, about that share holds the true curve, also extrapolated.
  @Test func bandsCover() throws {
    let trials = 50, computes = [1e12, 6.4e13, 6.4e14, 6.4e15]
    var covered = [Int](repeating: 0, count: computes.count), floors = 0
    var generator = SplitMix(21)
    for trial in 0..<trials {
      let points = ladders(seed: UInt64(trial + 100), noise: 0.005)
      let bootstrap = try #require(SharedFloorBootstrap(points, count: 40, using: &generator))
      for (place, compute) in computes.enumerated() {
        if bootstrap.band(1, compute: compute, level: 0.9).contains(value(1, compute)) { covered[place] += 1 }
      }
      if bootstrap.interval(level: 0.9, \.floor).contains(truth.floor) { floors += 1 }
    }
    // 0.9 within four binomial errors, and a little more for percentile intervals of few points.
    for (place, count) in covered.enumerated() {
      #expect((0.76...1).contains(Double(count) / Double(trials)), "\(computes[place]): \(count) of \(trials)")
    }
    #expect((0.76...1).contains(Double(floors) / Double(trials)), "floor: \(floors) of \(trials)")
  }

  @Test func oneGeneratorGivesOneAnswer() throws {
    func made() throws -> [SharedFloorFit] {
      var generator = SplitMix(3)
      return try #require(SharedFloorBootstrap(ladders(seed: 3, noise: 0.01), count: 20, using: &generator)).replicates
    }
    #expect(try made() == made())
  }

  /// What repetitions say of a point counts where it is more than the curves' lack of fit.
  @Test func repetitionsWidenTheBand() throws {
    func width(_ deviation: Double?) throws -> Double {
      let points = ladders(seed: 4, noise: 0.002).map { curve in
        curve.map { ComputePoint(compute: $0.compute, loss: $0.loss, deviation: deviation) }
      }
      var generator = SplitMix(3)
      let bootstrap = try #require(SharedFloorBootstrap(points, count: 60, using: &generator))
      let band = bootstrap.band(0, compute: 1e12)
      return band.upper - band.lower
    }
    #expect(try width(0.03) > 3 * width(nil))
    #expect(try width(1e-9) == width(nil))
  }

  @Test func crossingsOutOfRangeAreMissing() throws {
    var generator = SplitMix(6)
    let bootstrap = try #require(SharedFloorBootstrap(ladders(seed: 6, noise: 0.002), count: 60, using: &generator))
    let meeting = pow(250.0 / 60, 1 / 0.05)  // 2.5e12
    let found = bootstrap.crossing(0, 1, within: 2.5e11...6.4e15)
    #expect(found.interval?.contains(meeting) == true && found.missingShare == 0)
    #expect(found.interval?.contains(found.compute ?? 0) == true)
    let none = bootstrap.crossing(0, 1, within: 1e15...1e16)
    #expect(none.compute == nil && none.interval == nil && none.missingShare == 1)
  }

  /// Two curves that are one: their fits cross somewhere, but which is the lower beyond is a matter of chance.
  @Test func crossingsOfTheOtherDirectionAreMissing() throws {
    var generator = SplitMix(6)
    let points = ladders(seed: 6, (0.9, [(60, 0.15), (60, 0.15)]), noise: 0.01)
    let bootstrap = try #require(SharedFloorBootstrap(points, count: 60, using: &generator))
    let anywhere = Double.leastNonzeroMagnitude...Double.greatestFiniteMagnitude
    let found = bootstrap.crossing(0, 1, within: anywhere)
    #expect(found.compute != nil)
    let crossing = bootstrap.replicates.filter { $0.crossing(0, 1).map(anywhere.contains) == true }
    let first = bootstrap.fit.curves[0].exponent > bootstrap.fit.curves[1].exponent
    let same = crossing.count { ($0.curves[0].exponent > $0.curves[1].exponent) == first }
    #expect(same < crossing.count && abs(found.missingShare - (1 - Double(same) / 60)) < 1e-12)
  }

  /// With fewer than three degrees of freedom the residuals do not say how sure the fit is.
  @Test func fewPointsGiveNoBands() {
    let all = ladders(seed: 1, noise: 0.01)
    var generator = SplitMix(3)
    let few = [Array(all[0].prefix(3)), Array(all[1].prefix(4))], enough = few.map(\.count).map { $0 + 1 }
    #expect(SharedFloorFit(few) != nil && SharedFloorBootstrap(few, count: 5, using: &generator) == nil)
    let more = zip(all, enough).map { Array($0.prefix($1)) }
    #expect(SharedFloorBootstrap(more, count: 5, using: &generator)?.degreesOfFreedom == 4)
    #expect(SharedFloorFit.degreesOfFreedom(more) == 4)
  }

  @Test func theLargestIsPredictedFromTheOthers() throws {
    var generator = SplitMix(8)
    let checks = PredictionCheck.checks(ladders(seed: 7, noise: 0.003), resamples: 100, using: &generator)
    #expect(checks.map(\.curve) == [0, 1, 2] && checks.allSatisfy { $0.compute == 6.4e13 })
    for check in checks { #expect(abs(check.relativeError) < 0.03 && check.isWithinBand) }
    // A ladder that turns up at its end is not what its lower rungs foretell.
    var turned = ladders(seed: 7, noise: 0.003)
    turned[2][4] = ComputePoint(compute: 6.4e13, loss: turned[2][4].loss * 1.3)
    let failed = PredictionCheck.checks(turned, resamples: 100, using: &generator)
    try #require(failed.count == 3)
    #expect(!failed[2].isWithinBand && failed[2].relativeError < -0.2)
    #expect(PredictionCheck.checks(ladders(seed: 7, noise: 0, budgets: [1e12, 2e12, 4e12]), using: &generator).isEmpty)
    #expect(PredictionCheck.checks([], using: &generator).isEmpty)
  }
  /// One that has three points with the largest among them is not checked, and the others are, under their own names.
  @Test func aShortLadderLeavesTheCheckToTheOthers() throws {
    var points = ladders(seed: 7, noise: 0.003)
    points[1].removeFirst(2)
    var generator = SplitMix(8)
    let checks = PredictionCheck.checks(points, resamples: 100, using: &generator)
    #expect(checks.map(\.curve) == [0, 2] && checks.map(\.measured) == [points[0][4].loss, points[2][4].loss])
    for check in checks { #expect(abs(check.relativeError) < 0.03) }
    // Nor is one without the largest, whose points still help with the floor.
    var short = ladders(seed: 7, noise: 0.003)
    short[0].removeLast()
    #expect(PredictionCheck.checks(short, resamples: 100, using: &generator).map(\.curve) == [1, 2])
  }
}
