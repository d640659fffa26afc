import Metrics
import Records
import Support

/// What every analysis reads: the records of one protocol, grouped, and what stands beside them.
public struct AnalysisInput: Sendable {
  public let `protocol`: ComparisonProtocol
  /// By size, then tokenizer, in the experiment's order where it is known, else in order of writing.
  public private(set) var groups: [CellGroup]
  /// Older records of the same cells and protocol.
  public let superseded: [RunRecord]
  /// Planned cells without a record.
  public let missing: [ReportPlan.Cell]
  /// Which of the experiment's variants the cells are; nil for the experiment as it stands.
  public let variant: String?
  /// Whether the report has cells, of this protocol or another, whose learning rate was searched.
  public let isBesideTuned: Bool
  public let baseline: Baseline?
  /// How the runs are repeated, one command a line.
  public let command: String
  /// By text, then by the groups' order: bits/byte on further texts.
  public let furtherTexts: [(text: String, estimates: [ScoreEstimate?])]

  public init(
    records: [RunRecord], superseded: [RunRecord] = [], protocol: ComparisonProtocol, plan: ReportPlan? = nil,
    isBesideTuned: Bool = false, baseline: Baseline? = nil, command: String = ""
  ) {
    let plan = plan.flatMap { $0.protocol.hash == `protocol`.hash ? $0 : nil }
    self.protocol = `protocol`
    self.superseded = superseded
    // Records of the experiment as it stands, and of a variant elsewhere that is the same, are its.
    variant = records.isEmpty ? plan?.variant : records.contains { $0.variant == nil } ? nil : records[0].variant
    self.isBesideTuned = isBesideTuned
    self.baseline = baseline
    self.command = command
    let done = Set(records.map { ReportPlan.Cell(tokenizer: $0.tokenizer, size: $0.size, seed: $0.seed) })
    missing = plan?.cells.filter { !done.contains($0) } ?? []

    // By size, then tokenizer; each in the plan's order, then in order of writing.
    let sizes = places((plan?.cells.map(\.size) ?? []) + records.map(\.size))
    let tokenizers = places((plan?.cells.map(\.tokenizer) ?? []) + records.map(\.tokenizer))
    var resampling = Resampling()
    let groups = CellGroup.group(records, resampling: &resampling).sorted { a, b in
      (sizes[a.size] ?? 0, tokenizers[a.tokenizer] ?? 0) < (sizes[b.size] ?? 0, tokenizers[b.tokenizer] ?? 0)
    }
    self.groups = groups
    let texts = unique(records.flatMap { $0.scores.map(\.text) }).filter { $0 != RunRecord.Score.heldOut }
    furtherTexts = texts.map { text in
      (
        text,
        groups.map { group in
          resampling.estimate(
            group.records.flatMap { $0.scores.filter { $0.text == text } }, of: "\(group.name) \(text)")
        }
      )
    }
  }

  /// The same, with what is known of M2's gain on trivial models.
  func judged(by gain: (CellGroup) -> BootstrapEstimate?) -> AnalysisInput {
    var input = self
    for index in groups.indices { input.groups[index].gain = gain(groups[index]) }
    return input
  }

  public var records: [RunRecord] { groups.flatMap(\.records) }
  public var sizes: [String] { unique(groups.map(\.size)) }
  public var tokenizers: [CellGroup] {
    var seen: Set<String> = []
    return groups.filter { seen.insert($0.tokenizer).inserted }
  }

  /// The M1s behind the tokenizers, each once.
  public var m1s: [RunRecord.M1] {
    var seen: Set<String> = []
    return groups.compactMap(\.m1).filter { seen.insert($0.fingerprint).inserted }
  }

  /// M1's name in tables and plots: its context too, since it restarts with each tokenizer's windows where that is asked.
  public static func name(of m1: RunRecord.M1) -> String { "M1 alone (\(m1.size), context \(m1.contextLength))" }

  /// The group with the lowest held-out bits/byte at a size.
  /// - Parameter isLearned: whether to leave out those that M2 learned nothing from.
  public func best(size: String, isLearned: Bool = false) -> CellGroup? {
    groups.filter { $0.size == size && $0.heldOut != nil && !(isLearned && $0.isLearned == false) }
      .min { ($0.heldOut?.bitsPerByte ?? .infinity) < ($1.heldOut?.bitsPerByte ?? .infinity) }
  }

  /// How far a group is from the best of its size; nil for the best itself, and where they cannot be paired.
  public func differenceFromBest(_ group: CellGroup) -> PairedDifference? {
    guard let best = best(size: group.size), best.tokenizer != group.tokenizer, let a = best.heldOut,
      let b = group.heldOut
    else { return nil }
    return ScoreEstimate.difference(b, minus: a)
  }

  /// Where every tokenizer looks back on as many bytes: how many, in words, and how many tokens a step is to have.
  var equalContext: (context: String, tokensPerStep: Int)? {
    guard let context = `protocol`.fields["m2.context"],
      let tokens = `protocol`.fields["m2.tokensPerStep"].flatMap(Int.init)
    else { return nil }
    return (context, tokens)
  }

  /// The byte-level tokenizer of a size: one token a byte.
  public func byteLevel(size: String) -> CellGroup? {
    groups.first { $0.size == size && $0.tokenization?.compressionRatio == 1 && $0.heldOut != nil }
  }
}

/// Each item's first place.
private func places(_ items: [String]) -> [String: Int] {
  Dictionary(items.enumerated().map { ($1, $0) }, uniquingKeysWith: min)
}

extension CellGroup {
  var name: String { size + " " + tokenizer }
}
