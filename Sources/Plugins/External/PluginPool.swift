import Support
import Synchronization
import Tokenizers

/// The processes of one loaded tokenizer: as many as threads ask at once, each with one request in flight.
///
/// The first failure is the last thing that happens: every later request gets it at once, none is tried again.
final class PluginPool: Sendable {
  private struct State {
    var idle: [PluginProcess] = []
    var failure: PluginFailure?
  }
  let loaded: PluginLoaded
  /// What `train` wrote; removed with the pool.
  let state: TemporaryFolder
  private let program: PluginProgram
  private let parameters: [String: PluginRequest.Value]
  private let processes: Mutex<State>

  /// Starts one process and loads the tokenizer in it.
  /// - Throws: ``PluginFailure``, ``PluginRefusal``.
  init(_ program: PluginProgram, parameters: [String: PluginRequest.Value], state: TemporaryFolder) throws {
    self.program = program
    self.parameters = parameters
    self.state = state
    let (process, loaded) = try Self.start(program, parameters, state)
    self.loaded = loaded
    processes = Mutex(State(idle: [process]))
  }

  private static func start(
    _ program: PluginProgram, _ parameters: [String: PluginRequest.Value], _ state: TemporaryFolder
  ) throws -> (PluginProcess, PluginLoaded) {
    let process = try program.start()
    var request = PluginRequest(.load)
    request.parameters = parameters
    request.folder = state.path
    let loaded = try process.ask(request, as: PluginLoaded.self).answer
    guard (1...1 << 31).contains(loaded.vocabulary), (0...1e30).contains(loaded.flopsPerByte ?? 0) else {
      throw process.failure(
        "answers 'load' with a vocabulary of \(loaded.vocabulary) and \(loaded.flopsPerByte ?? 0) flopsPerByte")
    }
    return (process, loaded)
  }

  /// Runs `body` with a process that no other thread has.
  /// - Throws: ``PluginFailure``, after which nothing else is thrown; ``PluginRefusal``.
  func use<Result>(_ body: (PluginProcess) throws -> Result) throws -> Result {
    let idle: PluginProcess? = try processes.withLock { state in
      if let failure = state.failure { throw failure }
      return state.idle.popLast()
    }
    do {
      let process = try idle ?? another()
      do {
        let result = try body(process)
        giveBack(process)
        return result
      } catch let refusal as PluginRefusal {
        giveBack(process)
        throw refusal
      }
    } catch let failure as PluginFailure {
      let idle = processes.withLock { state in
        if state.failure == nil { state.failure = failure }
        defer { state.idle = [] }
        return state.idle
      }
      withExtendedLifetime(idle) {}  // ended outside of the lock
      throw failure
    }
  }

  private func giveBack(_ process: PluginProcess) {
    processes.withLock { state in
      if state.failure == nil { state.idle.append(process) }
    }
  }

  private func another() throws -> PluginProcess {
    do {
      let (process, loaded) = try Self.start(program, parameters, state)
      guard loaded == self.loaded else {
        throw process.failure(
          "loads a vocabulary of \(loaded.vocabulary) where another process loaded \(self.loaded.vocabulary)")
      }
      return process
    } catch let refusal as PluginRefusal {
      throw PluginFailure(description: "its plug-in loads no more what it loaded before: \(refusal)")
    }
  }
}

extension PluginPool {
  /// Bytes of text, or of tokens, that go into one request where there are many items; fewer where that keeps more
  /// threads busy.
  static let batchBytes = 1 << 20
  static let batchItems = 4096

  /// - Returns: each text's tokens, as the plug-in numbers them.
  func encode(_ texts: [[UInt8]], threads: Int) throws -> [[Token]] {
    try batches(texts.map(\.count), threads: threads) { try $0.encode(texts[$1]) }
  }

  /// How many bytes each token of each text stands for.
  /// - Parameter tokenCounts: of each text.
  /// - Throws: ``PluginRefusal`` also where the plug-in's answer is no such thing.
  func byteCounts(of tokenCounts: [Int], in texts: [[UInt8]]) throws -> [[Int]] {
    let spans = try batches(texts.map(\.count), threads: 1) { try $0.spans(texts[$1]) }.map { $0.map(Int.init) }
    for (spans, (count, text)) in zip(spans, zip(tokenCounts, texts)) {
      let sum = spans.reduce(0, +)
      guard spans.count == count, sum == text.count else {
        throw PluginRefusal(
          description: "its spans are \(spans.count) with \(sum) bytes, for \(count) tokens of \(text.count) bytes")
      }
    }
    return spans
  }

  /// - Parameter byteCounts: as in ``PluginProcess/decode(_:_:byteCounts:)``.
  func decode(
    _ items: [[Token]], _ kind: PluginRequest.Kind, byteCounts: [Int]?, threads: Int
  ) throws -> [[UInt8]] {
    try batches(items.map { 4 * $0.count }, threads: threads) { process, range in
      try process.decode(items[range], kind, byteCounts: byteCounts?[range])
    }
  }

  /// Results of all items, in order.
  private func batches<Result: Sendable>(
    _ sizes: [Int], threads: Int, _ body: @Sendable (PluginProcess, Range<Int>) throws -> [Result]
  ) throws -> [Result] {
    let share = sizes.reduce(0, +) / max(1, threads)
    let ranges = Self.batches(sizes, bytes: min(Self.batchBytes, max(1 << 16, share + 1)))
    return try parallelMap(ranges.count, threads: threads) { index in
      try use { try body($0, ranges[index]) }
    }.flatMap { $0 }
  }

  /// Consecutive items, at most ``batchItems`` and so many bytes together, or one item.
  static func batches(_ sizes: [Int], bytes most: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0, bytes = 0
    for (index, size) in sizes.enumerated() {
      if index > start, bytes + size > most || index - start == batchItems {
        ranges.append(start..<index)
        (start, bytes) = (index, 0)
      }
      bytes += size
    }
    if start < sizes.count { ranges.append(start..<sizes.count) }
    return ranges
  }
}

extension PluginPool {
  /// The tokens of texts.
  /// - Throws: ``PluginRefusal`` where one is none of the vocabulary, and what ``encode(_:threads:)`` throws.
  func checkedEncode(_ texts: [[UInt8]], threads: Int) throws -> [[Token]] {
    let ids = try encode(texts, threads: threads)
    if let foreign = ids.joined().first(where: { $0 >= loaded.vocabulary }) {
      throw PluginRefusal(description: "it gives token \(foreign) of a vocabulary of \(loaded.vocabulary)")
    }
    return ids
  }
}
