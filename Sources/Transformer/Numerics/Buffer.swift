#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A fixed block of numbers, 64-byte aligned, zero at first, with 64 readable bytes past its end.
///
/// `@unchecked Sendable`: the memory lives as long as the object; who writes which part is settled by the callers,
/// which hand disjoint parts to different threads.
package final class Buffer<Number: BitwiseCopyable>: @unchecked Sendable {
  package let count: Int
  package let p: UnsafeMutablePointer<Number>

  package init(_ count: Int) {
    precondition(count >= 0, "a buffer of \(count) numbers")
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Number>.stride + 128, alignment: 64)
    memset(raw, 0, count * MemoryLayout<Number>.stride + 128)
    p = raw.assumingMemoryBound(to: Number.self)
  }

  deinit { UnsafeMutableRawPointer(p).deallocate() }

  package subscript(index: Int) -> Number {
    get {
      assert(index >= 0 && index < count, "number \(index) of \(count)")
      return p[index]
    }
    set {
      assert(index >= 0 && index < count, "number \(index) of \(count)")
      p[index] = newValue
    }
  }

  /// Where `count` numbers from `offset` on begin.
  package func at(_ offset: Int, _ count: Int) -> UnsafeMutablePointer<Number> {
    assert(
      offset >= 0 && count >= 0 && offset + count <= self.count, "\(count) numbers from \(offset) of \(self.count)")
    return p + offset
  }

  package func zero() { memset(p, 0, count * MemoryLayout<Number>.stride) }
  package var values: UnsafeBufferPointer<Number> { UnsafeBufferPointer(start: p, count: count) }
  package func slice(_ offset: Int, _ count: Int) -> UnsafeBufferPointer<Number> {
    UnsafeBufferPointer(start: at(offset, count), count: count)
  }
}

package typealias FloatBuffer = Buffer<Float>
/// Numbers in bfloat16: the upper halves of floats.
package typealias BFloat16Buffer = Buffer<UInt16>
/// Token ids; -1 where there is none.
typealias TokenBuffer = Buffer<Int32>
