import Foundation
import Support
import Transformer

/// An experiment's missing cells as jobs of Slurm: prepare → an array over tokenizers → a tokenizer's cells wait for that
/// tokenizer alone → report. Two files in the run folder: `jobs/stage.sh`, which every task runs, and `jobs/submit.sh`, which
/// submits them.
public struct SlurmSubmission: Sendable {
  let graph: TaskGraph
  /// Indices of the cells to be trained.
  let missing: [Int]
  let command: TaskCommand
  /// Of the experiment and its variants, by the variant's name, "" for the experiment as it stands.
  let clusters: [String: Experiment.Cluster]
  /// Given with the command: of every job, after the experiment's own.
  let options: [String]
  /// Slurm's: an index of an array is below it.
  let largestArray: Int

  public init(
    _ graph: TaskGraph, missing: [Int], command: TaskCommand, experiment: Experiment, options: [String],
    largestArray: Int
  ) {
    self.graph = graph
    self.missing = missing
    self.command = command
    self.options = options
    self.largestArray = max(1, largestArray)
    clusters = Dictionary(
      experiment.all.map { ($0.variant ?? "", $0.cluster) }, uniquingKeysWith: { first, _ in first })
  }

  private var jobs: String { command.runFolder + "/jobs" }

  /// What every task runs. A signal before the time limit makes the program save and leave with 75, and the task is put
  /// back into the queue; a status of 138 says that the signal came before the program could hear it, or while it ended.
  public var stageScript: String {
    """
    #!/bin/bash
    # One task of this run: stage.sh STAGE OFFSET, under sbatch. Written by 'harness submit'.
    trap 'kill -USR1 "$task"' USR1
    \(shellWord(command.program)) stage "$1" \(shellWord(command.experiment)) --index "$SLURM_ARRAY_TASK_ID" --offset "$2" \\
      --token-tasks \(graph.parts) \\
      --out \(shellWord(command.runFolder)) --store \(shellWord(command.store)) --threads "${SLURM_CPUS_PER_TASK:-${SLURM_CPUS_ON_NODE:-1}}" &
    task=$!
    wait "$task"; status=$?
    while kill -0 "$task" 2>/dev/null; do wait "$task"; status=$?; done
    case $status in
      75|138) exec scontrol requeue "${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-$SLURM_JOB_ID}" ;;
    esac
    exit "$status"

    """
  }

