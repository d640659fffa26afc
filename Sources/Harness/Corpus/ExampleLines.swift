/// The lines of examples that are valid UTF-8, hold more than spaces and have so many bytes.
func lines(of examples: [[UInt8]], bytes: ClosedRange<Int>) -> [String] {
  examples.flatMap { example in
    example.split(separator: UInt8(ascii: "\n")).compactMap { line in
      bytes.contains(line.count) && line.contains { $0 != 0x20 } ? String(validating: line, as: UTF8.self) : nil
    }
  }
}

/// Up to `count` items, evenly spread over all.
func spread<T>(_ items: [T], count: Int) -> [T] {
  let count = min(count, items.count)
  return (0..<count).map { items[$0 * items.count / count] }
}

/// Lines of a text to show a reader, cut after the last word that ends within 120 bytes. The first and the last line of an
/// example, which may begin or end within a word, are taken only where there are no others.
func shownLines(of examples: [[UInt8]], count: Int = 3) -> [String] {
  let newline = UInt8(ascii: "\n")
  let inner = examples.map { example in
    let start = example.firstIndex(of: newline) ?? example.startIndex, end = example.lastIndex(of: newline) ?? start
    return start < end ? Array(example[start..<end]) : []
  }
  let whole = lines(of: inner, bytes: 40...10_000)
  let chosen = whole.count < count ? lines(of: examples, bytes: 40...10_000) : whole
  return spread(chosen, count: count).map { line in
    guard line.utf8.count > 120 else { return line }
    var length = 0
    let start = line.prefix { character in
      length += character.utf8.count
      return length <= 120
    }
    return String(start.lastIndex(of: " ").map { start[..<$0] } ?? start)
  }
}
