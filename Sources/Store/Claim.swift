import Foundation
import Support
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Says that a process is building an entry, so that others wait or do something else.
///
/// A claim only saves work: two processes that build one entry both finish, and the second takes the first one's. It is
/// a file with the holder's host and process; a thread touches it while the holder lives. A claim that was not touched
/// for ``staleSeconds`` is stale, by the file system's own clock, so that machines need not agree on the time.
public final class Claim: Sendable {
  /// Who holds a claim.
  public struct Holder: Codable, Sendable, Hashable {
    public var host: String
    public var process: Int32
    public var since: String
    /// What the work is for, as the holder says; nil for nothing in particular.
    public var purpose: String?
    /// Tells this claim from every other.
    var nonce: String
  }

  /// Seconds of silence after which a claim is stale; HARNESS_CLAIM_SECONDS changes it (tests).
  public static let staleSeconds: Double = {
    let text = ProcessInfo.processInfo.environment["HARNESS_CLAIM_SECONDS"]
    return max(0.5, text.flatMap { Double($0) } ?? 20)
  }()

  private let path: String
  private let holder: Holder

  private init(path: String, holder: Holder) {
    self.path = path
    self.holder = holder
  }

  /// The claim, or nil where another holds it: another process, or another thread of this one.
  /// - Throws: ``FileError`` where claims cannot be written.
  static func take(_ path: String, for purpose: String? = nil) throws -> Claim? {
    if let other = read(path) {
      guard try isStale(path) else { return nil }
      // One process alone can rename this very claim away; the name keeps the others from taking the next one.
      do {
        guard try renameIfAbsent(path, to: "\(path).stale-\(other.nonce)", synced: false) else { return nil }
      } catch {
        // Given back, or taken over, between the look and the renaming.
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        throw error
      }
    }
    let holder = Holder(
      host: hostName(), process: getpid(), since: timestamp(), purpose: purpose,
      nonce: String(UInt64.random(in: 0...(.max)), radix: 16))
    // Not synced: a claim that a power cut takes is one whose holder is gone.
    guard try writeIfAbsent(try jsonEncoder(pretty: false).encode(holder), to: path, synced: false) else { return nil }
    Heartbeat.shared.add(path, nonce: holder.nonce)
    return Claim(path: path, holder: holder)
  }

  /// Whether it is still this process's: another may have taken it over after a long silence (a suspended process).
  public var isHeld: Bool { Self.read(path)?.nonce == holder.nonce }

  public func release() { Heartbeat.shared.release(path, nonce: holder.nonce) }
  deinit { release() }

  /// Gives all claims of this process back; for a process that is about to end.
  public static func releaseAll() { Heartbeat.shared.releaseAll() }

  /// Who holds the claim, stale or not; nil where nobody does.
  public static func read(_ path: String) -> Holder? {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else { return nil }
    return (try? JSONDecoder().decode(Holder.self, from: data))
      ?? Holder(host: "unknown", process: 0, since: "", nonce: String(UInt64.random(in: 0...(.max)), radix: 16))
  }

  /// Seconds since the holder's last sign of life; nil where there is no claim.
  /// - Throws: ``FileError`` where the file system cannot be asked for its time.
  public static func age(_ path: String) throws -> Double? {
    guard let touched = modification(path) else { return nil }
    // What the file system takes for now: the time of a file written this moment.
    let probe = "\(path).probe-\(String(UInt64.random(in: 0...(.max)), radix: 16))"
    _ = try FileWriter(probe)
    defer { unlink(probe) }
    return modification(probe).map { $0 - touched }
  }

  /// A claim of the future, after a clock was set back, is as stale as an old one.
  static func isStale(_ path: String) throws -> Bool { try age(path).map { abs($0) > staleSeconds } ?? false }

  /// For who only looks, and may not be allowed to write: by this machine's clock, where the file system's cannot be had.
  static func looksStale(_ path: String) -> Bool {
    if let stale = try? isStale(path) { return stale }
    return modification(path).map { abs(Date.now.timeIntervalSince1970 - $0) > staleSeconds } ?? false
  }

  private static func modification(_ path: String) -> Double? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    #if canImport(Glibc)
      return Double(status.st_mtim.tv_sec) + 1e-9 * Double(status.st_mtim.tv_nsec)
    #else
      return Double(status.st_mtimespec.tv_sec) + 1e-9 * Double(status.st_mtimespec.tv_nsec)
    #endif
  }
}

/// Touches the claims of this process from a thread of its own.
private final class Heartbeat: Sendable {
  static let shared = Heartbeat()
  private struct State {
    var nonces: [String: String] = [:]
    var isRunning = false
  }
  private let state = Mutex(State())

  func add(_ path: String, nonce: String) {
    let mustStart = state.withLock { state in
      state.nonces[path] = nonce
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return }
    Thread.detachNewThread {
      while true {
        Thread.sleep(forTimeInterval: Claim.staleSeconds / 5)
        let held = self.state.withLock { $0.nonces }
        // A claim that another process took over is not touched: its holder does that.
        for (path, nonce) in held where Claim.read(path)?.nonceIs(nonce) == true { touch(path) }
      }
    }
  }

  func release(_ path: String, nonce: String) {
    let isOurs = state.withLock { state in
      guard state.nonces[path] == nonce else { return false }
      state.nonces[path] = nil
      return true
    }
    if isOurs, Claim.read(path)?.nonceIs(nonce) == true { unlink(path) }
  }

  func releaseAll() {
    for (path, nonce) in state.withLock({ $0.nonces }) { release(path, nonce: nonce) }
  }
}

extension Claim.Holder {
  fileprivate func nonceIs(_ other: String) -> Bool { nonce == other }
}
