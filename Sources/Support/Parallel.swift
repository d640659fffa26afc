import Dispatch
import Synchronization

/// Results of `body(0)` … `body(count - 1)`, in order, computed on up to `threads` threads.
///
/// Items are taken one by one by whichever thread is free; the result does not depend on which.
/// - Throws: the error of the lowest failing index.
public func parallelMap<T: Sendable>(_ count: Int, threads: Int, _ body: @Sendable (Int) throws -> T) throws -> [T] {
  if threads <= 1 || count <= 1 { return try (0..<count).map(body) }
  let results = Mutex<[Result<T, any Error>?]>(Array(repeating: nil, count: count))
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      let result = Result { try body(index) }
      results.withLock { $0[index] = result }
    }
  }
  return try results.withLock { all in
    try all.map { result in
      guard let result else { preconditionFailure("every index was taken") }
      return try result.get()
    }
  }
}

/// `body(0)` … `body(count - 1)` on up to `threads` threads.
public func parallelFor(_ count: Int, threads: Int, _ body: @Sendable (Int) -> Void) {
  if threads <= 1 || count <= 1 {
    for index in 0..<count { body(index) }
    return
  }
  let next = Atomic<Int>(0)
  DispatchQueue.concurrentPerform(iterations: min(threads, count)) { _ in
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      body(index)
    }
  }
}

/// 0 ..< count cut into ranges of nearly one size, at most `largest` each, as many for every thread.
public func evenGroups(_ count: Int, largest: Int, threads: Int) -> [Range<Int>] {
  guard count > 0 else { return [] }
  let rounds = (count + largest * threads - 1) / (largest * threads)
  let groups = min(count, rounds * threads)
  return (0..<groups).map { count * $0 / groups..<count * ($0 + 1) / groups }
}
