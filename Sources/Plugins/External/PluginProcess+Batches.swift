import Tokenizers

extension PluginProcess {
  /// The tokens of each text, as the plug-in numbers them.
  func encode(_ texts: ArraySlice<[UInt8]>) throws -> [[Token]] {
    var request = PluginRequest(.encode)
    request.counts = texts.map(\.count)
    return try answer(request, payload: concatenated(texts), unit: 4).map(numbers)
  }

  /// How many bytes each token of each text stands for.
  func spans(_ texts: ArraySlice<[UInt8]>) throws -> [[UInt32]] {
    var request = PluginRequest(.spans)
    request.counts = texts.map(\.count)
    return try answer(request, payload: concatenated(texts), unit: 4).map(numbers)
  }

  /// The text of each item's tokens.
  /// - Parameters:
  ///   - kind: `decode` or `decodeGenerated`.
  ///   - byteCounts: what the request says of each; nil for nothing.
  func decode(
    _ items: ArraySlice<[Token]>, _ kind: PluginRequest.Kind, byteCounts: ArraySlice<Int>?
  ) throws -> [[UInt8]] {
    var request = PluginRequest(kind)
    request.counts = items.map(\.count)
    request.bytes = byteCounts.map(Array.init)
    var payload: [UInt8] = []
    payload.reserveCapacity(4 * items.reduce(0) { $0 + $1.count })
    for tokens in items {
      #if _endian(little)
        tokens.withUnsafeBytes { payload.append(contentsOf: $0) }
      #else
        tokens.map(\.littleEndian).withUnsafeBytes { payload.append(contentsOf: $0) }
      #endif
    }
    return try answer(request, payload: payload, unit: 1).map(Array.init)
  }

  /// The payload of an answer in pieces, one for each item of the request.
  /// - Parameter unit: bytes of what `counts` counts.
  private func answer(_ request: PluginRequest, payload: [UInt8], unit: Int) throws -> [ArraySlice<UInt8>] {
    let (batch, bytes) = try ask(request, payload: payload, as: PluginBatch.self)
    let name = request.request.rawValue, items = request.counts?.count ?? 0
    guard batch.counts.count == items else {
      throw failure("answers '\(name)' of \(items) items with counts of \(batch.counts.count)")
    }
    var start = 0
    var pieces: [ArraySlice<UInt8>] = []
    pieces.reserveCapacity(items)
    for count in batch.counts {
      guard count >= 0, count <= (bytes.count - start) / unit else { break }
      pieces.append(bytes[start..<start + unit * count])
      start += unit * count
    }
    guard pieces.count == items, start == bytes.count else {
      throw failure(
        "answers '\(name)' with a payload of \(bytes.count) bytes where its counts, at \(unit) bytes each, make another sum"
      )
    }
    return pieces
  }
}

private func concatenated(_ texts: ArraySlice<[UInt8]>) -> [UInt8] {
  var all: [UInt8] = []
  all.reserveCapacity(texts.reduce(0) { $0 + $1.count })
  for text in texts { all.append(contentsOf: text) }
  return all
}

/// Little-endian uint32.
private func numbers(_ bytes: ArraySlice<UInt8>) -> [UInt32] {
  let count = bytes.count / 4
  return [UInt32](unsafeUninitializedCapacity: count) { numbers, filled in
    bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(numbers).copyMemory(from: $0) }
    #if !_endian(little)
      for i in 0..<count { numbers[i] = UInt32(littleEndian: numbers[i]) }
    #endif
    filled = count
  }
}
