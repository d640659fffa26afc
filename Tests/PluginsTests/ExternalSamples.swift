import Foundation
import Support
import Testing
import Tokenizers

@testable import Plugins

/// The Python that PATH finds, itself and not a wrapper of it.
let python: String = {
  let process = Process(), output = Pipe()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["python3", "-c", "import sys; print(sys.executable, end='')"]
  process.standardOutput = output
  do { try process.run() } catch { return "python3" }
  let path = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return path.isEmpty ? "python3" : path
}()

/// A folder that goes away.
final class PluginFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("plug-ins-\(UUID().uuidString)").path
  init() throws { try makeFolder(path) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The processes that ``faultyPlugin`` started here, itself included.
  func processes() throws -> [pid_t] {
    try String(contentsOfFile: path + "/pids", encoding: .utf8).split(separator: "\n").compactMap { pid_t($0) }
  }

  /// Writes a program; the command that starts it.
  func command(
    _ program: String, _ arguments: [String] = [], name: String = "plugin.py", timeout: Double = 30
  ) throws -> PluginCommand {
    try writeAtomically(Array(program.utf8), to: path + "/" + name)
    return PluginCommand(
      name: "mine", words: [python, path + "/" + name] + arguments, timeoutSeconds: timeout)
  }
}

func externalSpec(_ backend: ExternalBackend, _ name: String = "mine") throws -> ResolvedSpec {
  try Registry([backend]).resolve(name)
}

func trained(_ command: PluginCommand, context: TrainingContext = sampleContext) throws -> any PluginTokenizer {
  let backend = try ExternalBackend(command)
  return try #require(backend.train(externalSpec(backend), context: context) as? any PluginTokenizer)
}

/// Every byte is a token; the process does what its first argument says where it is asked for its second.
let faultyPlugin = #"""
  import json, os, subprocess, sys, time
  fault, point = sys.argv[1:3]
  stdin, stdout = sys.stdin.buffer, sys.stdout.buffer

  def note(pid):
      with open(os.path.dirname(sys.argv[0]) + "/pids", "a") as file: file.write(f"{pid}\n")

  def write(data):
      stdout.write(data)
      stdout.flush()

  def send(header, payload=b""):
      write(json.dumps({"payload": len(payload), **header}).encode() + b"\n" + payload)

  note(os.getpid())
  while line := stdin.readline():
      request = json.loads(line)
      kind, id, here = request["request"], request["id"], request["request"] == point
      if here and fault == "deaf": time.sleep(100)
      if here and fault == "early": send({"id": id, "error": {"message": "no need to read it"}})
      data = stdin.read(request["payload"])
      if here and fault == "early": continue
      header, payload = {"id": id}, b""
      if kind == "hello": header |= {"protocol": 1, "name": "Faulty", "version": "1"}
      if kind == "load": header["vocabulary"] = 256
      if kind == "encode":
          payload = bytearray(4 * len(data))
          payload[::4] = data
      if kind.startswith("decode"): payload = data[::4]
      if "counts" in request: header["counts"] = request["counts"]
      if here:
          if fault == "exit": sys.exit(3)
          if fault == "raise": raise ValueError("a made-up problem")
          if fault == "kill": os.kill(os.getpid(), 9)
          if fault == "silence": time.sleep(100)
          if fault == "print": print("Loading the vocabulary", flush=True)
          if fault == "garbage": write(bytes(range(255, -1, -1)) * 20)
          if fault == "json": write(b'[1, 2]\n')
          if fault == "endless line":
              while True: write(b"x" * 65536)
          if fault == "half header": write(b'{"id":'); time.sleep(100)
          if fault == "half payload": write(b'{"id":%d,"payload":100}\nabc' % id); time.sleep(100)
          if fault == "half and exit": write(b'{"id":%d,"payload":100}\nabc' % id); sys.exit(0)
          if fault == "huge": write(b'{"id":%d,"payload":%d}\n' % (id, 1 << 60))
          if fault == "negative": write(b'{"id":%d,"payload":-1}\n' % id)
          if fault == "no id": header.pop("id")
          if fault == "wrong id": header["id"] += 1
          if fault == "twice": send(header, payload)
          if fault == "foreign token": payload[1::4] = b"\x01" * len(data)
          if fault == "link": os.symlink("/etc/passwd", request["folder"] + "/link")
          if fault == "fifo": os.mkfifo(request["folder"] + "/fifo")
          if fault == "no folder": os.rmdir(request["folder"])
          if fault == "counts": header["counts"] = [n + 1 for n in header.get("counts", [])]
          if fault == "short counts": header["counts"] = header.get("counts", [0])[1:]
          if fault == "closed": os.close(1); time.sleep(100)
          if fault == "orphan": note(subprocess.Popen(["sleep", "100"]).pid); os._exit(0)
          if fault == "refuse" and len(data) == 5: header, payload = {"id": id, "error": {"message": "no fives"}}, b""
          if fault == "chatter": sys.stderr.write("chatter " * 400_000)
          if fault == "progress":
              for percent in range(0, 100, 20):
                  send({"id": id, "progress": f"{percent}%"})
                  time.sleep(0.5)
      send(header, payload)
  if fault == "stubborn": time.sleep(100)
  """#

/// Takes text alone, and gives it back in small letters: a library that normalises.
let smallLetters = #"""
  import json, struct, sys
  stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
  while line := stdin.readline():
      request = json.loads(line)
      data, header, results, start = stdin.read(request["payload"]), {"id": request["id"]}, [], 0
      kind, width = request["request"], 4 if request["request"].startswith("decode") else 1
      if kind == "hello":
          header |= {"protocol": 1, "name": "Small", "version": 2, "takes": "text", "spans": True,
                     "vocabulary": 0x110000}
      if kind == "train":
          open(request["corpus"], encoding="utf-8").read()
          header["progress"] = "has read"
          stdout.write(json.dumps(header).encode() + b"\n")
          header.pop("progress")
      if kind == "load": header["vocabulary"] = 0x110000
      for count in request.get("counts", []):
          item, start = data[start : start + count * width], start + count * width
          if kind == "encode":
              text = item.decode().lower()
              results.append(struct.pack(f"<{len(text)}I", *map(ord, text)))
          elif kind == "spans":
              results.append(b"".join(struct.pack("<I", len(c.encode())) for c in item.decode()))
          else:
              results.append("".join(chr(i) for i, in struct.iter_unpack("<I", item)).encode(errors="replace"))
      if "counts" in request: header["counts"] = [len(r) // (4 if kind in ("encode", "spans") else 1) for r in results]
      payload = b"".join(results)
      stdout.write(json.dumps({**header, "payload": len(payload)}).encode() + b"\n" + payload)
      stdout.flush()
  """#
