import Metrics

extension RecordAnalysis {
  /// What all cells above share: the protocol, field by field.
  static let sharedSettings = RecordAnalysis("protocol", title: "What all cells share") { input in
    let fields = input.protocol.fields.sorted { $0.key < $1.key }
    guard !fields.isEmpty else { return [] }
    return [
      .note("Protocol \(code: input.protocol.hash). Records of another protocol never stand in the same table."),
      .table(
        Table(
          key: "protocol", fields, fields: [.text("field", "Field") { $0.key }, .text("value", "Value") { $0.value }])),
    ]
  }
}
