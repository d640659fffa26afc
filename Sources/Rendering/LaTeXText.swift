import Foundation

/// Text of which every character means itself in LaTeX, on one line and in ASCII; what stands for a number that was not
/// measured is a dash. Letters with accents are written with TeX's accents, symbols with its names; what TeX has neither
/// for stands by its number, as U+6771.
func latexEscaped(_ text: String) -> String {
  if text == absent { return "---" }
  var escaped = ""
  var before: Unicode.Scalar?
  for character in visible(text) {
    let written = latexLetter(character) ?? character.unicodeScalars.map { latexSymbol($0, after: before) }.joined()
    // A bracket or an asterisk would be read as the end of the table's line before.
    escaped += escaped.isEmpty && (written == "[" || written == "*") ? "{\(written)}" : written
    before = character.unicodeScalars.last
  }
  return escaped
}

/// A Latin letter with one accent: `\'{e}`; nil for all else.
private func latexLetter(_ character: Character) -> String? {
  let parts = Array(String(character).decomposedStringWithCanonicalMapping.unicodeScalars)
  guard parts.count == 2, let accent = latexAccents[parts[1]] else { return nil }
  let isBelow = accent == "c" || accent == "d"
  switch parts[0] {
  // The accent takes the place of the dot.
  case "i" where !isBelow, "j" where !isBelow: return "\\\(accent){\\\(parts[0])}"
  case "a"..."z", "A"..."Z": return "\\\(accent){\(parts[0])}"
  default: return nil
  }
}

private let latexAccents: [Unicode.Scalar: Character] = [
  "\u{300}": "`", "\u{301}": "'", "\u{302}": "^", "\u{303}": "~", "\u{304}": "=", "\u{306}": "u", "\u{307}": ".",
  "\u{308}": "\"", "\u{30A}": "r", "\u{30B}": "H", "\u{30C}": "v", "\u{323}": "d", "\u{327}": "c",
]

/// - Parameter before: the character before, with which TeX would join this one to a dash, a quotation mark or another.
private func latexSymbol(_ scalar: Unicode.Scalar, after before: Unicode.Scalar?) -> String {
  switch scalar {
  case "&", "%", "$", "#", "_", "{", "}": return "\\\(scalar)"
  case "\\": return "\\textbackslash{}"
  case "~": return "\\textasciitilde{}"
  case "^": return "\\textasciicircum{}"
  case "<": return "\\textless{}"
  case ">": return "\\textgreater{}"
  case "|": return "\\textbar{}"
  case "\"": return "''"
  case "`": return "\\textasciigrave{}"
  case "-" where before == "-", "'" where before == "'", "," where before == ",": return "{}\(scalar)"
  case _ where scalar.isASCII: return String(scalar)
  default: break
  }
  if let name = latexNames[scalar] { return name }
  return latexMathNames[scalar].map { "$\\\($0)$" } ?? "\\texttt{U+\(String(scalar.value, radix: 16, uppercase: true))}"
}

private let latexNames: [Unicode.Scalar: String] = [
  "\u{A0}": "~", "¡": "!`", "¿": "?`", "§": "\\S{}", "¶": "\\P{}", "£": "\\pounds{}", "©": "\\copyright{}",
  "ß": "\\ss{}", "æ": "\\ae{}", "Æ": "\\AE{}", "œ": "\\oe{}", "Œ": "\\OE{}", "ø": "\\o{}", "Ø": "\\O{}", "ł": "\\l{}",
  "Ł": "\\L{}", "ı": "\\i{}", "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "…": "\\ldots{}",
  "°": "$^\\circ$", "²": "$^2$", "³": "$^3$", "¹": "$^1$", "−": "$-$",
]

private let latexMathNames: [Unicode.Scalar: String] = [
  "≈": "approx", "‡": "ddagger", "○": "circ", "△": "triangle", "·": "cdot", "×": "times", "÷": "div", "±": "pm",
  "≤": "leq", "≥": "geq",
  "≠": "neq", "∞": "infty", "→": "rightarrow", "←": "leftarrow", "∑": "sum", "√": "surd", "∈": "in", "µ": "mu",
  "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
  "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma",
  "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma",
  "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi",
  "Ψ": "Psi", "Ω": "Omega",
]
