import Synchronization
import Tokenizers

/// Text to tokens: cut into pre-tokens, each cut into tokens.
///
/// A pre-token's tokens depend on its bytes alone, so what was found for a short one is kept and looked up when it
/// comes again; a language's frequent words are most of its text. Every thread works at a place of its own, taken from
/// the idle ones and given back, so that what is kept is never shared, and changes no result.
final class PreTokenEncoder: Sendable {
  private let preTokenizer: PreTokenizer
  private let segmenter: any PreTokenSegmenter
  private let alone: PreTokenizer
  private let idle = Mutex<[Workplace]>([])

  /// - Parameter alone: finds something in the pre-tokens that ``forEachPreToken(in:_:)`` calls alone.
  init(_ preTokenizer: PreTokenizer, _ segmenter: any PreTokenSegmenter, alone: PreTokenizer = .nothing) {
    self.preTokenizer = preTokenizer
    self.segmenter = segmenter
    self.alone = alone
  }

  /// - Throws: what ``PreTokenMatcher/forEach(in:_:)`` throws.
  func encode(_ text: [UInt8]) throws -> [Token] {
    try withWorkplace { place in
      try text.withUnsafeBufferPointer { text in
        let room = place.room(for: text.count)
        var count = 0
        try place.matcher.forEach(in: text) { piece in
          _ = try place.tokens(of: piece, segmenter, into: room, &count)
        }
        return Array(UnsafeBufferPointer(start: room, count: count))
      }
    }
  }

  /// Every pre-token's tokens, and whether it stands alone.
  func forEachPreToken(in text: [UInt8], _ body: (UnsafeBufferPointer<Token>, Bool) throws -> Void) throws {
    try withWorkplace { place in
      try text.withUnsafeBufferPointer { text in
        let room = place.room(for: text.count)
        try place.matcher.forEach(in: text) { piece in
          var count = 0
          let standsAlone = try place.tokens(of: piece, segmenter, into: room, &count)
          try body(UnsafeBufferPointer(start: room, count: count), standsAlone)
        }
      }
    }
  }

  private func withWorkplace<Result>(_ body: (Workplace) throws -> Result) rethrows -> Result {
    let place = idle.withLock { $0.popLast() } ?? Workplace(preTokenizer, alone)
    defer { idle.withLock { $0.append(place) } }
    return try body(place)
  }
}

/// What one thread encodes with.
///
/// `@unchecked Sendable`: in use by one thread at a time, the one that has taken it from the idle ones.
private final class Workplace: @unchecked Sendable {
  let matcher: PreTokenMatcher
  private let alone: PreTokenMatcher
  private let known: UnsafeMutableRawPointer
  private var found: [Token] = []
  private var room: UnsafeMutableBufferPointer<Token>

  /// Pre-tokens kept at a time, a power of two; each lies at one place, where a newer one replaces it.
  private static let places = 1 << 16
  /// Of one: its bytes as two words; its length, how many tokens (0: nothing is here), whether it stands alone; the
  /// tokens.
  private static let placeBytes = 64, tokensOffset = 20, mostTokens = 11, mostBytes = 16

  init(_ preTokenizer: PreTokenizer, _ alone: PreTokenizer) {
    matcher = PreTokenMatcher(preTokenizer)
    self.alone = PreTokenMatcher(alone)
    known = .allocate(byteCount: Self.places * Self.placeBytes, alignment: 64)
    known.initializeMemory(as: UInt8.self, repeating: 0, count: Self.places * Self.placeBytes)
    room = .allocate(capacity: 1 << 14)
  }

  deinit {
    known.deallocate()
    room.deallocate()
  }

  /// Memory for the tokens of a text: no more than it has bytes.
  func room(for byteCount: Int) -> UnsafeMutablePointer<Token> {
    if room.count < max(1, byteCount) {
      room.deallocate()
      room = .allocate(capacity: byteCount)
    }
    // A buffer of one element or more has an address.
    return room.baseAddress.unsafelyUnwrapped
  }

  /// Writes a pre-token's tokens after the first `count`. Returns whether it stands alone.
  @inline(__always)
  func tokens(
    of piece: UnsafeBufferPointer<UInt8>, _ segmenter: any PreTokenSegmenter, into room: UnsafeMutablePointer<Token>,
    _ count: inout Int
  ) throws -> Bool {
    guard piece.count <= Self.mostBytes, let start = piece.baseAddress else {
      return try segment(piece, segmenter, into: room, &count)
    }
    let (low, high) = words(start, piece.count)
    let hash = mixed(mixed(UInt64(truncatingIfNeeded: piece.count), low), high)
    let place = known + (Int(truncatingIfNeeded: hash) & (Self.places &- 1)) &* Self.placeBytes
    let header = place.load(fromByteOffset: 16, as: UInt32.self)
    if place.load(as: UInt64.self) == low, place.load(fromByteOffset: 8, as: UInt64.self) == high,
      Int(header & 0xFF) == piece.count
    {
      let tokens = place + Self.tokensOffset
      let found = Int(header >> 8 & 0xFF)
      for i in 0..<found { room[count &+ i] = tokens.load(fromByteOffset: 4 &* i, as: Token.self) }
      count &+= found
      return header >> 16 != 0
    }
    let before = count
    let standsAlone = try segment(piece, segmenter, into: room, &count)
    let found = count - before
    if found <= Self.mostTokens {
      place.storeBytes(of: low, as: UInt64.self)
      place.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
      place.storeBytes(
        of: UInt32(piece.count) | UInt32(found) << 8 | (standsAlone ? 1 << 16 : 0), toByteOffset: 16, as: UInt32.self)
      (place + Self.tokensOffset).copyMemory(from: room + before, byteCount: 4 * found)
    }
    return standsAlone
  }

  @inline(never)
  private func segment(
    _ piece: UnsafeBufferPointer<UInt8>, _ segmenter: any PreTokenSegmenter, into room: UnsafeMutablePointer<Token>,
    _ count: inout Int
  ) throws -> Bool {
    found.removeAll(keepingCapacity: true)
    segmenter.segment(piece, into: &found)
    for token in found {
      room[count] = token
      count += 1
    }
    return try alone.hasMatch(in: piece)
  }
}
