import Support

extension RecordAnalysis {
  /// Records that no table counts, and why.
  static let leftAside = RecordAnalysis("left-aside", title: "Records left aside") { input in
    guard !input.superseded.isEmpty else { return [] }
    let cells = unique(input.superseded.map { "\($0.tokenizer) \($0.size) seed \($0.seed)" })
    return [
      .findings([
        Finding(
          "\(input.superseded.count) older \(input.superseded.count == 1 ? "record" : "records") of "
            + "\(list(Array(cells.prefix(6)), more: cells.count - 6)): the newest of a cell and protocol counts.")
      ])
    ]
  }
}
