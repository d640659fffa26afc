import Foundation

/// Programs over libraries that nobody here wrote, beside this file; `make test-python` installs the libraries.
struct Outside {
  private let python: String
  private let folder: String

  init() {
    var root = URL(fileURLWithPath: #filePath)
    folder = root.deletingLastPathComponent().path
    for _ in 0..<4 { root.deleteLastPathComponent() }
    python = root.path + "/.build/test-python/bin/python3"
  }

  func has(_ library: String) -> Bool {
    FileManager.default.isExecutableFile(atPath: python) && (try? output(["-c", "import \(library)"])) != nil
  }

  /// What a program writes to standard output of what it gets on standard input.
  func run(_ program: String, _ arguments: [String] = [], input: Data = Data()) throws -> Data {
    try output([folder + "/" + program] + arguments, input: input)
  }

  func run<Result: Decodable>(_ program: String, _ arguments: [String] = [], input: Data = Data(), as: Result.Type)
    throws
    -> Result
  { try JSONDecoder().decode(Result.self, from: run(program, arguments, input: input)) }

  private struct Failed: Error { let arguments: [String], status: Int32 }

  private func output(_ arguments: [String], input: Data = Data()) throws -> Data {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("outside-\(UUID().uuidString)")
    try input.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: file)
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failed(arguments: arguments, status: process.terminationStatus)
    }
    return data
  }
}

let outside = Outside()
