import Foundation
import Records
import Store
import Support

/// Where the cells of a run stand, told from records, claims and what lies beside checkpoints: no scheduler is asked.
public struct RunStatus: Sendable, Codable {
  public enum State: String, Sendable, Codable, CaseIterable { case done, failed, running, waiting }
  public struct Cell: Sendable, Codable {
    public var index: Int
    public var title: String
    public var state: State
    /// Of a failed cell.
    public var reason: String?
    /// Of a running one: where, and what it is making, as in `model/0123…`.
    public var host: String?
    public var process: Int32?
    public var entry: String?
    /// How far the training under way is, a trial's where the cell is searched; of a waiting cell, how far it was when it
    /// was stopped.
    public var step, steps: Int?
    /// Of that training, and of others where the speed of the run's cells is known; without the trials to come.
    public var secondsLeft: Double?
  }
  /// A task that ended with an error that is not one cell's.
  public struct FailedTask: Sendable, Codable {
    /// As in "prepare 0".
    public var task: String
    public var reason: String
  }
  public var cells: [Cell]
  public var failedTasks: [FailedTask]
  /// Why records of the run cannot be used; their cells stand as if they had none.
  public var damagedRecords: [String]
  /// What makes entries that no single cell asked for: M1s, tokenizers, tokens.
  public var others: [String]
  /// Of all cells that are not done, at the number of those that run now; nil where it is not known.
  public var secondsLeft: Double?

  public func count(_ state: State) -> Int { cells.count { $0.state == state } }

  /// - Parameter plan: nil where it cannot be made, such as without a plug-in; then less is known of the time that is left.
  public init(_ experiment: ResolvedExperiment, plan: Plan?, folder: RunFolder, store: ContentStore) throws {
    var damaged: [String] = []
    let known = try folder.knownRecords { damaged.append("\($0)") }
    damagedRecords = damaged
    var finished: [JSONValue: RunRecord] = [:], failed: [JSONValue: RunRecord] = [:]
    var speeds: [Double] = []  // training FLOPs a second
    for record in known {
      if record.isFinished { finished[record.request] = record } else { failed[record.request] = record }
      if let flops = record.flops?.trainingAll, let seconds = record.measurement("trainingSeconds", of: "model"),
        seconds > 0
      {
        speeds.append(flops / seconds)
      }
    }
    let work = try store.workUnderWay()
    let stopped = try store.workFolders().compactMap { WorkProgress(folder: $0) }
    let speed = speeds.isEmpty ? nil : speeds.sorted()[speeds.count / 2]
    cells = try experiment.cells.enumerated().map { index, request in
      var cell = Cell(index: index, title: request.title, state: .waiting)
      let asked = try JSONValue(encoding: request)
      if finished[asked] != nil {
        cell.state = .done
        return cell
      }
      let estimate = plan?.cells[index].flops.flatMap { flops in speed.map { flops / $0 } }
      if let one = work.last(where: { $0.holder.purpose == request.purpose }) {
        cell.state = .running
        (cell.host, cell.process, cell.entry) = (one.holder.host, one.holder.process, one.entry)
        let progress = WorkProgress(folder: one.folder)
        (cell.step, cell.steps) = (progress?.step, progress?.steps)
        cell.secondsLeft = progress?.secondsLeft ?? estimate
      } else if let record = failed[asked] {
        (cell.state, cell.reason) = (.failed, record.error)
      } else {
        let progress = stopped.last { $0.purpose == request.purpose }
        (cell.step, cell.steps) = (progress?.step, progress?.steps)
        cell.secondsLeft = progress?.secondsLeft ?? estimate
      }
      return cell
    }
    let purposes = Set(experiment.cells.map(\.purpose))
    others = work.compactMap { one in
      guard let purpose = one.holder.purpose, !purposes.contains(purpose) else { return nil }
      return "\(purpose): \(one.entry) by process \(one.holder.process) on \(one.holder.host)"
    }
    // What failed once and is done by now, by whatever way, is no failure any more.
    let done = Set(cells.filter { $0.state == .done }.map { "\(StageKind.cell.rawValue) \($0.index)" })
    failedTasks = done.count == cells.count ? [] : folder.taskFailures().filter { !done.contains($0.task) }
    let open = cells.filter { $0.state == .running || $0.state == .waiting }
    secondsLeft =
      open.contains { $0.secondsLeft == nil }
      ? nil : open.compactMap(\.secondsLeft).reduce(0, +) / Double(max(1, open.count { $0.state == .running }))
  }

  /// For a terminal: counts, then what runs, what failed and why, what waits.
  public var description: String {
    var lines = [State.allCases.map { "\(count($0)) \($0.rawValue)" }.joined(separator: ", ")]
    for cell in cells where cell.state == .running {
      lines.append(
        "running  \(cell.title)  on \(cell.host ?? "unknown"), process \(cell.process ?? 0)" + place(cell)
          + (cell.secondsLeft.map { ", \(duration($0)) left" } ?? ""))
    }
    lines += others.map { "running  \($0)" }
    for cell in cells where cell.state == .failed {
      lines.append("failed   \(cell.title): \(printable(cell.reason ?? ""))")
    }
    lines += failedTasks.map { "failed   task \($0.task): \(printable($0.reason))" }
    lines += damagedRecords.map { "damaged  \(printable($0))" }
    for cell in cells where cell.state == .waiting { lines.append("waiting  \(cell.title)" + place(cell)) }
    if let secondsLeft, count(.running) + count(.waiting) > 0 {
      lines.append("about \(duration(secondsLeft)) left with as many running as now")
    }
    return lines.joined(separator: "\n")
  }

  private func place(_ cell: Cell) -> String {
    guard let step = cell.step, let steps = cell.steps else { return "" }
    return ", step \(step) of \(steps)"
  }
}

extension RunFolder {
  private var failuresPath: String { path + "/failed-tasks" }

  /// Keeps why a task ended with an error that no record holds; nil where it went well.
  public func note(_ failure: String?, of task: String) throws {
    let file = "\(failuresPath)/\(task.replacingOccurrences(of: " ", with: "-")).json"
    guard let failure else {
      try? FileManager.default.removeItem(atPath: file)
      return
    }
    try makeFolder(failuresPath)
    try writeAtomically(jsonEncoder().encode(RunStatus.FailedTask(task: task, reason: failure)), to: file)
  }

  func taskFailures() -> [RunStatus.FailedTask] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: failuresPath)) ?? []
    return names.sorted().compactMap { name in
      guard name.hasSuffix(".json"), let data = try? Data(contentsOf: URL(fileURLWithPath: "\(failuresPath)/\(name)"))
      else { return nil }
      return try? JSONDecoder().decode(RunStatus.FailedTask.self, from: data)
    }
  }

  /// Its records, none where nothing has been recorded yet.
  fileprivate func knownRecords(unreadable: (FileError) throws -> Void = { throw $0 }) throws -> [RunRecord] {
    try FileManager.default.fileExists(atPath: records.path) ? records.all(unreadable: unreadable) : []
  }

  /// Indices of an experiment's cells that have no finished record here.
  public func missing(of experiment: ResolvedExperiment) throws -> [Int] {
    let finished = Set(try knownRecords().filter(\.isFinished).map(\.request))
    return try experiment.cells.indices.filter {
      finished.contains(try JSONValue(encoding: experiment.cells[$0])) == false
    }
  }
}
