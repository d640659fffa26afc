import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// One line a cell: rewritten in place on a terminal with one job, plain lines at a distance otherwise.
public final class ProgressPrinter: Sendable {
  private let isLive: Bool
  private let isQuiet: Bool
  private let last = Mutex<[String: Date]>([:])

  /// - Parameter quiet: prints nothing (tests).
  public init(jobs: Int, quiet: Bool = false) {
    isLive = jobs == 1 && isatty(2) != 0
    isQuiet = quiet
  }

  /// A line that stays.
  public func line(_ text: String) {
    guard !isQuiet else { return }
    write((isLive ? "\r\u{1b}[K" : "") + text + "\n")
  }

  /// The present state of something; on a terminal always, else at most every 15 seconds.
  public func update(_ what: String, _ text: @autoclosure () -> String) {
    guard !isQuiet else { return }
    let now = Date()
    let isDue = last.withLock { last in
      let distance: TimeInterval = isLive ? 0.2 : 15
      if let previous = last[what], now.timeIntervalSince(previous) < distance { return false }
      let isFirst = last[what] == nil
      last[what] = now
      return isLive || !isFirst
    }
    guard isDue else { return }
    write(isLive ? "\r\u{1b}[K\(what): \(text())" : "\(what): \(text())\n")
  }

  private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
