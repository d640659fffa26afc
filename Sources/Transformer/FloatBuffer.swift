#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A fixed block of floats, 64-byte aligned, zero at first, with 64 readable bytes past its end.
///
/// `@unchecked Sendable`: the memory lives as long as the object; who writes which part is settled by the callers,
/// which hand disjoint parts to different threads.
package final class FloatBuffer: @unchecked Sendable {
  package let count: Int
  package let p: UnsafeMutablePointer<Float>

  package init(_ count: Int) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * 4 + 128, alignment: 64)
    memset(raw, 0, count * 4 + 128)
    p = raw.assumingMemoryBound(to: Float.self)
  }

  deinit { UnsafeMutableRawPointer(p).deallocate() }

  package func zero() { memset(p, 0, count * 4) }
  package func copy(from other: FloatBuffer) {
    precondition(other.count == count, "buffers of one size")
    memcpy(p, other.p, count * 4)
  }
  package var values: UnsafeBufferPointer<Float> { UnsafeBufferPointer(start: p, count: count) }
}
