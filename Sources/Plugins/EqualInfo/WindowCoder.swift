import Tokenizers

/// Cuts texts into windows and codes each into b bits by running a byte model over many texts side by side.
struct WindowCoder: Sendable {
  let model: any ByteModel
  let bits: Int
  let rule: WindowRule
  /// The model starts afresh every `reset` windows; nil for never.
  let reset: Int?
  var precision: Int { min(14, bits) }
  /// Texts that one thread walks side by side.
  static let streams = 64

  // MARK: Encoding

  /// A text's windows: their codes, and the bytes that each covers.
  struct Windows: Sendable {
    var codes: [UInt128] = []
    var lengths: [Int] = []
  }

  func encode(examples: [[UInt8]], threads: Int) throws -> [Windows] {
    try grouped(examples.count, threads: threads) { encode(group: Array(examples[$0])) }
  }

  /// One text's place in its encoding.
  private struct Encoding {
    let text: [UInt8]
    var windows = Windows()
    var windowStart = 0
    /// The next byte to code.
    var position = 0
    var reserve: ReserveRange
    var cells: CellInterval
    /// greedy: the code of the window so far. delay: the whole cells of every prefix of the window.
    var code: UInt128 = 0
    var prefixes: [(first: UInt128, count: UInt128)] = []
    init(_ text: [UInt8], _ coder: WindowCoder) {
      self.text = text
      reserve = ReserveRange(bits: coder.bits, precision: coder.precision)
      cells = CellInterval(bits: coder.bits)
    }
  }

  private func encode(group: [[UInt8]]) -> [Windows] {
    let streams = model.makeStreams(count: group.count, horizon: reset == 1 ? nil : group.map(\.count).max())
    var states = group.map { Encoding($0, self) }
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { buffer.deallocate() }
    let table = FrequencyTable(frequencies: UnsafeBufferPointer(buffer), precision: precision)
    var active = true
    while active {
      active = false
      for index in group.indices {
        // Until the stream needs an evaluation, or its text ends.
        while states[index].position < states[index].text.count {
          streams.frequencies(of: index, precision: precision, into: buffer)
          let byte = states[index].text[states[index].position]
          if take(byte, table, &states[index]) {
            states[index].position += 1
            let isLast = states[index].position == states[index].text.count
            if isLast { break }
            streams.append(byte, to: index)
            active = true
            break
          }
          close(&states[index])
          if let reset, states[index].windows.codes.count % reset == 0 { streams.restart(index) }
        }
        if states[index].position == states[index].text.count, states[index].position > states[index].windowStart {
          close(&states[index])
          if states[index].position < states[index].text.count {  // delay went back
            streams.restart(index)
            active = true
          }
        }
      }
      streams.evaluate()
    }
    return states.map(\.windows)
  }

  /// Extends the window by a byte; false when the window ends before it.
  private func take(_ byte: UInt8, _ table: FrequencyTable, _ state: inout Encoding) -> Bool {
    switch rule {
    case .reserve:
      guard state.reserve.hasChildren, let child = state.reserve.child(byte, table) else { return false }
      state.reserve = child
      return true
    case .greedy:
      let next = state.cells.narrowed(to: table.interval(of: byte), precision: precision)
      let whole = next.wholeCells
      guard next.isAtLeastOneCell, whole.count > 0 else { return false }
      state.code = whole.first
      state.cells = next.renormalised()
      return true
    case .delay:
      // Ends one byte after the interval has become narrower than a cell; close() finds what was determined.
      guard state.cells.isAtLeastOneCell else { return false }
      let next = state.cells.narrowed(to: table.interval(of: byte), precision: precision)
      state.prefixes.append(next.wholeCells)
      state.cells = next.isAtLeastOneCell ? next.renormalised() : next
      return true
    }
  }

