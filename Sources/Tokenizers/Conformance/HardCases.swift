/// Byte strings that break tokenizers: what ``conformanceProblems(of:threads:longRun:)`` runs on every one.
public let hardCases: [(name: String, bytes: [UInt8])] = [
  ("empty", []),
  ("one byte", [0x61]),
  ("one NUL", [0]),
  ("all 256 values", Array(0...255)),
  ("all 256 values, backwards", (0...255).reversed()),
  ("NULs", [UInt8](repeating: 0, count: 300)),
  ("invalid UTF-8", [0xFF, 0xFE, 0xC0, 0xAF, 0xED, 0xA0, 0x80, 0xF5, 0x80, 0x61, 0xC3]),
  ("truncated scalar at the end", Array("caf".utf8) + [0xC3]),
  ("U+2581", Array("a\u{2581}b \u{2581} \u{2581}\u{2581}".utf8)),
  ("U+FFFD", Array("\u{FFFD}x\u{FFFD}".utf8)),
  ("spaces and newlines", Array("  a \t b\r\n\n  \n ".utf8)),
  ("special pieces as text", Array("<s></s><unk><pad><0x41>\u{2047}".utf8)),
  ("many scripts", Array("English, français, русский, العربية, हिन्दी, 中文, 日本語, 한국어, ไทย 🙂👩‍👩‍👧".utf8)),
  ("combining and NFC/NFD", Array("e\u{301} \u{e9} \u{1e9b}\u{323} ﬁ ① Å".utf8)),
  ("text", Array("The quick brown fox jumps over the lazy dog. It was the best of times.\n".utf8)),
]
