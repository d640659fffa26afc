import Foundation
import Records
import Support

/// What tells the protocols of a report apart, in a few words each, in their order.
///
/// A variant has its name, the experiment as it stands is "as it stands". Of several protocols of one variant, such as
/// those of a ladder of budgets, each is named by its values of the fields in which they differ.
func axisNames(_ inputs: [AnalysisInput]) -> [String] {
  let names = inputs.map { input -> String in
    let same = inputs.filter { $0.variant == input.variant }.map(\.protocol)
    let fields = unique(same.flatMap { one in same.flatMap { one.differences(from: $0).map(\.field) } }).sorted()
    let values = fields.map { field in
      let name = ["match.", "m2."].first(where: field.hasPrefix).map { field.dropFirst($0.count) } ?? field[...]
      return "\(name) \(brief(input.protocol.fields[field]))"
    }
    let differing = values.isEmpty ? [] : [list(Array(values.prefix(3)), more: values.count - 3)]
    let name = ([input.variant].compactMap(\.self) + differing).joined(separator: ", ")
    return name.isEmpty ? "as it stands" : name
  }
  return zip(inputs, names).map { input, name in
    names.count { $0 == name } > 1 ? "\(name) (\(input.protocol.hash.prefix(8)))" : name
  }
}

/// A field's value for a sentence: numbers short, hashes cut.
func brief(_ value: String?) -> String {
  guard let value else { return "absent" }
  if let number = Double(value), number.isFinite {
    return String(format: "%g", number).replacing("e+", with: "e").replacing("e0", with: "e")
  }
  return value.count > 24 && !value.contains(" ") ? "\(value.prefix(12))…" : value
}
