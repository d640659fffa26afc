import Foundation
import Support
import Synchronization

/// Runs an experiment's tasks on this machine, as processes of their own: every `prepare`, then every `tokens`, then the
/// cells, which are handed out one by one to processes that go from one to the next.
public struct LocalEngine: Sendable {
  let graph: TaskGraph
  let missing: [Int]
  let command: TaskCommand
  let processes: Int
  let threads: Int
  /// Handed on to the tasks, which save what they have.
  let stop: StopRequest
  /// Gets what the tasks say, line by line.
  let report: @Sendable (String) -> Void

  /// - Parameter threads: of all processes together.
  public init(
    _ graph: TaskGraph, missing: [Int], command: TaskCommand, processes: Int, threads: Int,
    stop: StopRequest = StopRequest(), report: @escaping @Sendable (String) -> Void
  ) {
    self.stop = stop
    self.graph = graph
    self.missing = missing
    self.command = command
    self.processes = max(1, processes)
    self.threads = max(1, threads / max(1, processes))
    self.report = report
  }

  /// - Returns: whether every task went well.
  /// - Throws: ``FileError`` where the program cannot be started; `Stopped`.
  public func run() throws -> Bool {
    let (preparations, tokenizations) = graph.needed(for: missing)
    let prepared = try each(.prepare, preparations)
    let ready = tokenizations.filter { prepared[preparations.firstIndex(of: graph.tokenizations[$0].preparation) ?? 0] }
    let tasks = ready.flatMap { graph.tasks(of: $0) }
    let tokenized = try each(.tokens, tasks)
    // What has failed has left its cells their records; no cell waits for it.
    let usable = Set(tokenizations).subtracting(zip(tasks, tokenized).filter { !$1 }.map { $0.0 / graph.parts })
      .intersection(ready)
    let lost = Set(tokenizations).subtracting(usable).flatMap { graph.tokenizations[$0].cells }
    let cells = missing.filter { !lost.contains($0) }
    let waiting = WaitingCells(cells)
    let done = try waitingMap(min(processes, cells.count), threads: processes) { _ in
      var isDone = true
      // A process that dies takes the cell with it that it was at; the next one goes on with the others.
      while !waiting.isEmpty {
        var taken: [Int] = []
        let ending = try runTask(.cell, StageKind.asked) { _ in
          let next = waiting.next()
          if let next { taken.append(next) }
          return next.map { "\($0)" }
        }
        isDone = isDone && ending == .status(0)
        if case .signal = ending, let last = taken.last { report("cell \(last): its process \(ending)") }
        if taken.isEmpty { break }  // it cannot even begin
      }
      return isDone
    }
    return !(prepared + tokenized + done).contains(false)
  }

  /// Each in a process of its own; whether it went well.
  private func each(_ stage: StageKind, _ indices: [Int]) throws -> [Bool] {
    try waitingMap(indices.count, threads: processes) {
      let ending = try runTask(stage, "\(indices[$0])")
      if case .signal = ending { report("\(stage.rawValue) \(indices[$0]): its process \(ending)") }
      return ending == .status(0)
    }
  }

  private func runTask(_ stage: StageKind, _ index: String, answer: ((String) -> String?)? = nil) throws
    -> ChildProcess.Ending
  {
    try stop.check()
    let ending = try runProgram(words(stage, index), stop: stop, report: report, answer: answer)
    if ending == .status(Stopped.exitStatus) { throw Stopped() }
    try stop.check()  // it may have been too young to hear of it
    return ending
  }

  private func words(_ stage: StageKind, _ index: String) -> [String] {
    [
      command.program, "stage", stage.rawValue, command.experiment, "--index", index, "--out", command.runFolder,
      "--store", command.store, "--threads", "\(threads)", "--token-tasks", "\(graph.parts)",
    ]
  }
}

/// Cells that no process has been handed yet.
private final class WaitingCells: Sendable {
  private let cells: Mutex<ArraySlice<Int>>
  init(_ cells: [Int]) { self.cells = Mutex(cells[...]) }
  var isEmpty: Bool { cells.withLock { $0.isEmpty } }
  /// nil where none is left.
  func next() -> Int? { cells.withLock { $0.popFirst() } }
}

/// As ``parallelMap(_:threads:_:)``, for bodies that wait for other processes: as many at once as asked for, however few
/// cores there are.
private func waitingMap<T: Sendable>(_ count: Int, threads: Int, _ body: @escaping @Sendable (Int) throws -> T) throws
  -> [T]
{
  let results = Mutex<[Result<T, any Error>?]>(Array(repeating: nil, count: count))
  let next = Atomic<Int>(0)
  let group = DispatchGroup()
  for _ in 0..<min(threads, count) {
    group.enter()
    Thread.detachNewThread {
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= count { break }
        let result = Result { try body(index) }
        results.withLock { $0[index] = result }
      }
      group.leave()
    }
  }
  group.wait()
  return try results.withLock { try $0.compactMap { try $0?.get() } }
}

extension StageKind {
  /// In place of an index: a line of standard input for each task, asked for by a line of standard output.
  public static let asked = "-"
}

/// Runs a program to its end.
/// - Parameters:
///   - stop: once it is made, the program gets SIGUSR1.
///   - report: gets the lines of its standard error, and of its output where nothing answers them.
///   - answer: gets the lines of its output, and gives a line for its input; nil closes that.
public func runProgram(
  _ words: [String], stop: StopRequest = StopRequest(), report: (String) -> Void, answer: ((String) -> String?)? = nil
) throws -> ChildProcess.Ending {
  let child = try ChildProcess(words)
  if answer == nil { child.closeInput() }
  var output = Lines(), errors = Lines()
  var pending: [UInt8] = []
  var isTold = false
  func tell() {
    guard stop.isMade, !isTold else { return }
    child.send(signal: SIGUSR1)
    isTold = true
  }
  while !child.isOutputOver {
    tell()
    let hasEnded = child.hasEnded  // asked before reading: what it wrote before is read below
    let turn = pending.withUnsafeBytes {
      child.turn(writing: $0, seconds: hasEnded ? 0 : 0.2, output: { output.add($0) }, errors: { errors.add($0) })
    }
    pending.removeFirst(turn.written)
    for line in output.take() {
      guard let answer else {
        report(line)
        continue
      }
      if let text = answer(line) { pending += Array((text + "\n").utf8) } else { child.closeInput() }
    }
    errors.take().forEach(report)
    if hasEnded, turn.read == 0 { break }
  }
  while !child.ends(within: 1, errors: { errors.add($0) }) {
    tell()
    errors.take().forEach(report)
  }
  let ending = child.end { errors.add($0) }
  for line in errors.take() + [errors.rest, answer == nil ? output.rest : ""] where !line.isEmpty { report(line) }
  return ending
}

/// Bytes that become lines.
private struct Lines {
  private var bytes: [UInt8] = []

  mutating func add(_ more: UnsafeRawBufferPointer) { bytes += more }
  /// What has no end yet.
  var rest: String { String(decoding: bytes, as: UTF8.self) }
  /// The whole lines so far.
  mutating func take() -> [String] {
    guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
    defer { bytes.removeSubrange(...last) }
    return bytes[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }
}
