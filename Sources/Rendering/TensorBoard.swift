import Analysis
import Foundation
import Support

/// Writes each cell's curves as an event file for TensorBoard, `FOLDER/protocol/tokenizer/size/seed/events…`, whole or not
/// at all: `tensorboard --logdir FOLDER` shows them.
/// - Throws: ``FileError``.
public func writeTensorBoard(_ logs: [TrainingLog], to folder: String) throws {
  for log in logs {
    let path = folder + "/" + log.run.map(fileName).joined(separator: "/")
    try makeFolder(path)
    try writeAtomically(eventFile(log), to: path + "/events.out.tfevents.0.harness")
  }
}

/// One part of a path, whatever the name holds: seen when it is listed, and of a length that file systems take.
private func fileName(_ part: String) -> String {
  let name = String(visible(part).map { $0 == "/" || $0 == "\\" ? "_" : $0 })
  if name.allSatisfy({ $0 == "." }) { return "_" }
  guard name.utf8.count > 200 else { return name }
  return String(decoding: name.utf8.prefix(180), as: UTF8.self) + "-" + sha256(Array(part.utf8)).prefix(16)
}

/// Records of protocol buffers `Event`, each between its length and checksums, as TensorFlow's record writer frames them.
func eventFile(_ log: TrainingLog) -> [UInt8] {
  var file = framed(event(step: 0, [3 << 3 | 2] + sized(Array("brain.Event:2".utf8))))
  for (tag, points) in [("bits per byte/training", log.training), ("bits per byte/held out", log.heldOut)] {
    for point in points {
      // Summary { value { tag, simple_value } }
      let value =
        [1 << 3 | 2] + sized(Array(tag.utf8)) + [2 << 3 | 5] + littleEndian(Float(point.bitsPerByte).bitPattern)
      file += framed(event(step: point.step, [5 << 3 | 2] + sized([1 << 3 | 2] + sized(value))))
    }
  }
  return file
}

/// `Event { wall_time, step, … }`; the time is the step, so that equal records give equal files. Zeros are not written.
private func event(step: Int, _ what: [UInt8]) -> [UInt8] {
  if step == 0 { return what }
  return
    [1 << 3 | 1] + littleEndian(Double(step).bitPattern) + [2 << 3 | 0] + variableLength(UInt64(step)) + what
}

private func framed(_ data: [UInt8]) -> [UInt8] {
  let length = littleEndian(UInt64(data.count))
  return length + littleEndian(maskedChecksum(length)) + data + littleEndian(maskedChecksum(data))
}

private func sized(_ data: [UInt8]) -> [UInt8] { variableLength(UInt64(data.count)) + data }

private func variableLength(_ value: UInt64) -> [UInt8] {
  var (bytes, left) = ([UInt8](), value)
  repeat {
    bytes.append(UInt8(left & 0x7F) | (left > 0x7F ? 0x80 : 0))
    left >>= 7
  } while left > 0
  return bytes
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// CRC-32C (Castagnoli), rotated and shifted as TensorFlow does, since the data may hold checksums itself.
private func maskedChecksum(_ data: [UInt8]) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in data {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
  crc = ~crc
  return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
}
