import Synchronization

/// Asks this process to stop soon: what takes long looks at it, saves what it has, and ends with ``Stopped``. Nothing new
/// is begun then.
public final class StopRequest: Sendable {
  private let isSet = Atomic<Bool>(false)
  public init() {}

  public var isMade: Bool { isSet.load(ordering: .relaxed) }
  public func make() { isSet.store(true, ordering: .relaxed) }
  /// - Throws: ``Stopped`` where it is made.
  public func check() throws { if isMade { throw Stopped() } }
}

/// Work ended early because a ``StopRequest`` was made. What was saved is gone on from.
public struct Stopped: Error, Sendable, CustomStringConvertible {
  /// What a process that was stopped so ends with: EX_TEMPFAIL of sysexits.h, "try again later".
  public static let exitStatus: Int32 = 75
  public init() {}
  public var description: String { "stopped as asked; what was done is saved, and the same command goes on from there" }
}
