import Support
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
  /// Bytes of text from which it pays to prepare the model for restarts.
  private static let manyBytes = 50_000

  /// The integers that the window so far owns.
  private struct Place {
    var reserve: ReserveRange
    var cells: CellInterval
    init(_ coder: WindowCoder) {
      reserve = ReserveRange(bits: coder.bits, precision: coder.precision)
      cells = CellInterval(bits: coder.bits)
    }
  }

  // MARK: Encoding

  /// A text's windows: their codes, and the bytes that each covers.
  struct Windows: Sendable {
    var codes: [UInt128] = []
    var lengths: [Int] = []
    /// `greedy`: windows whose padded code decodes to a longer text.
    var ambiguous = 0
  }

  func encode(examples: [[UInt8]], threads: Int) throws -> [Windows] {
    prepare(bytes: examples.reduce(0) { $0 + $1.count }, threads: threads)
    return try grouped(examples.count, threads: threads) { encode(group: Array(examples[$0])) }
  }

  /// One text's place in its encoding.
  private struct Encoding {
    let text: [UInt8]
    var windows = Windows()
    var windowStart = 0
    /// The next byte to code.
    var position = 0
    var place: Place
    /// greedy: the code of the window so far. delay: the whole cells of every prefix of the window.
    var code: UInt128 = 0
    var prefixes: [(first: UInt128, count: UInt128)] = []
    init(_ text: [UInt8], _ coder: WindowCoder) {
      self.text = text
      place = Place(coder)
    }
  }

  private func encode(group: [[UInt8]]) -> [Windows] {
    let streams = model.makeStreams(count: group.count)
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
          var isKnown = true  // the distribution after the byte
          if take(byte, table, &states[index]) {
            states[index].position += 1
            if states[index].position == states[index].text.count { break }
            isKnown = streams.append(byte, to: index)
            guard rule == .reserve, !states[index].place.reserve.hasChildren else {
              if isKnown { continue }
              active = true
              break
            }
          } else if rule == .greedy {
            var decoder = states[index].place
            if next(states[index].code, table, &decoder) != nil { states[index].windows.ambiguous += 1 }
          }
          close(&states[index])
          if let reset, states[index].windows.codes.count % reset == 0 {
            streams.restart(index)
          } else if !isKnown {
            active = true
            break
          }
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
      guard let child = state.place.reserve.child(byte, table) else { return false }
      state.place.reserve = child
      return true
    case .greedy:
      let next = state.place.cells.narrowed(to: table.interval(of: byte), precision: precision)
      let whole = next.wholeCells
      guard next.isAtLeastOneCell, whole.count > 0 else { return false }
      state.code = whole.first
      state.place.cells = next.renormalised()
      return true
    case .delay:
      // Ends one byte after the interval has become narrower than a cell; close() finds what was determined.
      guard state.place.cells.isAtLeastOneCell else { return false }
      let next = state.place.cells.narrowed(to: table.interval(of: byte), precision: precision)
      state.prefixes.append(next.wholeCells)
      state.place.cells = next.isAtLeastOneCell ? next.renormalised() : next
      return true
    }
  }

  /// Writes the window's code and begins the next window.
  private func close(_ state: inout Encoding) {
    switch rule {
    case .reserve: state.windows.codes.append(state.place.reserve.base)
    case .greedy: state.windows.codes.append(state.code)
    case .delay:
      // Either end's cell determines a prefix of this text; the longer one wins.
      func determined(_ cell: UInt128) -> Int {
        state.prefixes.prefix { cell &- $0.first < $0.count }.count
      }
      let candidates = [state.place.cells.lowCell, state.place.cells.highCell]
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
    state.place = Place(self)
  }

  // MARK: Decoding

  /// What a sequence of codes gave.
  struct Decoded: Sendable {
    var text: [UInt8] = []
    /// Bytes of each window begun; together the text's.
    var lengths: [Int] = []
    /// False where the byte count cut the last window short.
    var isWhole = true
  }

  /// The texts of the codes; each stops at its byte count. nil counts: all windows whole.
  func decode(examples: [(codes: [UInt128], byteCount: Int?)], threads: Int) throws -> [Decoded] {
    prepare(bytes: examples.reduce(0) { $0 + ($1.byteCount ?? $1.codes.count * 4) }, threads: threads)
    return try grouped(examples.count, threads: threads) { decode(group: Array(examples[$0])) }
  }

  /// One text's place in its decoding.
  private struct Decoding {
    var result = Decoded()
    var windowStart = 0
    var place: Place
  }

  private func decode(group: [(codes: [UInt128], byteCount: Int?)]) -> [Decoded] {
    let streams = model.makeStreams(count: group.count)
    var states = group.map { _ in Decoding(place: Place(self)) }
    let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { buffer.deallocate() }
    let table = FrequencyTable(frequencies: UnsafeBufferPointer(buffer), precision: precision)
    var active = true
    while active {
      active = false
      for i in group.indices {
        let (codes, byteCount) = (group[i].codes, group[i].byteCount ?? .max)
        while states[i].result.lengths.count < codes.count, states[i].result.text.count < byteCount {
          let code = codes[states[i].result.lengths.count]
          streams.frequencies(of: i, precision: precision, into: buffer)
          var isKnown = true  // the distribution after the byte
          if let byte = next(code, table, &states[i].place) {
            states[i].result.text.append(byte)
            let isEnd = rule == .reserve && states[i].place.reserve.base == code
            if states[i].result.text.count == byteCount {
              states[i].result.isWhole = isEnd || rule != .reserve
            } else {
              isKnown = streams.append(byte, to: i)
              if !isEnd {
                if isKnown { continue }
                active = true
                break
              }
            }
          }
          states[i].result.lengths.append(states[i].result.text.count - states[i].windowStart)
          states[i].windowStart = states[i].result.text.count
          states[i].place = Place(self)
          if let reset, states[i].result.lengths.count % reset == 0 {
            streams.restart(i)
          } else if !isKnown {
            active = true
            break
          }
        }
      }
      streams.evaluate()
    }
    return states.map(\.result)
  }

  /// The window's next byte, or nil at its end.
  private func next(_ code: UInt128, _ table: FrequencyTable, _ place: inout Place) -> UInt8? {
    switch rule {
    case .reserve:
      guard let (byte, child) = place.reserve.child(owning: code, table) else { return nil }
      place.reserve = child
      return byte
    case .greedy, .delay:
      guard place.cells.isAtLeastOneCell else { return nil }
      let byte = place.cells.symbol(at: code, table)
      let child = place.cells.narrowed(to: table.interval(of: byte), precision: precision)
      guard child.contains(cell: code) else { return nil }
      place.cells = child.renormalised()
      return byte
    }
  }

  private func prepare(bytes: Int, threads: Int) {
    if reset != nil, bytes >= Self.manyBytes { model.prepareForRestarts(threads: threads) }
  }

  /// Runs `body` on groups of examples, on several threads; results in order.
  private func grouped<T: Sendable>(_ count: Int, threads: Int, _ body: @Sendable (Range<Int>) throws -> [T]) throws
    -> [T]
  {
    let groups = evenGroups(count, largest: Self.streams, threads: threads)
    return Array(try parallelMap(groups.count, threads: threads) { try body(groups[$0]) }.joined())
  }
}
