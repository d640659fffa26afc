import Metrics
import Records
import Support

extension RecordAnalysis {
  /// What made these numbers: program, commit, machine and libraries of every stage, and how much was there before.
  static let provenance = RecordAnalysis("provenance", title: "What made these numbers") { input in
    let entries = input.records.flatMap { record in
      record.circumstances.stages.enumerated().map { index, making in
        Entry(making: making, key: record.stages.indices.contains(index) ? record.stages[index].key : "")
      }
    }
    var artifacts: [Artifact] = []
    if !entries.isEmpty {
      let groups = Dictionary(grouping: entries, by: \.made)
      let rows = unique(entries.map(\.made)).map { (made: $0, entries: groups[$0] ?? []) }
      let order = unique(entries.map(\.made.kind))
      let sorted = rows.enumerated().sorted { a, b in
        let (x, y) = (order.firstIndex(of: a.element.made.kind) ?? 0, order.firstIndex(of: b.element.made.kind) ?? 0)
        return (x, a.offset) < (y, b.offset)
      }.map(\.element)
      artifacts.append(.table(Table(key: "provenance", sorted, fields: fields)))
      artifacts.append(
        .note(
          "Made is how many different things of the stage this program on this machine made; reused is how many cells "
            + "found theirs made by an earlier run."))
    }
    if !input.command.isEmpty {
      artifacts.append(.note("Every number above comes from a record in \(code: "records/"). To repeat:"))
      artifacts.append(.commands(input.command))
    }
    return artifacts
  }

  /// A stage of a record.
  private struct Entry {
    let making: RunRecord.Making
    let key: String
    var made: Made {
      let provenance = making.provenance
      return Made(
        kind: making.kind, program: provenance.program, commit: provenance.commit, host: provenance.host,
        cpu: provenance.cpu, cores: provenance.cores, system: provenance.system, threads: provenance.threads,
        libraries: provenance.libraries)
    }
  }

  /// What of a provenance is the same for all that one program made on one machine.
  private struct Made: Hashable {
    let kind, program: String
    let commit: String?
    let host, cpu: String
    let cores: Int
    let system: String
    let threads: Int
    let libraries: [String: String]
  }

  private static let fields: [TableField<(made: Made, entries: [Entry])>] = [
    .text("stage", "Stage") { $0.made.kind },
    .text("program", "Program") { $0.made.program },
    .text("commit", "Commit") { row in
      row.made.commit.map { "\($0.prefix(12))\($0.hasSuffix("+") && $0.count > 12 ? "+" : "")" }
    },
    .text("host", "Host") { $0.made.host },
    .text("cpu", "CPU") { $0.made.cpu },
    .number("cores", "Cores", .integer) { Double($0.made.cores) },
    .number("threads", "Threads", .integer) { Double($0.made.threads) },
    .text("system", "System") { $0.made.system },
    .text("libraries", "Kernels and libraries") { row in
      let sorted = row.made.libraries.sorted { $0.key < $1.key }
      return sorted.isEmpty ? nil : list(sorted.map { "\($0.key) \($0.value)" })
    },
    .number("made", "Made", .integer) { row in Double(Set(row.entries.map(\.key)).count) },
    .number("reused", "Reused", .integer) { row in Double(row.entries.count { $0.making.reused }) },
  ]
}
