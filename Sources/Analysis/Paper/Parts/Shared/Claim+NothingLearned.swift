import Metrics

extension Claim {
  /// That M2 learns nothing from codes: it gains less than 1% on the best trivial model, where from another code, of which
  /// it has as much, it gains more.
  /// - Parameter pairs: a code's cell, and the other's.
  static func nothingLearned(_ statement: String, _ pairs: [(group: CellGroup?, control: CellGroup?)]) -> Claim {
    .all(
      statement,
      pairs.map { group, control in
        guard let group else { return Claim(statement, .cannotTell, "not run") }
        guard let gain = group.gain else { return Claim(statement, .cannotTell, "\(group.label) not measured") }
        let learned = Claim.above(
          statement, CellGroup.leastGain, value: control?.gain?.value, interval: control?.gain?.interval(), in: .percent
        ) { "\(control?.label ?? "") gains \($0)" }
        return Claim.below(statement, gain, CellGroup.leastGain) { "\(group.label) gains \($0)" }.besides(learned)
      })
  }
}
