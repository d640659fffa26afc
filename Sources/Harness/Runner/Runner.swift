import Foundation
import Records
import Store
import Support
import Synchronization
import Tokenizers
import Transformer

/// Runs the cells of a resolved experiment.
///
/// Any number of processes may run one experiment in one folder, or several over one store: each takes the cells that
/// no other is working on. A stopped run continues where it was; a finished one computes nothing.
public struct Runner: Sendable {
  public let cells: [CellRequest]
  public let records: RecordFolder
  public let stages: Stages
  public let jobs: Int

  /// - Parameter stages: with `waits` false, so that what others build is left for later.
  public init(_ cells: [CellRequest], records: RecordFolder, stages: Stages, jobs: Int) {
    self.cells = cells
    self.records = records
    self.stages = stages
    self.jobs = max(1, jobs)
  }

  /// The outcome of all cells, in their order.
  public struct Outcome: Sendable {
    public let records: [RunRecord]
    /// Cells of which everything was there already.
    public let reused: Int
    public var failures: [RunRecord] { records.filter { !$0.isFinished } }
  }

  private struct State {
    var waiting: [Int]
    var records: [Int: RunRecord] = [:]
    var reused = 0
    /// Cells that were said to wait.
    var postponed: Set<Int> = []
  }

  /// - Parameter each: called after every record, one at a time.
  /// - Throws: what keeps records from being written. A failing cell is recorded, and the others go on.
  public func run(each: @Sendable (RunRecord) throws -> Void) throws -> Outcome {
    let state = Mutex(State(waiting: Array(cells.indices)))
    let reporting = Mutex(())
    _ = try parallelMap(min(jobs, cells.count), threads: jobs) { _ in
      var busy: Set<Int> = []
      while let index = state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) {
        let request = cells[index]
        do {
          try stages.stop.check()
          let (record, reusedAll) = try stages.record(request)
          try records.append(record)
          report(request, record, reusedAll: reusedAll)
          state.withLock { state in
            state.records[index] = record
            if reusedAll, record.isFinished { state.reused += 1 }
          }
          try reporting.withLock { _ in try each(record) }
        } catch let error as HarnessError {
          guard case .busy = error else { throw error }
          busy.insert(index)
          let (isNew, others) = state.withLock { state in
            state.waiting.append(index)
            return (state.postponed.insert(index).inserted, state.waiting.count)
          }
          if isNew { stages.progress.line("\(request.title): later; \(error)") }
          // All that is left may be in other hands: a pause, not a race through the list.
          if busy.count >= others { Thread.sleep(forTimeInterval: min(0.5, Claim.staleSeconds / 5)) }
        }
      }
    }
    return state.withLock { state in
      Outcome(records: cells.indices.compactMap { state.records[$0] }, reused: state.reused)
    }
  }

  private func report(_ request: CellRequest, _ record: RunRecord, reusedAll: Bool) {
    let title = request.title
    if let error = record.content.error {
      stages.progress.line("\(title): failed: \(error)")
    } else if let reason = record.content.notAffordable {
      stages.progress.line("\(title): not affordable: \(reason)")
    } else {
      let bits = record.bitsPerByte.map { String(format: "%.3f bits/byte", $0) } ?? "no bits/byte"
      let time =
        reusedAll ? "was there" : duration(record.measurement("trainingSeconds", of: StoreKind.model.rawValue) ?? 0)
      stages.progress.line("\(title): \(record.training?.steps ?? 0) steps, \(time), \(bits)")
    }
  }
}
