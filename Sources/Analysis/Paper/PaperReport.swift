import Support

/// A paper's findings asked again, as data: one table of all claims, then every part beside the paper's figures. Parts
/// that were not run stand in it with the command that runs them.
public struct PaperReport: Sendable {
  public let title: String
  /// What it is, and what was trained.
  public let introduction: [Artifact]
  /// A row a part: what is said of all its claims together.
  public let overview: Table
  /// A row a claim, and a row for every part that was not run.
  public let summary: Table
  public let sections: [Report.Section]

  /// What there is of one part.
  public struct Source: Sendable {
    public let part: PaperPart
    public let input: PaperInput
    /// Planned cells without a record, and whether what it measures is there.
    public let missingCells: Int
    public let isMeasured: Bool
    /// What runs it alone.
    public let command: String

    public init(part: PaperPart, input: PaperInput, missingCells: Int, isMeasured: Bool, command: String) {
      self.part = part
      self.input = input
      self.missingCells = missingCells
      self.isMeasured = isMeasured
      self.command = command
    }

    /// Cells without bits/byte that have a record, and why.
    var failures: [Finding] {
      let groups = part.needs(input.scale).cells.flatMap { input.tables[$0.name]?.groups ?? [] }
      return unique(groups.compactMap { group in group.problem.map { "\(group.label) has no bits/byte: \($0)" } })
        .map { Finding($0) }
    }

    /// Whether there is anything to tell of.
    var isRun: Bool {
      let needs = part.needs(input.scale)
      if input.tables.values.contains(where: { $0.groups.contains { $0.heldOut != nil } }) { return true }
      return isMeasured && (needs.cells.isEmpty || needs.tellsWithoutCells)
    }
  }

  private struct Row {
    let part: PaperPart
    let statement, verdict, numbers: String
  }

  public init(title: String, introduction: [Artifact], sources: [Source]) {
    let answers = sources.map { source in (source: source, answer: source.isRun ? source.part.run(source.input) : nil) }
    let verdicts = answers.flatMap { $0.answer?.claims ?? [] }.map(\.verdict)
    func count(_ verdict: Claim.Verdict) -> String {
      "\(verdicts.count { $0 == verdict }) \(verdict == .cannotTell ? verdict.rawValue : "are \(verdict.rawValue)")"
    }
    let notRun = answers.count { $0.answer == nil }
    self.title = title
    self.introduction =
      introduction + [
        .findings([
          Finding(
            "Of \(verdicts.count) claims \(count(.seen)), \(count(.notSeen)) and \(count(.cannotTell))"
              + (notRun > 0 ? "; \(notRun) of \(answers.count) parts are not run." : "."))
        ])
      ]
    let rows = answers.flatMap { source, answer -> [Row] in
      guard let answer else {
        return [
          Row(part: source.part, statement: "---", verdict: "not run", numbers: source.command)
        ]
      }
      if answer.claims.isEmpty {
        return [Row(part: source.part, statement: "---", verdict: "nothing is claimed", numbers: "---")]
      }
      return answer.claims.map {
        Row(part: source.part, statement: $0.statement, verdict: $0.verdict.rawValue, numbers: $0.numbers)
      }
    }
    overview = Table(
      key: "paper-parts", answers,
      fields: [
        .text("part", "Part") { "\($0.source.part.title) (\($0.source.part.source))" },
        .text("verdict", "At this scale") { $0.answer.map { together($0.claims) } ?? "not run" },
        .number("seen", "Seen", .integer) { $0.answer.map { Double($0.claims.count { $0.verdict == .seen }) } },
        .number("notSeen", "Not seen", .integer) {
          $0.answer.map { Double($0.claims.count { $0.verdict == .notSeen }) }
        },
        .number("cannotTell", "Cannot be told", .integer) {
          $0.answer.map { Double($0.claims.count { $0.verdict == .cannotTell }) }
        },
      ])
    summary = Table(
      key: "paper-summary", rows,
      fields: [
        .text("part", "Part") { "\($0.part.title) (\($0.part.source))" },
        .text("verdict", "At this scale") { $0.verdict }, .text("claim", "What is said") { $0.statement },
        .text("numbers", "By") { $0.numbers },
      ])
    sections = answers.map { source, answer in
      let command = Artifact.commands(source.command)
      let failures: [Artifact] = source.failures.isEmpty ? [] : [.findings(source.failures)]
      guard let answer else {
        return Report.Section(
          title: source.part.title,
          artifacts: [.note("\(headline(source.part.source)). Not run yet. To run it:"), command] + failures,
          isFolded: false)
      }
      let incomplete = source.missingCells > 0 || !source.isMeasured
      let missing: [Artifact] =
        incomplete
        ? [
          .note(
            source.missingCells > 0
              ? "\(source.missingCells) of its cells are not run yet. To run them:"
              : "What it measures is not measured yet. To measure it:"),
          command,
        ] : []
      let filled = answer.artifacts.filter { artifact in
        switch artifact {
        case .figure(let figure): !figure.isEmpty
        case .table(let table): !table.rows.isEmpty
        case .findings, .note, .cutLine, .commands: true
        }
      }
      return Report.Section(
        title: source.part.title,
        artifacts: [.note("\(headline(source.part.source)). \(sentence(answer.claims))")]
          + [.findings(answer.claims.map(\.finding))] + missing
          + failures + filled,
        isFolded: false)
    }
  }

  /// What stands before the parts.
  public var opening: [Artifact] { introduction + [.table(overview), .table(summary)] }
  public var artifacts: [Artifact] { opening + sections.flatMap(\.artifacts) }
}

extension Claim {
  /// One sentence with the verdict.
  var finding: Finding { Finding("\(statement): \(bold: verdict.rawValue) (\(numbers))." as RichText) }
}

/// What a part's claims say together.
private func together(_ claims: [Claim]) -> String {
  let verdicts = Set(claims.map(\.verdict))
  if verdicts.count == 1, let only = verdicts.first { return only.rawValue }
  return verdicts.isEmpty
    ? "nothing is claimed" : verdicts.contains(.seen) ? "seen in part" : Claim.Verdict.notSeen.rawValue
}

/// The same as a sentence.
private func sentence(_ claims: [Claim]) -> RichText {
  if claims.isEmpty { return "Nothing is claimed." }
  func count(_ verdict: Claim.Verdict) -> String? {
    let count = claims.count { $0.verdict == verdict }
    return count > 0 ? "\(count) \(verdict.rawValue)" : nil
  }
  let counts = [.seen, .notSeen, .cannotTell].compactMap(count)
  return
    "At this scale \(bold: together(claims)): \(list(counts)), of \(claims.count) claim\(claims.count == 1 ? "" : "s")."
}

/// Only the first letter is raised.
private func headline(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
