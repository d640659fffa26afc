#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Time on the monotonic clock: setting the machine's date does not change it.
public struct Stopwatch: Sendable {
  private var start = ContinuousClock.now
  public init() {}
  /// Seconds since it was made, or last restarted.
  public var seconds: Double { (ContinuousClock.now - start).inSeconds }
  public mutating func restart() { start = .now }
}

extension Duration {
  public var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}

/// Seconds that `body` takes.
public func secondsOf(_ body: () throws -> Void) rethrows -> Double { try ContinuousClock().measure(body).inSeconds }

/// Seconds of processor time, of all threads of this process, that `body` takes.
public func processorSecondsOf(_ body: () throws -> Void) rethrows -> Double {
  func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
  let start = now()
  try body()
  return now() - start
}
