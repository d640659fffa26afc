import Foundation
import Support
import Transformer

/// One configuration's training in this process: its largest resident memory in units of 10^6 bytes.
/// - Throws: ``BenchError/unknownSize(_:)``, `TransformerError`.
package func trainingPeakMegabytes(
  size: String, vocabulary: Int, precision: Precision, threads: Int
) throws -> Double {
  _ = try measuredStep(
    shape: try benchShape(size, vocabulary: vocabulary),
    options: TrainBench.options(for: size, precision: precision, threads: threads), threads: threads, seconds: 0)
  #if os(Linux)  // getrusage would count what the process that started this one held
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    for line in status.split(separator: "\n") where line.hasPrefix("VmHWM:") {
      if let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) }) {
        return kilobytes / 1000 * 1.024
      }
    }
    throw FileError("/proc/self/status", "has no VmHWM line")
  #else
    var usage = rusage()
    getrusage(RUSAGE_SELF, &usage)
    return Double(usage.ru_maxrss) / 1e6
  #endif
}

/// The same in a process of its own, so that memory which other configurations took does not count.
/// - Parameter program: this program, whose `bench train --memory-only` prints it.
package func trainingPeakMegabytes(
  program: String, size: String, vocabulary: Int, precision: Precision, threads: Int
) throws -> Double? {
  let output = try outputOf(
    program,
    [
      "bench", "train", "--memory-only", "--sizes", size, "--vocabularies", "\(vocabulary)", "--precisions",
      precision.rawValue, "--threads", "\(threads)",
    ])
  return Double(String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
}
