import Support
import Tokenizers

/// Cuts texts into windows and codes each into b bits by running a byte model over many texts side by side.
struct WindowCoder: Sendable {
  let model: any ByteModel
  let bits: Int
  let rule: WindowRule
  /// The model starts afresh every `reset` windows; nil for never.
  let reset: Int?
  /// What no window crosses. Only `reserve` has a code for a text that ends before its window is full.
  var cuts = Cuts.none
  var precision: Int { min(14, bits) }
  /// Texts that one thread walks side by side.
  static let streams = 64
  /// Bytes of text from which it pays to prepare the model for restarts.
  private static let manyBytes = 50_000

  /// The texts' windows.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``, what finding the cuts throws.
  func encode(examples: [[UInt8]], threads: Int) throws -> [WindowEncoding] {
    switch rule {
    case .reserve: try encode(examples, as: ReserveWindow.self, threads: threads)
    case .greedy: try encode(examples, as: GreedyWindow.self, threads: threads)
    case .delay: try encode(examples, as: DelayWindow.self, threads: threads)
    }
  }

  /// The texts of the codes; each stops at its byte count. nil counts: all windows whole.
  /// - Throws: ``TokenizerError/invalidDistribution(reason:)``.
  func decode(examples: [(codes: [UInt128], byteCount: Int?)], threads: Int) throws -> [WindowDecoding] {
    switch rule {
    case .reserve: try decode(examples, as: ReserveWindow.self, threads: threads)
    case .greedy: try decode(examples, as: GreedyWindow.self, threads: threads)
    case .delay: try decode(examples, as: DelayWindow.self, threads: threads)
    }
  }

  private func encode<W: Window>(_ examples: [[UInt8]], as window: W.Type, threads: Int) throws -> [WindowEncoding] {
    prepare(bytes: examples.reduce(0) { $0 + $1.count }, threads: threads)
    let ends = try parallelMap(examples.count, threads: threads) { try cuts.ends(of: examples[$0]) }
    let walks = try walk(examples.count, threads: threads) { EncodingWalk<W>(examples[$0], ends: ends[$0], self) }
    return walks.map {
      var encoding = $0.walk.encoding
      encoding.work = $0.work
      return encoding
    }
  }

  private func decode<W: Window>(
    _ examples: [(codes: [UInt128], byteCount: Int?)], as window: W.Type, threads: Int
  ) throws -> [WindowDecoding] {
    prepare(bytes: examples.reduce(0) { $0 + min($1.byteCount ?? .max, $1.codes.count * bits) }, threads: threads)
    return try walk(examples.count, threads: threads) {
      DecodingWalk<W>(examples[$0].codes, byteCount: examples[$0].byteCount ?? .max, self)
    }.map(\.walk.decoding)
  }

  private func prepare(bytes: Int, threads: Int) {
    if reset != nil, bytes >= Self.manyBytes { model.prepareForRestarts(threads: threads) }
  }

  // MARK: The driver

  /// Takes the walks to their ends, on several threads; results in order.
  private func walk<W: WindowWalk>(_ count: Int, threads: Int, _ start: @Sendable (Int) -> W) throws -> [(
    walk: W, work: ModelWork
  )] {
    let groups = evenGroups(count, largest: Self.streams, threads: threads)
    return Array(try parallelMap(groups.count, threads: threads) { try finish(groups[$0].map(start)) }.joined())
  }

  /// Side by side: every walk goes on until it needs an evaluation, then all that are needed are made at once.
  private func finish<W: WindowWalk>(_ group: [W]) throws -> [(walk: W, work: ModelWork)] {
    var walks = group.map { (walk: $0, work: ModelWork()) }
    let streams = model.makeStreams(count: group.count)
    let buffer = DistributionBuffer()
    let narrowed = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 256)
    defer { narrowed.deallocate() }
    var isWaiting = true
    while isWaiting {
      isWaiting = false
      for index in walks.indices {
        while !walks[index].walk.isDone {
          var distribution = try buffer.read(index, of: streams, precision: precision)
          if let followers = cuts.followers {
            distribution = distribution.given(try followers.after(walks[index].walk.window), in: narrowed)
          }
          let step = walks[index].walk.step(distribution)
          if step.restarts {
            streams.restart(index)
            walks[index].work.restart()
          } else if let byte = step.byte, !walks[index].walk.isDone {
            walks[index].work.append()
            if !streams.append(byte, to: index) {
              isWaiting = true
              break
            }
          }
        }
      }
      streams.evaluate()
    }
    return walks
  }
}

/// What M1 reads while a text is coded; beginnings that it has read before count as if it read them again.
struct ModelWork: Sendable, Equatable {
  /// Bytes read.
  private(set) var bytes = 0
  /// Positions that they attended to, themselves and the beginning included.
  private(set) var positions = 0
  private var context = 1

  mutating func append() {
    context += 1
    bytes += 1
    positions += context
  }
  mutating func restart() { context = 1 }
}
