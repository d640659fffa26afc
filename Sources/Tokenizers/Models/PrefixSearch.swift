import HeapModule

/// Texts waiting to be extended by a byte, the heaviest first.
///
/// A text weighs at least as much as every text that begins with it (its probability does, and the number of codes that
/// it owns), so texts come out by falling weight when each is replaced by its extensions; in batches, because a model
/// answers many questions at once more cheaply than one after another.
///
///     var search = PrefixSearch<Void>(capacity: .max)
///     search.add([], weight: 1 << 62, ())
///     while true {
///       let batch = search.next(1024) { $0.weight > enough }
///       if batch.isEmpty { break }
///       for text in batch { … search.add(text.bytes + [byte], weight: …, ()) … }
///     }
public struct PrefixSearch<Payload: Sendable>: Sendable {
  public struct Prefix: Comparable, Sendable {
    public let bytes: [UInt8]
    public let weight: UInt64
    public let payload: Payload

    @inlinable init(bytes: [UInt8], weight: UInt64, payload: Payload) {
      self.bytes = bytes
      self.weight = weight
      self.payload = payload
    }

    /// The heavier text is the greater; of two equally heavy ones, the one that comes first in byte order.
    @inlinable public static func < (a: Prefix, b: Prefix) -> Bool {
      a.weight != b.weight ? a.weight < b.weight : b.bytes.lexicographicallyPrecedes(a.bytes)
    }
    @inlinable public static func == (a: Prefix, b: Prefix) -> Bool { a.weight == b.weight && a.bytes == b.bytes }
  }

  @usableFromInline let capacity: Int
  @usableFromInline var waiting = Heap<Prefix>()

  /// - Parameter capacity: how many texts wait at most; the lightest beyond that are forgotten. Who wants the n
  ///   heaviest of all texts needs no more than n: whatever is forgotten has n better ones.
  @inlinable public init(capacity: Int) {
    precondition(capacity > 0, "a search needs room")
    self.capacity = capacity
  }

  /// Lets a text wait, unless there are enough heavier ones.
  /// - Complexity: O(1) for one that is too light, else O(log waiting).
  @inlinable public mutating func add(
    _ bytes: @autoclosure () -> [UInt8], weight: UInt64, _ payload: @autoclosure () -> Payload
  ) {
    if waiting.count == capacity, let lightest = waiting.min, weight < lightest.weight { return }
    waiting.insert(Prefix(bytes: bytes(), weight: weight, payload: payload()))
    if waiting.count > capacity { waiting.removeMin() }
  }

  /// Takes the heaviest texts out, at most `count`, for as long as they are wanted.
  @inlinable public mutating func next(_ count: Int, while isWanted: (Prefix) -> Bool = { _ in true }) -> [Prefix] {
    var batch: [Prefix] = []
    while batch.count < count, let heaviest = waiting.max, isWanted(heaviest) { batch.append(waiting.removeMax()) }
    return batch
  }
}
