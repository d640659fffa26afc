import Tokenizers

/// A text on its way into windows or out of them, a byte at a time.
protocol WindowWalk: Sendable {
  var isDone: Bool { get }
  /// The bytes of the window begun.
  var window: ArraySlice<UInt8> { get }
  /// Goes on with the distribution after what the model has read since it last started afresh.
  mutating func step(_ distribution: QuantisedDistribution) -> WindowStep
}

/// What the model is to do next. Neither: the same distribution again, for the window that begins.
struct WindowStep {
  /// To be read by the model.
  var byte: UInt8?
  /// Whether the model starts afresh (and reads nothing).
  var restarts: Bool
}

/// A text's windows.
struct WindowEncoding: Sendable {
  var codes: [UInt128] = []
  /// Bytes that each code covers; together the text's.
  var lengths: [Int] = []
  /// `greedy`: windows whose padded code decodes to a longer text.
  var ambiguous = 0
  var work = ModelWork()
}

/// What a sequence of codes gave.
struct WindowDecoding: Sendable {
  var text: [UInt8] = []
  /// Bytes of each window begun; together the text's.
  var lengths: [Int] = []
  /// False where the byte count cut the last window short.
  var isWhole = true
}

/// Text into windows.
struct EncodingWalk<W: Window>: WindowWalk {
  private let text: [UInt8]
  /// Where no window goes on: the ends of the text's stretches.
  private let ends: [Int]
  private let coder: WindowCoder
  private var state: W
  private var windowStart = 0
  /// The stretch of the next byte to code.
  private var stretch = 0
  /// The next byte to code.
  private var position = 0
  private(set) var encoding = WindowEncoding()

  /// - Parameter ends: of the stretches that windows stay in, the last of them the text's.
  init(_ text: [UInt8], ends: [Int], _ coder: WindowCoder) {
    self.text = text
    self.ends = ends
    self.coder = coder
    state = W(bits: coder.bits, precision: coder.precision)
  }

  var isDone: Bool { position == text.count }
  var window: ArraySlice<UInt8> { text[windowStart..<position] }

  mutating func step(_ distribution: QuantisedDistribution) -> WindowStep {
    let byte = text[position]
    let isTaken = state.take(byte, distribution)
    if isTaken {
      position += 1
      if position < ends[stretch], !state.isFull { return WindowStep(byte: byte, restarts: false) }
    }
    close()
    return WindowStep(byte: isTaken ? byte : nil, restarts: coder.restarts(after: encoding.codes.count))
  }

  /// Writes the window's code and begins the next one behind what the code covers.
  private mutating func close() {
    let closed = state.closed()
    assert(closed.length > 0, "a window covers at least a byte")
    encoding.codes.append(closed.code)
    encoding.lengths.append(closed.length)
    encoding.ambiguous += closed.isAmbiguous ? 1 : 0
    windowStart += closed.length
    position = windowStart
    if position == ends[stretch] { stretch += 1 }
    state = W(bits: coder.bits, precision: coder.precision)
  }
}

/// Windows into text.
struct DecodingWalk<W: Window>: WindowWalk {
  private let codes: [UInt128]
  private let byteCount: Int
  private let coder: WindowCoder
  private var state: W
  private var windowStart = 0
  private(set) var decoding = WindowDecoding()

  init(_ codes: [UInt128], byteCount: Int, _ coder: WindowCoder) {
    self.codes = codes
    self.byteCount = byteCount
    self.coder = coder
    state = W(bits: coder.bits, precision: coder.precision)
  }

  var isDone: Bool { decoding.lengths.count == codes.count || decoding.text.count >= byteCount }
  var window: ArraySlice<UInt8> { decoding.text[windowStart...] }

  mutating func step(_ distribution: QuantisedDistribution) -> WindowStep {
    let code = codes[decoding.lengths.count]
    let byte = state.next(code, distribution)
    if let byte {
      decoding.text.append(byte)
      let ends = state.ends(at: code)
      if decoding.text.count == byteCount {
        decoding.isWhole = ends ?? true
      } else if ends != true {
        return WindowStep(byte: byte, restarts: false)
      }
    }
    decoding.lengths.append(decoding.text.count - windowStart)
    windowStart = decoding.text.count
    state = W(bits: coder.bits, precision: coder.precision)
    return WindowStep(byte: byte, restarts: coder.restarts(after: decoding.lengths.count))
  }
}

extension WindowCoder {
  /// Whether the model starts afresh after that many windows of a text.
  func restarts(after windows: Int) -> Bool { reset.map { windows % $0 == 0 } ?? false }
}