  /// Submits everything and prints `stage job` for each job; where one is refused, cancels those before it.
  public var submitScript: String {
    var lines = [
      "#!/bin/bash",
      "# Submits \(missing.count) of the \(graph.cells.count) cells of \(printable(command.experiment)). Written by 'harness submit'.",
      "set -euo pipefail",
      "unset SLURM_CPUS_PER_TASK  # of a job that this is run in: sbatch would hand it on to jobs that ask for no number",
      "jobs=()",
      "trap '[ $? = 0 ] || [ ${#jobs[@]} = 0 ] || scancel \"${jobs[@]}\"' EXIT",
      "submit() {  # NAME, then sbatch's arguments; the job's number is then in $job",
      "  job=$(sbatch --parsable --job-name=\"$1\" --chdir=\(shellWord(command.workingFolder)) --requeue --signal=B:USR1@300 \\",
      "    --kill-on-invalid-dep=yes --open-mode=append \"${@:2}\")",
      "  job=${job%%;*}",
      "  jobs+=(\"$job\")",
      "  echo \"$1 $job\"",
      "}",
      "stage=\(shellWord(jobs + "/stage.sh"))",
      "logs=\(shellWord(jobs + "/logs"))",
    ]
    let (preparations, wanted) = graph.needed(for: missing)
    for (indices, block) in blocks(preparations) {
      let asked = indices.compactMap { graph.preparations[$0] }.map { gpus($0.training) }.first { !$0.isEmpty } ?? []
      lines += array(.prepare, indices, block, dependency: nil, asked + (clusters[""]?.options(.prepare) ?? []))
      lines.append("prepare_\(block)=$job")
    }
    for preparation in preparations {
      let tasks = wanted.filter { graph.tokenizations[$0].preparation == preparation }.flatMap { graph.tasks(of: $0) }
      for (indices, block) in blocks(tasks) {
        let after = "afterok:${prepare_\(preparation / largestArray)}_\(preparation % largestArray)"
        lines += array(.tokens, indices, block, dependency: after, clusters[""]?.options(.tokens) ?? [])
        lines.append("tokens_\(preparation)_\(block)=$job")
      }
    }
    // Cells that wait for the same tokenizers and ask for the same machines are one array.
    struct Need: Hashable {
      var tokenizations: [Int] = []
      var options: [String]
    }
    var needs = Dictionary(
      uniqueKeysWithValues: missing.map { cell in
        let own = clusters[graph.cells[cell].variant ?? ""]?.options(.cell) ?? []
        return (cell, Need(options: gpus(graph.cells[cell].m2) + own))
      })
    for tokenization in wanted {
      for cell in graph.tokenizations[tokenization].cells { needs[cell]?.tokenizations.append(tokenization) }
    }
    let groups = Dictionary(grouping: missing) { needs[$0] }
    var cellJobs = 0
    for one in unique(missing.compactMap { needs[$0] }) {
      let after = one.tokenizations.flatMap { tokenization in
        graph.tasks(of: tokenization).map { task in
          "${tokens_\(graph.tokenizations[tokenization].preparation)_\(task / largestArray)}_\(task % largestArray)"
        }
      }
      for (indices, block) in blocks(groups[one] ?? []) {
        lines += array(.cell, indices, block, dependency: "afterok:" + after.joined(separator: ":"), one.options)
        lines.append("cells[\(cellJobs)]=$job")
        cellJobs += 1
      }
    }
    let report =
      [command.program, "report", command.runFolder] + (command.baseline.map { ["--baseline", $0] } ?? [])
    lines.append(
      "submit report --dependency=afterany:\"$(IFS=:; echo \"${cells[*]}\")\" --output=\"$logs/report-%j.txt\" "
        + ((clusters[""]?.sbatch ?? []) + options).map { shellWord($0) + " " }.joined()
        + "--wrap=\(shellWord(report.map(shellWord).joined(separator: " ")))")
    return lines.joined(separator: "\n") + "\n"
  }

  /// What a training with PyTorch asks for.
  private func gpus(_ training: TrainingOptions) -> [String] { training.torch.map { ["--gres=gpu:\($0.gpus)"] } ?? [] }

  /// Writes both files.
  /// - Returns: the path of the second.
  /// - Throws: ``FileError``, also for a run folder whose logs Slurm would write to another path, or not at all, and for
  ///   options that would put other tasks in place of these.
  public func write() throws -> String {
    if let sign = command.runFolder.first(where: { "%\\".contains($0) }) {
      throw FileError(
        command.runFolder, "has '\(sign)' in its path, which Slurm takes for a pattern of its own; give another --out")
    }
    var given = options
    for cluster in clusters.values { given += cluster.sbatch + cluster.stageSbatch.values.joined() }
    if let own = given.first(where: { option in
      ["--array", "--dependency", "-a", "-d"].contains { option.hasPrefix($0) }
    }) {
      throw FileError(
        own, "cannot be an option of sbatch here: 'harness submit' says itself which tasks a job has and waits for")
    }
    try makeFolder(jobs + "/logs")
    try writeAtomically(Data(stageScript.utf8), to: jobs + "/stage.sh")
    let submit = jobs + "/submit.sh"
    try writeAtomically(Data(submitScript.utf8), to: submit)
    return submit
  }

  private func array(_ stage: StageKind, _ indices: [Int], _ block: Int, dependency: String?, _ own: [String])
    -> [String]
  {
    let offset = block * largestArray
    let words =
      ["submit \(stage.rawValue) --array=\(indexRanges(indices.map { $0 - offset }))"]
      + (dependency.map { ["--dependency=\"\($0)\""] } ?? [])
      + ["--output=\"$logs/\(stage.rawValue)-%A_%a.txt\""] + (own + options).map(shellWord)
    return [words.joined(separator: " ") + " \"$stage\" \(stage.rawValue) \(offset)"]
  }

  /// Indices by the block of ``largestArray`` that they lie in.
  private func blocks(_ indices: [Int]) -> [(indices: [Int], block: Int)] {
    unique(indices.map { $0 / largestArray }).map { block in
      (indices.filter { $0 / largestArray == block }, block)
    }
  }
}
