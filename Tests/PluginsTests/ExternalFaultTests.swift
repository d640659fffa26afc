import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// What a plug-in does wrong, and what the reason of the failure says of it.
struct Fault: Sendable, CustomTestStringConvertible {
  let name: String
  let points: [String]
  let reason: String
  /// Whether it takes the whole timeout to find out.
  var isSilent = false
  var testDescription: String { name }
}

private let everywhere = ["hello", "train", "load", "encode", "decode"]

private let faults = [
  Fault(name: "exit", points: everywhere, reason: "ended with exit status 3 while it was asked to"),
  Fault(name: "raise", points: ["train", "encode"], reason: "ValueError: a made-up problem"),
  Fault(name: "kill", points: everywhere, reason: "was ended by signal 9"),
  Fault(name: "print", points: everywhere, reason: "wrote \"Loading the vocabulary\" to its standard output"),
  Fault(name: "garbage", points: everywhere, reason: "which is no frame"),
  Fault(name: "json", points: ["load"], reason: "wrote \"[1, 2]\""),
  Fault(name: "endless line", points: ["hello", "encode"], reason: "a line that does not end"),
  Fault(name: "half and exit", points: everywhere, reason: "in the middle of a frame (3 of the 100 bytes"),
  Fault(name: "huge", points: ["encode"], reason: "whose payload is no number of bytes"),
  Fault(name: "negative", points: ["encode"], reason: "whose payload is no number of bytes"),
  Fault(name: "no id", points: ["load"], reason: "'id' is missing"),
  Fault(name: "wrong id", points: ["hello", "decode"], reason: "each request gets one answer"),
  Fault(name: "twice", points: ["load", "encode"], reason: "each request gets one answer"),
  Fault(name: "counts", points: ["encode", "decode"], reason: "where its counts"),
  Fault(name: "short counts", points: ["encode", "decode"], reason: "with counts of"),
  Fault(name: "closed", points: ["train", "encode"], reason: "closed its standard output"),
  Fault(name: "orphan", points: everywhere, reason: "ended with exit status 0"),
  Fault(name: "silence", points: everywhere, reason: "is silent for 2 s while it was asked to", isSilent: true),
  Fault(name: "deaf", points: ["encode", "decode"], reason: "is silent for 2 s", isSilent: true),
  Fault(name: "half header", points: ["load"], reason: "having written \"{\"id\":\" without a newline", isSilent: true),
  Fault(name: "half payload", points: ["encode"], reason: "having written 3 of the 100 bytes", isSilent: true),
]

/// Starts it, trains, encodes more than a pipe holds, decodes, and encodes again.
private func use(_ command: PluginCommand, threads: Int = 2) throws {
  let tokenizer = try trained(command)
  let examples = (0..<3).map { [UInt8](repeating: UInt8($0), count: 1_500_000) }
  let tokens = try tokenizer.encode(examples: examples, threads: threads)
  _ = try tokenizer.decode(examples: zip(tokens, examples).map { ($0, $1.count) }, threads: threads)
  _ = try tokenizer.encode([1, 2, 3])
}