  /// Writes the window's code and begins the next window.
  private func close(_ state: inout Encoding) {
    switch rule {
    case .reserve: state.windows.codes.append(state.reserve.base)
    case .greedy: state.windows.codes.append(state.code)
    case .delay:
      // Either end's cell determines a prefix of this text; the longer one wins.
      func determined(_ cell: UInt128) -> Int {
        state.prefixes.prefix { cell &- $0.first < $0.count }.count
      }
      let candidates = [state.cells.lowCell, state.cells.highCell]
      let lengths = candidates.map(determined)
      // A final interval with whole cells inside: the first of them determines all of the text.
      if let last = state.prefixes.last, last.count > 0 {
        state.windows.codes.append(last.first)
      } else {
        let best = lengths[1] > lengths[0] ? 1 : 0
        state.windows.codes.append(candidates[best])
        state.position = state.windowStart + lengths[best]
      }
      state.prefixes.removeAll(keepingCapacity: true)
    }
    state.windows.lengths.append(state.position - state.windowStart)
    state.windowStart = state.position
    state.reserve = ReserveRange(bits: bits, precision: precision)
    state.cells = CellInterval(bits: bits)
  }

  // MARK: Decoding

  /// The texts of the codes; each stops at its byte count. nil counts: all windows whole.
  func decode(examples: [(codes: [UInt128], byteCount: Int?)], threads: Int) throws -> [[UInt8]] {
    try grouped(examples.count, threads: threads) { decode(group: Array(examples[$0])).map { Array($0.joined()) } }
  }

  /// The text of each window of each example.
  func windowTexts(examples: [[UInt128]], threads: Int) throws -> [[[UInt8]]] {
    try grouped(examples.count, threads: threads) { range in
      decode(group: examples[range].map { ($0, nil) })
    }
  }

  private func decode(group: [(codes: [UInt128], byteCount: Int?)]) -> [[[UInt8]]] {
    let streams = model.makeStreams(count: group.count, horizon: reset == 1 ? nil : group.compactMap(\.byteCount).max())
    var windows: [[[UInt8]]] = group.map { _ in [] }
    var texts: [[UInt8]] = group.map { _ in [] }
    var total = group.map { _ in 0 }
    var reserve = group.map { _ in ReserveRange(bits: bits, precision: precision) }
    var cells = group.map { _ in CellInterval(bits: bits) }
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { buffer.deallocate() }
    let table = FrequencyTable(frequencies: UnsafeBufferPointer(buffer), precision: precision)
    func isDone(_ i: Int) -> Bool {
      windows[i].count >= group[i].codes.count || total[i] >= group[i].byteCount ?? .max
    }
    var active = true
    while active {
      active = false
      for i in group.indices {
        while !isDone(i) {
          let code = group[i].codes[windows[i].count]
          var byte: UInt8?
          // The end of a window may be seen before any distribution is needed.
          if rule != .reserve || texts[i].isEmpty || (code != reserve[i].base && reserve[i].hasChildren) {
            streams.frequencies(of: i, precision: precision, into: buffer)
            byte = next(code, table, isFirst: texts[i].isEmpty, &reserve[i], &cells[i])
          }
          if let byte {
            texts[i].append(byte)
            total[i] += 1
            if total[i] == group[i].byteCount { windows[i].append(texts[i]) }
            if isDone(i) { break }
            streams.append(byte, to: i)
            active = true
            break
          }
          windows[i].append(texts[i])
          texts[i] = []
          reserve[i] = ReserveRange(bits: bits, precision: precision)
          cells[i] = CellInterval(bits: bits)
          if let reset, windows[i].count % reset == 0 { streams.restart(i) }
        }
      }
      streams.evaluate()
    }
    return windows
  }

  /// The window's next byte, or nil at its end.
  private func next(
    _ code: UInt128, _ table: FrequencyTable, isFirst: Bool, _ reserve: inout ReserveRange, _ cells: inout CellInterval
  ) -> UInt8? {
    switch rule {
    case .reserve:
      guard let (byte, child) = reserve.child(owning: code, table) else { return nil }
      reserve = child
      return byte
    case .greedy, .delay:
      guard cells.isAtLeastOneCell else { return nil }
      let byte = cells.symbol(at: code, table)
      let child = cells.narrowed(to: table.interval(of: byte), precision: precision)
      guard child.contains(cell: code) else { return nil }
      cells = child.renormalised()
      return byte
    }
  }

  /// Runs `body` on groups of examples, on several threads; results in order.
  private func grouped<T: Sendable>(_ count: Int, threads: Int, _ body: @Sendable (Range<Int>) throws -> [T]) throws
    -> [T]
  {
    let group = max(1, min(Self.streams, (count + threads - 1) / max(1, threads)))
    let parts = try parallelMap((count + group - 1) / group, threads: threads) { g in
      try body(g * group..<min(count, (g + 1) * group))
    }
    return Array(parts.joined())
  }
}
