import Foundation
import Support
import Tokenizers

/// A plug-in that can no longer be trusted: it died, hung, or wrote what is no frame. Its processes are killed and never
/// used again.
struct PluginFailure: Error, Sendable, CustomStringConvertible {
  let description: String
  /// - Parameter description: may hold what the plug-in wrote, which a terminal must not obey.
  init(description: String) { self.description = printable(description) }
}

/// A plug-in's own answer that it cannot do what it was asked. It goes on working.
struct PluginRefusal: Error, Sendable, CustomStringConvertible {
  let description: String
  /// - Parameter description: as of ``PluginFailure``.
  init(description: String) { self.description = printable(description) }
}

/// One running plug-in, answering one request at a time.
///
/// `@unchecked Sendable`: whoever uses it has taken it out of its ``PluginPool``, and no other thread has it meanwhile.
final class PluginProcess: @unchecked Sendable {
  private let command: PluginCommand
  private let child: ChildProcess
  private var parser = FrameParser()
  private var lastID = 0
  /// The end of what it wrote to standard error, for the reason of a failure.
  private var lastWords: [UInt8] = []

  /// Seconds that it gets to end by itself when its input has ended.
  static let grace = 2.0

  /// - Throws: ``PluginFailure`` where it cannot be started.
  init(_ command: PluginCommand) throws {
    self.command = command
    do { child = try ChildProcess(command.words) } catch {
      throw PluginFailure(description: "its plug-in does not start: \(error)")
    }
  }

  deinit { _ = stop() }

  /// Ends its input, which tells it to stop.
  /// - Returns: whether it did so in time; it is killed if not.
  func stop() -> Bool {
    child.closeInput()
    defer { child.end() }
    return child.ends(within: Self.grace)
  }

  /// Sends a request and waits for its answer.
  /// - Parameter progress: gets the text of every frame that only says that the plug-in is at work.
  /// - Throws: ``PluginRefusal``; ``PluginFailure`` where it ends, is silent for too long or breaks the protocol. It is
  ///   killed then.
  func ask<Answer: Decodable>(
    _ request: PluginRequest, payload: [UInt8] = [], as type: Answer.Type, progress: (String) -> Void = { _ in }
  ) throws -> (answer: Answer, payload: [UInt8]) {
    let frame = try exchange(request, payload: payload, progress: progress)
    return (try decode(type, frame, request), frame.payload)
  }

  /// Greets it.
  /// - Throws: ``PluginFailure`` also where this program cannot work with it.
  func hello() throws -> PluginHello {
    var request = PluginRequest(.hello)
    request.protocols = PluginHello.speaks
    let frame: Frame
    do { frame = try exchange(request, payload: [], progress: { _ in }) } catch let refusal as PluginRefusal {
      throw failure("answers 'hello' with an error: \(refusal)")
    }
    let keys = try decode([String: JSONValue].self, frame, request).keys
    if let unknown = keys.sorted().first(where: { !PluginHello.keys.contains($0) }) {
      let hint = nearestWord(to: unknown, in: PluginHello.keys).map { "; did it mean '\($0)'?" } ?? ""
      throw failure("answers 'hello' with an unknown key '\(unknown)'\(hint)")
    }
    let hello = try decode(PluginHello.self, frame, request)
    if let problem = hello.problem { throw failure("answers 'hello', but \(problem)") }
    return hello
  }

  /// Kills it.
  /// - Parameter reason: what it did, after "its plug-in (python3 my.py) ".
  func failure(_ reason: String) -> PluginFailure {
    child.end(errors: listen)
    return PluginFailure(description: "its plug-in (\(command.line)) \(reason)\(saying)")
  }

  /// Kills it, whose output is over, and says how it ended.
  private func death(during request: PluginRequest.Kind) -> PluginFailure {
    let endedItself = child.ends(within: 1, errors: listen)
    let ending = child.end(errors: listen)
    let what = endedItself ? "\(ending)" : "closed its standard output"
    let half = parser.half.map { ", in the middle of a frame (\($0))" } ?? ""
    return PluginFailure(
      description: "its plug-in (\(command.line)) \(what) while it was asked to '\(request.rawValue)'\(half)\(saying)")
  }

