import Foundation
import FuzzTargets

// libFuzzer, called as a library: SwiftPM names the program's entry after its target.

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argc: UnsafeMutablePointer<Int32>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// The folder of the small M1 comes by environment, since libFuzzer takes all arguments.
private let targets: FuzzTargets = {
  let folder = ProcessInfo.processInfo.environment["FUZZ_M1"] ?? "Tests/PluginsTests/Golden"
  do { return try FuzzTargets(m1: folder) } catch {
    fatalError("cannot load the M1 of \(folder); run from the repository's root: \(error)")
  }
}()

@_cdecl("fuzz_main")
public func fuzzMain(_ argc: Int32, _ argv: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> Int32 {
  var (argc, argv) = (argc, argv)
  return runDriver(&argc, &argv) { start, count in
    if let problem = targets.check(Array(UnsafeBufferPointer(start: start, count: count))) { fatalError(problem) }
    return 0
  }
}
