import Foundation
import Tokenizers

/// For the project's fuzzer alone: what reads a plug-in's bytes before anything is known of them.
@_spi(Fuzzing)
public enum PluginReaders {
  /// Cuts bytes into frames, as they arrive in pieces of several sizes, and reads each header as a plug-in's `hello`.
  /// - Returns: what must not happen and does, a sentence; nil where all is well, whatever the bytes are.
  public static func problem(_ bytes: [UInt8]) -> String? {
    let (frames, reason, rest) = Self.frames(bytes, piece: max(1, bytes.count))
    for piece in [1, 2, 7] where Self.frames(bytes, piece: piece) != (frames, reason, rest) {
      return "the frames of bytes depend on the pieces that they come in"
    }
    for frame in frames {
      guard let hello = try? JSONDecoder().decode(PluginHello.self, from: Data(frame.header)), hello.problem == nil
      else { continue }
      let descriptor = TokenizerDescriptor(
        name: hello.name, summary: "", parameters: (hello.parameters ?? []).map(\.parameter), source: "")
      _ = try? ResolvedSpec(SpecTable(name: hello.name, values: [:], files: [:]), descriptor: descriptor)
    }
    return nil
  }

  private static func frames(_ bytes: [UInt8], piece: Int) -> ([Frame], String, String) {
    var parser = FrameParser()
    var frames: [Frame] = []
    do {
      for start in stride(from: 0, to: bytes.count, by: piece) {
        parser.add(Array(bytes[start..<min(bytes.count, start + piece)]))
        while let frame = try parser.next() { frames.append(frame) }
      }
    } catch { return (frames, "\(error)", "") }
    return (frames, "", parser.half ?? "")
  }
}