/// Dead, garbled, silent and half-spoken at any point: an error with the reason, in time, and no process left.
@Test(arguments: faults) func aFaultyPluginFailsWithTheReason(fault: Fault) throws {
  for point in fault.points {
    let folder = try PluginFolder()
    let command = try folder.command(
      faultyPlugin, [fault.name, point], timeout: fault.isSilent ? 2 : 60)
    let watch = Stopwatch()
    var found = "nothing is thrown"
    do { try use(command) } catch {
      found = "\(error)"
      #expect(error is TokenizerError, "\(fault.name) at \(point): \(error)")
    }
    #expect(found.contains(fault.reason) && found.contains("plugin.py"), "\(fault.name) at \(point): \(found)")
    #expect(watch.seconds < 20, "\(fault.name) at \(point) took \(watch.seconds) s")
    let started = try folder.processes()
    #expect(!started.isEmpty)
    for process in started { #expect(isGone(process), "\(fault.name) at \(point): \(process) lives") }
  }
}

/// A killed orphan is nobody's child here: it takes the system a moment to bury it.
private func isGone(_ process: pid_t) -> Bool {
  let watch = Stopwatch()
  while watch.seconds < 5 {
    let status = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
    if kill(process, 0) != 0 || status.contains(") Z ") { return true }
    usleep(10_000)
  }
  return false
}

@Test func foreignTokensAreRefused() throws {
  let folder = try PluginFolder()
  let tokenizer = try trained(folder.command(faultyPlugin, ["foreign token", "encode"]))
  #expect { try tokenizer.encode([7]) } throws: { "\($0)".contains("token 263 of a vocabulary of 256") }
}

/// A link might lead anywhere, and a pipe would be read for ever.
@Test(arguments: [("link", "'link'"), ("fifo", "'fifo'"), ("no folder", "removed the folder")])
func onlyPlainFilesAreKept(fault: String, reason: String) throws {
  let folder = try PluginFolder()
  #expect { try trained(folder.command(faultyPlugin, [fault, "train"])) } throws: { "\($0)".contains(reason) }
}

@Test func whatWasTrainedAndDoesNotLoadIsNamed() throws {
  let folder = try PluginFolder()
  let program = faultyPlugin.replacing(
    "header[\"vocabulary\"] = 256", with: "header[\"error\"] = {\"message\": \"no table\"}")
  let error = #expect(throws: TokenizerError.self) { try trained(folder.command(program, ["-", "-"])) }
  #expect(error?.description == "mine: its plug-in cannot load what it has trained: no table")
}

@Test func aFailedPluginIsNotTriedAgain() throws {
  let folder = try PluginFolder()
  let tokenizer = try trained(folder.command(faultyPlugin, ["exit", "decode"]))
  #expect(try tokenizer.encode([7]) == [7])
  #expect(throws: TokenizerError.self) { try tokenizer.decode([7], byteCount: 1) }
  let started = try folder.processes()
  for _ in 0..<3 {
    #expect { try tokenizer.encode([7]) } throws: { "\($0)".contains("ended with exit status 3") }
    #expect(tokenizer.decodeGenerated([7], maximumBytes: 1) == [])
  }
  #expect(try folder.processes() == started, "a process was started after the failure")
}

/// Of many batches the first failure ends all: one timeout, not one a batch.
@Test func silenceIsWaitedForOnce() throws {
  let folder = try PluginFolder()
  let tokenizer = try trained(folder.command(faultyPlugin, ["silence", "encode"], timeout: 3))
  let watch = Stopwatch()
  #expect(throws: TokenizerError.self) {
    try tokenizer.encode(examples: (0..<40).map { _ in [UInt8](repeating: 1, count: 400_000) }, threads: 2)
  }
  #expect(watch.seconds < 12)
}

@Test func aPluginMayRefuseAndGoOn() throws {
  let folder = try PluginFolder()
  let tokenizer = try trained(folder.command(faultyPlugin, ["refuse", "encode"]))
  #expect(throws: TokenizerError.encoding(tokenizer: "mine", reason: "no fives")) {
    try tokenizer.encode([1, 2, 3, 4, 5])
  }
  let started = try folder.processes()
  #expect(try tokenizer.encode([1, 2]) == [1, 2])
  #expect(try folder.processes() == started, "the process was given up")
}

/// An answer to the first line of a request; the rest is more than a pipe holds.
@Test func anAnswerMayComeBeforeTheRequestIsRead() throws {
  let folder = try PluginFolder()
  let tokenizer = try trained(folder.command(faultyPlugin, ["early", "encode"]))
  for _ in 0..<2 {
    #expect(throws: TokenizerError.encoding(tokenizer: "mine", reason: "no need to read it")) {
      try tokenizer.encode([UInt8](repeating: 1, count: 3_000_000))
    }
    #expect(try tokenizer.decode([7, 8], byteCount: 2) == [7, 8])
  }
}

@Test func progressIsAHeartbeatAndIsPassedOn() throws {
  let folder = try PluginFolder(), lines = Lines()
  let context = TrainingContext(
    examples: sampleContext.examples, byteModel: sampleContext.byteModel, seed: 1, threads: 1,
    report: { lines.add($0) })
  let command = try folder.command(faultyPlugin, ["progress", "train"], timeout: 2)
  let watch = Stopwatch()
  _ = try trained(command, context: context)
  #expect(watch.seconds > 2.5, "it worked for longer than the timeout")
  #expect(lines.all == ["mine: 0%", "mine: 20%", "mine: 40%", "mine: 60%", "mine: 80%"])
}

/// More on standard error than a pipe holds, during every request.
@Test(arguments: everywhere) func standardErrorIsReadAllTheWhile(point: String) throws {
  let folder = try PluginFolder()
  try use(folder.command(faultyPlugin, ["chatter", point]))
}

/// Whoever does not stop at the end of its input is killed.
@Test func aStubbornPluginIsKilled() throws {
  let folder = try PluginFolder()
  try use(folder.command(faultyPlugin, ["stubborn", "-"]), threads: 1)
  for process in try folder.processes() {
    #expect(isGone(process))
  }
}

@Test func whatDoesNotStartIsNamed() throws {
  #expect { try ExternalBackend(PluginCommand(name: "mine", words: ["no-such-program-here"])) } throws: {
    "\($0)" == "mine: its plug-in does not start: no-such-program-here: cannot be started: No such file or directory"
  }
}

private final class Lines: @unchecked Sendable {  // behind the lock
  private let lock = NSLock()
  private var lines: [String] = []
  func add(_ line: String) { lock.withLock { lines.append(line) } }
  var all: [String] { lock.withLock { lines } }
}
