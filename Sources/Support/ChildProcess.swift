import CSystem
import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A child process in a process group of its own, whose standard input, output and error are this program's to write
/// and read. Used by one thread at a time; ended with all that it started when it is released.
///
/// One ``turn(writing:seconds:output:errors:)`` writes and reads whatever can be at that moment, so that neither side
/// ever waits for the other in a circle, however much passes either way.
public final class ChildProcess {
  private let process: pid_t
  /// This program's ends; -1 once they are closed.
  private var input: Int32, output: Int32, errors: Int32
  private var ending: Ending?
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)

  /// All that live, none of them reaped: their numbers are theirs.
  private static let running = Mutex<Set<pid_t>>([])

  /// Ends every child with its group, for a process that is about to end: asked by SIGTERM, so that a child can give back
  /// what it holds, and killed where it has not ended within a second.
  public static func endAll() {
    running.withLock { running in
      for process in running { kill(-process, SIGTERM) }
      let watch = Stopwatch()
      while watch.seconds < 1, running.contains(where: { csystem_has_ended($0) == 0 }) { usleep(5000) }
      for process in running { killGroup(process) }
    }
  }

  /// Sends a signal to the process itself, if it lives.
  public func send(signal: Int32) {
    guard ending == nil else { return }
    kill(process, signal)
  }

  /// - Requires: a child that is not reaped, so that no other process and no other group can have its number.
  private static func killGroup(_ process: pid_t) {
    kill(-process, SIGKILL)
    kill(process, SIGKILL)  // it may have left its group
  }

  /// How a process ended.
  public enum Ending: Sendable, Equatable, CustomStringConvertible {
    case status(Int32)
    case signal(Int32)

    public var description: String {
      switch self {
      case .status(let status): "ended with exit status \(status)"
      case .signal(let number): "was ended by signal \(number) (\(String(cString: strsignal(number))))"
      }
    }
  }

  /// Starts a program. From here on a pipe without a reader is an error of this process, no signal that ends it.
  /// - Parameter words: the program, a path or a name that PATH finds, and its arguments.
  /// - Throws: ``FileError`` naming the program where it cannot be started.
  public init(_ words: [String]) throws {
    signal(SIGPIPE, SIG_IGN)
    let name = words.first ?? ""
    var pipes: [[Int32]] = []
    func closePipes() { for end in pipes.joined() { close(end) } }
    for _ in 0..<3 {
      var ends: [Int32] = [-1, -1]
      guard csystem_pipe(&ends) == 0 else {
        let problem = systemMessage()
        closePipes()
        throw FileError(name, "cannot be started: no pipe to it: \(problem)")
      }
      pipes.append(ends)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    let problem = csystem_spawn(&arguments, [pipes[0][0], pipes[1][1], pipes[2][1]], &process)
    guard problem == 0 else {
      closePipes()
      throw FileError(name, "cannot be started: \(String(cString: strerror(problem)))")
    }
    for end in [pipes[0][0], pipes[1][1], pipes[2][1]] { close(end) }
    self.process = process
    _ = Self.running.withLock { $0.insert(process) }
    (input, output, errors) = (pipes[0][1], pipes[1][0], pipes[2][0])
    for end in [input, output, errors] {
      _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) | O_NONBLOCK)
    }
  }

  deinit {
    end()
    buffer.deallocate()
  }

  /// Whether the process itself has ended; others of its group may live, and what it wrote may not be read yet.
  public var hasEnded: Bool { ending != nil || csystem_has_ended(process) != 0 }
  /// Whether its output is closed and read to the end.
  public var isOutputOver: Bool { output < 0 }

  /// Waits until the child takes or gives something, at most so long; then writes and reads what can be at once.
  /// - Parameters:
  ///   - bytes: what is to be written; nothing is where the child has closed its input.
  ///   - take: gets what the child wrote to its output.
  ///   - takeErrors: gets what it wrote to its standard error.
  /// - Returns: how many bytes were written, and how many of its output were read.
  public func turn(
    writing bytes: UnsafeRawBufferPointer, seconds: Double, output take: (UnsafeRawBufferPointer) -> Void,
    errors takeErrors: (UnsafeRawBufferPointer) -> Void
  ) -> (written: Int, read: Int) {
    var polled = [
      pollfd(fd: bytes.isEmpty ? -1 : input, events: Int16(POLLOUT), revents: 0),
      pollfd(fd: output, events: Int16(POLLIN), revents: 0),
      pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
    ]
    // -1, the number of a closed end, is passed over.
    guard poll(&polled, 3, Int32(min(max(0, seconds), 3600) * 1000 + 0.999)) > 0 else { return (0, 0) }
    var written = 0
    if polled[0].revents != 0 {
      let count = write(input, bytes.baseAddress, bytes.count)
      if count >= 0 {
        written = count
      } else if errno != EAGAIN, errno != EINTR {
        Self.shut(&input)
      }
    }
    let count = polled[1].revents != 0 ? read(&output, take) : 0
    if polled[2].revents != 0 { _ = read(&errors, takeErrors) }
    return (written, count)
  }

  /// Reads once; closes an end that is over.
  private func read(_ end: inout Int32, _ take: (UnsafeRawBufferPointer) -> Void) -> Int {
    #if canImport(Glibc)
      let count = Glibc.read(end, buffer.baseAddress, buffer.count)
    #else
      let count = Darwin.read(end, buffer.baseAddress, buffer.count)
    #endif
    if count > 0 {
      take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      Self.shut(&end)
    }
    return max(0, count)
  }

  private static func shut(_ end: inout Int32) {
    guard end >= 0 else { return }
    close(end)
    end = -1
  }

  /// Closes the child's input: a program that reads it to its end ends then.
  public func closeInput() { Self.shut(&input) }

  /// Gives the process some time to end by itself; what it writes to its output meanwhile is dropped.
  /// - Returns: whether it did.
  public func ends(within seconds: Double, errors takeErrors: (UnsafeRawBufferPointer) -> Void = { _ in }) -> Bool {
    let watch = Stopwatch()
    while !hasEnded {
      guard watch.seconds < seconds else { return false }
      // Without an end to wait at, this only waits.
      _ = turn(
        writing: UnsafeRawBufferPointer(start: nil, count: 0), seconds: 0.005, output: { _ in }, errors: takeErrors)
    }
    return true
  }

  /// Kills the process, and all of its group, and closes the pipes.
  /// - Parameter takeErrors: gets what is still to be read of its standard error.
  /// - Returns: how it ended; by a signal where it had not ended before.
  @discardableResult
  public func end(errors takeErrors: (UnsafeRawBufferPointer) -> Void = { _ in }) -> Ending {
    if let ending { return ending }
    Self.running.withLock { running in
      running.remove(process)
      Self.killGroup(process)
    }
    let code = csystem_reap(process)
    let ending: Ending = code < 0 ? .signal(-code) : .status(code)
    self.ending = ending
    // What a pipe holds at most: a child of it, gone from its group, may write for ever.
    var left = 1 << 20
    while errors >= 0, left > 0 {
      let count = read(&errors, takeErrors)
      if count == 0 { break }
      left -= count
    }
    Self.shut(&input)
    Self.shut(&output)
    Self.shut(&errors)
    return ending
  }
}
