/// Text of which every character means itself in XML and HTML, on one line.
func xmlEscaped(_ text: String) -> String {
  var escaped = ""
  for scalar in visible(text).unicodeScalars {
    switch scalar {
    case "&": escaped += "&amp;"
    case "<": escaped += "&lt;"
    case ">": escaped += "&gt;"
    case "\"": escaped += "&quot;"
    case "'": escaped += "&#39;"
    default: escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped
}
