import Metrics
import Records

/// What a finished cell's training said on its way, for programs that draw curves.
public struct TrainingLog: Sendable {
  /// Names the cell: protocol, tokenizer, size, seed.
  public let run: [String]
  /// Bits/byte by the number of steps: of the training text since the step before, and of the first held-out examples.
  public let training, heldOut: [(step: Int, bitsPerByte: Double)]

  /// Of the newest finished record of each cell.
  public static func all(of contents: [RecordFolder.Contents]) -> [TrainingLog] {
    RecordFolder.Contents(contents.flatMap(\.records)).records.compactMap { record in
      guard record.isFinished, let training = record.training else { return nil }
      let bitsPerNat = training.bytes > 0 ? Double(training.tokens) / training.bytes / natsPerBit : nil
      return TrainingLog(
        run: [record.protocol.hash, record.tokenizer, record.size, "seed\(record.seed)"],
        training: bitsPerNat.map { factor in training.lossNats.map { ($0.step, $0.value * factor) } } ?? [],
        heldOut: training.heldOutBitsPerByte.map { ($0.step, $0.value) })
    }
  }
}
