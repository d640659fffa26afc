import Support
import Synchronization

/// Writes something anew now and then, such as a report while cells are run.
public final class Refresh: Sendable {
  /// When it was last whole, and the seconds that writing took.
  private let last = Mutex<(whole: Stopwatch, seconds: Double)?>(nil)
  public init() {}

  /// Writes, unless so little time has passed since the last time that writing would take more than a tenth of it.
  public func callAsFunction(_ write: () throws -> Void) rethrows {
    if let last = last.withLock({ $0 }), last.whole.seconds < 10 * last.seconds { return }
    let watch = Stopwatch()
    try write()
    last.withLock { $0 = (Stopwatch(), watch.seconds) }
  }
}
