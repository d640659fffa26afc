import Foundation
import Transformer

/// What can keep a measurement from being made.
package enum BenchError: Error, Sendable, Equatable, CustomStringConvertible {
  case emptyText
  case unknownSize(String)
  case needsM1(String)
  /// A program that was to be measured beside: its command line, and what went wrong.
  case child(String, reason: String)

  package var description: String {
    switch self {
    case .emptyText: "the text to measure on is empty"
    case .unknownSize(let size): "unknown size '\(size)'; known: \(ModelShape.sizeNames.joined(separator: ", "))"
    case .needsM1(let tokenizer): "\(tokenizer) needs an M1: name a folder of a tokenizer that has one with --m1"
    case .child(let command, let reason): "\(command): \(reason)"
    }
  }
}

/// - Throws: ``BenchError/unknownSize(_:)``.
package func benchShape(_ size: String, vocabulary: Int) throws -> ModelShape {
  guard let shape = ModelShape(named: size, vocabulary: vocabulary) else { throw BenchError.unknownSize(size) }
  return shape
}

/// What a program prints. Its errors go where ours go; only its output is a pipe, and it is read to the end before the
/// program is waited for, so that neither waits for the other.
/// - Throws: ``BenchError/child(_:reason:)`` where it cannot be run or fails.
func outputOf(_ program: String, _ arguments: [String]) throws -> Data {
  let command = ([program] + arguments).joined(separator: " ")
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  do { try process.run() } catch {
    throw BenchError.child(command, reason: "cannot be run: \(error.localizedDescription)")
  }
  let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else {
    throw BenchError.child(command, reason: "failed with status \(process.terminationStatus)")
  }
  return output
}
