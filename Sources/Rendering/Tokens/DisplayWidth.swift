/// Columns that a character takes in a terminal of fixed columns: 0 and more.
///
/// Wide are East Asian wide and fullwidth characters (Unicode Standard Annex 11) and those shown as emoji; marks and
/// format characters take none of their own. A sequence that is one emoji (flags, joined people, skin tones, what a
/// variation selector asks for) is wide; of other characters of several scalars the widths add up.
func displayWidth(_ character: Character) -> Int {
  let scalars = character.unicodeScalars
  let isEmoji = scalars.dropFirst().contains {
    $0.value == 0xFE0F || (0x1F1E6...0x1F1FF).contains($0.value) || (0x1F3FB...0x1F3FF).contains($0.value)
      || $0.properties.isEmojiPresentation
  }
  return isEmoji ? 2 : scalars.reduce(0) { $0 + displayWidth($1) }
}

private func displayWidth(_ scalar: Unicode.Scalar) -> Int {
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return 0
  default: break
  }
  if (0x1160...0x11FF).contains(scalar.value) { return 0 }  // Hangul vowels and finals join the syllable before them
  return scalar.properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
}

/// Blocks whose characters are wide, first and last; unassigned places in them count as wide too.
private let wideBlocks: [ClosedRange<UInt32>] = [
  0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F,
  0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
  0x16FE0...0x18AFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
]

private func isWide(_ value: UInt32) -> Bool {
  value >= 0x1100 && wideBlocks.contains { $0.contains(value) }
}
