import Foundation

/// How tokens look; a page's own style gives `--faint`.
let tokenStyle = """
  :root { --byte: #a00000 }
  .t0 { background: #ffd9b0 } .t1 { background: #b5e3b5 } .t2 { background: #b5d3f5 }
  .t3 { background: #f5cdf0 } .t4 { background: #f3eda0 } .t5 { background: #d2ccf2 }
  @media (prefers-color-scheme: dark) {
    :root { --byte: #ff9a8a }
    .t0 { background: #6b431c } .t1 { background: #22592a } .t2 { background: #23476f }
    .t3 { background: #642c5e } .t4 { background: #5c5614 } .t5 { background: #443a80 }
  }
  table.tokens td { padding-top: 0; padding-bottom: 0; border: none } table.tokens .line { margin: 0 }
  .line { font: 15px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; margin: 1em 0; overflow-x: auto }
  .line div { white-space: pre }
  .line b { display: inline-block; width: 3ch; color: var(--faint); font-weight: normal }
  .line i { display: inline-block; font-style: normal; text-align: center; direction: ltr; unicode-bidi: isolate }
  .line i.byte { color: var(--byte) }
  .line span:focus { outline: 2px solid var(--ink); outline-offset: -1px }
  .ids { overflow-wrap: anywhere; margin: 0.4em 0 } .ids code { white-space: pre-wrap; background: #8883; border-radius: 3px }
  """

/// What a token is (its id, its bytes, with a model its bits) is said under the pointer, and where the arrow keys walk to.
let tokenScript = """
  for (const frame of document.querySelectorAll(".cuts")) {
    const rows = [...frame.querySelectorAll(".line div")].map(row => [...row.querySelectorAll("span[title]")]);
    for (const token of rows.flat()) {
      speaks(token, `${token.title}: ‘${token.textContent}’`);
      token.removeAttribute("title");
    }
    walk(frame, () => rows);
    frame.addEventListener("pointerover", event => say(event.target.closest("[data-say]")));
    frame.addEventListener("pointerleave", () => say(null));
  }
  """

extension TokenizedText {
  /// The same as a page that needs nothing else, no network and no script; light or dark as the reader's system is.
  public func page(title: String, columns: Int = 100) -> String {
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>\(xmlEscaped(title))</title>
      <style>
      :root { color-scheme: light dark; --ink: #111; --page: #fff; --faint: #666 }
      @media (prefers-color-scheme: dark) { :root { --ink: #eee; --page: #16181c; --faint: #999 } }
      body { background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 2em }
      th, td { text-align: left; padding: 0 1em 0 0 } small, summary { color: var(--faint) }
      \(tokenStyle)
      \(walkStyle)
      </style>
      </head>
      <body>
      <h1>\(xmlEscaped(title))</h1>
      \(html(columns: columns))<script>
      \(walkScript)
      \(tokenScript)
      </script>
      </body>
      </html>

      """
  }

  /// The table of rows and the lines, for a page with ``tokenStyle``.
  func html(columns: Int) -> String {
    let shown = rows.indices.compactMap { index in PlacedRow(self, index).map { (index: index, row: $0) } }
    var body = "<table class=\"rows\">\n<tr><th></th><th>tokenizer</th><th>tokens</th><th>bytes/token</th></tr>\n"
    for (index, row) in rows.enumerated() {
      let ratio = row.ids.isEmpty ? absent : String(format: "%.2f", Double(text.count) / Double(row.ids.count))
      let note = row.byteCounts == nil ? " <small>which bytes each token stands for is not known</small>" : ""
      body +=
        "<tr><td>\(index + 1)</td><td>\(xmlEscaped(row.name))\(note)</td><td>\(row.ids.count)</td><td>\(ratio)</td></tr>\n"
    }
    body += "</table>\n<div class=\"cuts\">\n"
    for line in lines(columns: columns) {
      body += "<div class=\"line\">\n"
      for (index, row) in shown { body += "<div><b>\(index + 1)</b>\(tokens(of: row, in: line))</div>\n" }
      body += "</div>\n"
    }
    return body + "</div>\n" + ids()
  }

  /// Every row's tokens with their ids, to be opened.
  private func ids() -> String {
    let rows = rows.indices.map { index in
      let tokens = tokenTexts(of: index).enumerated().map { token, text in
        let bits = self.rows[index].bits.map { String(format: " (%.2f bits)", $0[token]) } ?? ""
        return (text.map { "<code>\(xmlEscaped($0))</code> " } ?? "") + "\(self.rows[index].ids[token])\(bits)"
      }
      return "<p class=\"ids\"><b>\(xmlEscaped(self.rows[index].name))</b> \(tokens.joined(separator: ", "))</p>\n"
    }
    return folded("Ids", rows.joined())
  }

  /// A table with a row a tokenizer, its name beside its tokens, for a page with ``tokenStyle``.
  func namedRows(columns: Int) -> String {
    let lines = lines(columns: columns)
    let body = rows.indices.map { index in
      let row = rows[index]
      let shown =
        PlacedRow(self, index).map { placed in lines.map { "<div>\(tokens(of: placed, in: $0))</div>" } } ?? []
      return "<tr><td>\(xmlEscaped(row.name))</td><td class=\"n\">\(row.ids.count)</td>"
        + "<td class=\"line\">\(shown.joined())</td></tr>\n"
    }
    return "<div class=\"wide cuts\"><table class=\"tokens\">\n<tbody>\n\(body.joined())</tbody>\n</table></div>\n"
      + ids()
  }

  /// A line's units, those of one token in one span.
  private func tokens(of placed: PlacedRow, in line: [Cell]) -> String {
    let (row, byteCounts, owners, visible) = (placed.row, placed.byteCounts, placed.owners, placed.visible)
    var html = ""
    var open: Int?
    for (unit, room) in line.flatMap({ $0.units(of: placed.index) }) {
      let place = unit.bytes.lowerBound
      let token = owners[place]
      if open != token {
        if open != nil { html += "</span>" }
        open = token
        let bytes = byteCounts[token]
        let bits = row.bits.map { String(format: ", %.2f bits", $0[token]) } ?? ""
        let style =
          row.bits.map { String(format: "style=\"background:rgba(240,110,0,%.2f)\"", min(max($0[token], 0) / 14, 0.9)) }
          ?? "class=\"t\(visible[place] % 6)\""
        html +=
          "<span \(style) title=\"token \(token + 1): id \(row.ids[token]), \(bytes) byte\(bytes == 1 ? "" : "s")\(bits)\">"
      }
      html +=
        "<i style=\"width:\(room)ch\"\(unit.isByte ? " class=\"byte\"" : "")>\(xmlEscaped(unit.text))</i>"
    }
    return html + (open != nil ? "</span>" : "")
  }
}

/// A row and where its tokens lie, computed once for all lines.
private struct PlacedRow {
  let index: Int
  let row: TokenizedText.Row
  let byteCounts: [Int]
  /// Of each byte, its token; and its token's place among those that stand for any bytes.
  let owners, visible: [Int]

  /// nil where the tokens stand for no bytes in particular.
  init?(_ text: TokenizedText, _ index: Int) {
    row = text.rows[index]
    guard let byteCounts = row.byteCounts else { return nil }
    self.index = index
    self.byteCounts = byteCounts
    owners = TokenizedText.owners(byteCounts)
    visible = TokenizedText.visibleOwners(byteCounts)
  }
}
