import Support
import Transformer

/// How the training of M1 is taken from the budget of the cells whose tokenizers stand on it.
public enum M1Account: String, Sendable, CaseIterable, Codable {
  /// Every cell pays for the whole of its M1.
  case counted
  /// The experiment's tokenizers that use one M1 share its cost.
  case shared
}

extension ByteModelOptions {
  /// FLOPs of its training.
  func trainingFLOPs(_ convention: FLOPsConvention) -> Double {
    guard let shape = ModelShape(named: size, vocabulary: 256) else { return 0 }
    return convention.trainingPerToken(shape, sequenceLength: training.sequenceLength) * Double(steps)
      * Double(training.tokensPerStep)
  }
}

extension CellRequest {
  /// FLOPs of M1's training that this cell's budget pays for, by the match's convention; nil where M1 is free.
  var m1FLOPs: Double? {
    guard match.m1 != nil else { return nil }
    return (m1?.trainingFLOPs(match.flops) ?? 0) / Double(max(1, m1Users ?? 1))
  }

  /// The match with what M1 leaves of the budget: nothing where it costs as much, or more.
  var matchAfterM1: Match {
    var left = match
    left.budget = max(0, left.budget - (m1FLOPs ?? 0))
    return left
  }

  /// What is wrong where the budget buys no step of M2.
  var underOneStep: HarnessError {
    guard let m1FLOPs, m1FLOPs > 0 else {
      return .cell("the budget of \(match.budget) \(match.by.rawValue) is under one step; raise it, or lower batch")
    }
    let share = (m1Users ?? 1) > 1 ? "its share of M1, one of \(m1Users ?? 1)," : "M1 alone"
    return .notAffordable(
      "\(share) cost \(scientific(m1FLOPs)) of \(scientific(match.budget)) FLOPs: nothing is left for M2")
  }

  /// For `shared`: how many of the tokenizers use the very M1 of each request, written into it; the numbers of all M1s,
  /// which differ in their context alone, are part of what a table shares.
  static func countingM1Users(_ cells: [CellRequest]) -> [CellRequest] {
    // A sweep over vocabularies stands on one M1.
    func m1(_ request: CellRequest) -> ByteModelOptions? { request.alternatives[0].m1 }
    var users: [ByteModelOptions: Set<String>] = [:]
    for cell in cells { if let m1 = m1(cell) { users[m1, default: []].insert(cell.tokenizer) } }
    let numbers = users.sorted { $0.key.training.sequenceLength < $1.key.training.sequenceLength }
      .map { "\($0.value.count) of context \($0.key.training.sequenceLength)" }.joined(separator: ", ")
    return cells.map { request in
      guard request.match.m1 == .shared else { return request }
      var one = request
      one.m1Users = m1(request).flatMap { users[$0]?.count }
      one.m1Description["users"] = numbers
      return one
    }
  }
}