  private func listen(_ bytes: UnsafeRawBufferPointer) {
    lastWords = Array((lastWords + bytes.suffix(2000)).suffix(2000))
  }

  /// What it last wrote to standard error, if anything.
  private var saying: String {
    let lines = String(decoding: lastWords, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(3)
    return lines.isEmpty ? "" : "; on standard error it last said: \(lines.joined(separator: " / ").suffix(500))"
  }

  private func exchange(
    _ request: PluginRequest, payload: [UInt8], progress: (String) -> Void
  ) throws -> Frame {
    guard payload.count <= Frame.largestPayload else {
      throw PluginRefusal(description: "\(payload.count) bytes are too many for one frame (\(Frame.largestPayload))")
    }
    var request = request
    lastID += 1
    request.id = lastID
    request.payload = payload.count
    let message = try [UInt8](jsonEncoder(pretty: false).encode(request)) + [UInt8(ascii: "\n")] + payload
    var written = 0
    var silence = Stopwatch()
    var answer: (frame: Frame, envelope: PluginEnvelope)?
    while true {
      while answer == nil, let frame = try nextFrame() {
        let envelope = try open(frame, request)
        // What a child of it, gone from its group, writes after its end says not that it is at work.
        if !child.hasEnded { silence.restart() }
        if let text = envelope.progress { progress(printable(text)) } else { answer = (frame, envelope) }
      }
      // An answer may come before the request is read to its end; the rest of it is written all the same.
      if let answer, written == message.count {
        if let problem = answer.envelope.error { throw PluginRefusal(description: problem.message) }
        return answer.frame
      }
      if child.isOutputOver { throw death(during: request.request) }
      let left = command.timeoutSeconds - silence.seconds
      guard left > 0 else {
        if child.hasEnded { throw death(during: request.request) }
        let half = parser.half.map { ", having written \($0)" } ?? ""
        throw failure(
          "is silent for \(String(format: "%g", command.timeoutSeconds)) s while it was asked to "
            + "'\(request.request.rawValue)'\(half); every frame must be flushed, long work sends progress frames, and a "
            + "longer timeout can be given"
        )
      }
      // Asked before reading: what it wrote before it ended is read below.
      let hasEnded = child.hasEnded
      let turn = message.withUnsafeBytes { bytes in
        child.turn(
          writing: UnsafeRawBufferPointer(rebasing: bytes[written...]), seconds: hasEnded ? 0 : min(left, 0.2),
          output: { parser.add($0) }, errors: listen)
      }
      written += turn.written
      if hasEnded, turn.read == 0 { throw death(during: request.request) }
    }
  }

  private func nextFrame() throws -> Frame? {
    do { return try parser.next() } catch { throw failure("\(error)") }
  }

  /// What a frame says of itself, checked to belong to the request.
  private func open(_ frame: Frame, _ request: PluginRequest) throws -> PluginEnvelope {
    let envelope = try decode(PluginEnvelope.self, frame, request)
    guard envelope.id == request.id else {
      throw failure(
        "answers request \(request.id), '\(request.request.rawValue)', with a frame for request \(envelope.id): each "
          + "request gets one answer, with its id")
    }
    guard (envelope.progress == nil && envelope.error == nil) || frame.payload.isEmpty else {
      throw failure("sends \(frame.payload.count) bytes with a frame of progress or error, which has no payload")
    }
    return envelope
  }

  private func decode<Answer: Decodable>(_ type: Answer.Type, _ frame: Frame, _ request: PluginRequest) throws -> Answer
  {
    do { return try JSONDecoder().decode(type, from: Data(frame.header)) } catch {
      throw failure("answers '\(request.request.rawValue)' with \(quoted(frame.header)): \(decodingProblem(error))")
    }
  }
}
