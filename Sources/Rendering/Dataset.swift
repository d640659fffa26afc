import Analysis
import Foundation
import Support

extension Report {
  /// Writes a dataset as the Hugging Face Hub takes it: README.md, which is its card, results.csv with a row a cell, and
  /// examples.csv with a row for each scored example of each cell, from which intervals and paired tests come.
  /// - Parameter license: the Hub's name of the licence that the publisher gives the numbers, as `cc-by-4.0`; nil where it
  ///   is not said.
  /// - Throws: ``FileError``.
  public func writeDataset(to folder: String, license: String?) throws {
    try makeFolder(folder)
    try writeAtomically(Data(csv(records).utf8), to: folder + "/results.csv")
    try writeAtomically(Data(csv(examples).utf8), to: folder + "/examples.csv")
    try writeAtomically(Data(datasetCard(self, license: license).utf8), to: folder + "/README.md")
  }
}

/// The card: front matter in YAML, then what the columns are.
func datasetCard(_ report: Report, license: String?) -> String {
  let title = markdownEscaped(report.title)
  let licensed =
    license.map { "The numbers are published under `\($0)`, as whoever published them says." }
      ?? """
      Unknown: whoever publishes these numbers has not said under which licence, and the records do not tell. Until that is \
      said, ask before you use them. To say it: `harness report RUN_DIR --dataset FOLDER --license ID`.
      """
  let compared = report.parts.first?.sections.first?.artifacts.compactMap { artifact -> String? in
    if case .findings = artifact { markdown(artifact) } else { nil }
  }
  return """
    ---
    license: \(license ?? "unknown")
    pretty_name: \(yamlString(visible("Tokenizer comparison: \(report.title)")))
    tags:
    - tokenization
    - language-modeling
    - bits-per-byte
    configs:
    - config_name: results
      data_files: results.csv
      default: true
    - config_name: examples
      data_files: examples.csv
    ---

    # Tokenizer comparison: \(title)

    Language models of one architecture, trained under one budget over the tokens of different tokenizers, and scored in
    bits/byte on the same held-out text.

    \(compared?.joined() ?? "")
    Only rows of one `protocol` share everything but the tokenizer, the model's size and the seed: compare those.

    ## results.csv: a row a trained model

    \(columns(report.records))
    ## examples.csv: a row a scored example

    Bits/byte of a text are Σ nats / (ln 2 · Σ bytes) over its examples.

    \(columns(report.examples))
    ## Licence

    \(licensed) The text that models were trained and scored on is not part of this dataset, and has a licence of its own.

    """
}

/// A list of a table's columns.
private func columns(_ table: Table) -> String {
  table.columns.map { "- `\($0.key)`: \(markdownEscaped($0.title))\($0.unit.map { ", in \($0)" } ?? "")\n" }.joined()
}

/// Text between double quotes, as JSON writes it, which YAML reads.
private func yamlString(_ text: String) -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = .withoutEscapingSlashes
  return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
}
