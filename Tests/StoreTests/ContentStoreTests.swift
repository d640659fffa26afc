import Foundation
import Store
import Support
import Synchronization
import Testing

@Suite struct ContentStoreTests {
  let root = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
  let provenance = Provenance(Program(version: "test", commit: ""), libraries: [:], threads: 1)

  func key(_ text: String) throws -> StoreKey { try StoreKey(.score, version: 1, ingredients: ["of": text]) }
  func write(_ text: String, to building: Building) throws {
    try writeAtomically(Data(text.utf8), to: building.folder + "/value")
  }
  func value(_ stored: Stored) throws -> String {
    try String(contentsOfFile: stored.entry.file("value"), encoding: .utf8)
  }

  @Test func whatWasBuiltIsFound() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let first = try ContentStore(root: root).entry(key("a"), provenance: provenance) { try write("one", to: $0) }
    #expect(try !first.wasThere && value(first) == "one")
    let again = try ContentStore(root: root).entry(key("a"), provenance: provenance) { try write("two", to: $0) }
    #expect(try again.wasThere && value(again) == "one")
    #expect(again.entry.sha256 == first.entry.sha256)
    #expect(try ContentStore(root: root).find(key("b")) == nil)
  }

  /// Who is refused leaves the holder's claim alone: another look, and another, are refused as well.
  @Test func beingRefusedTakesNothingAway() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root)
    let made = try store.entry(key("a"), provenance: provenance) { building in
      for _ in 0..<3 {
        let refused = try store.entryUnlessClaimed(key("a"), provenance: provenance) { try write("twice", to: $0) }
        #expect(try refused == nil && store.holder(of: key("a"))?.process == getpid())
      }
      try write("once", to: building)
    }
    #expect(try value(made) == "once" && store.holder(of: key("a")) == nil)
  }

  @Test func aFailedBuildLeavesNothing() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root)
    #expect(throws: FileError.self) {
      try store.entry(key("a"), provenance: provenance) { building in
        try write("half", to: building)
        throw FileError("x", "no")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/score").isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/claims").isEmpty)
    #expect(try value(store.entry(key("a"), provenance: provenance) { try write("whole", to: $0) }) == "whole")
  }

  /// Every file of an entry, every kind of damage: noticed, set aside, built again.
  @Test(arguments: ["flip", "cut", "empty", "remove"]) func damageIsNoticed(_ damage: String) throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    for name in ["value", "manifest.json", "manifest.sha256"] {
      let made = try ContentStore(root: root).entry(key("a"), provenance: provenance) {
        try write("the content", to: $0)
      }
      let path = made.entry.file(name)
      var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      switch damage {
      case "flip": bytes[bytes.count / 2] ^= 4
      case "cut": bytes.removeLast(bytes.count / 3)
      case "empty": bytes = []
      default: break
      }
      if damage == "remove" {
        try FileManager.default.removeItem(atPath: path)
      } else {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
      }
      let said = Mutex<[String]>([])
      let store = try ContentStore(root: root) { line in said.withLock { $0.append(line) } }
      var found = 0
      #expect(try store.verify { if $1 != nil, $0.hasPrefix("score/") { found += 1 } } == 1)
      #expect(found == 1)
      let again = try store.entry(key("a"), provenance: provenance) { try write("the content", to: $0) }
      #expect(try !again.wasThere && value(again) == "the content")
      #expect(said.withLock { $0.contains { $0.contains(name) && $0.contains("set aside") } })
    }
  }

  @Test func aRaceHasOneWinnerAndNoLoser() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let builds = Atomic<Int>(0)
    let stores = try (0..<8).map { _ in try ContentStore(root: root) }
    let values = try parallelMap(8, threads: 8) { i in
      try value(
        stores[i].entry(key("a"), provenance: provenance) { building in
          builds.add(1, ordering: .relaxed)
          Thread.sleep(forTimeInterval: 0.05)
          try write("same", to: building)
        })
    }
    #expect(values == Array(repeating: "same", count: 8))
    #expect(builds.load(ordering: .relaxed) == 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: root + "/score").count == 1)
  }

  /// A holder that died leaves a claim that nobody touches; it goes stale by age, whatever its process number.
  @Test func aStaleClaimIsTakenOver() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root), key = try key("a")
    let claim = "\(root)/claims/score-\(key.hash)"
    let holder = #"{"host":"elsewhere","process":\#(getpid()),"since":"","nonce":"1"}"#
    try Data(holder.utf8).write(to: URL(fileURLWithPath: claim))
    #expect(try store.entryUnlessClaimed(key, provenance: provenance) { try write("a", to: $0) } == nil)
    #expect(store.holder(of: key)?.host == "elsewhere")
    let old = Date(timeIntervalSinceNow: -2 * Claim.staleSeconds)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: claim)
    #expect(try store.entryUnlessClaimed(key, provenance: provenance) { try write("a", to: $0) } != nil)
    #expect(store.holder(of: key) == nil)
  }

  /// Who looks need not be allowed to write: here no file can be made beside the claim, whose name is too long for that.
  @Test func whatIsUnderWayCanBeSeenWithoutWriting() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root), name = "score-" + String(repeating: "a", count: 240)
    let claim = "\(root)/claims/\(name)"
    try Data(#"{"host":"elsewhere","process":7,"since":"","nonce":"1"}"#.utf8).write(to: URL(fileURLWithPath: claim))
    #expect(throws: FileError.self) { try Claim.age(claim) }
    #expect(try store.workUnderWay().map(\.holder.process) == [7])
    let old = Date(timeIntervalSinceNow: -2 * Claim.staleSeconds)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: claim)
    #expect(try store.workUnderWay().isEmpty)
  }

  /// What a kill broke off does not pile up, try after try.
  @Test func theNextTryRemovesHalfACheckpoint() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root), key = try key("a"), work = "\(root)/work/score-\(key.hash)"
    try makeFolder(work)
    for name in ["checkpoint", "checkpoint.partial-1"] {
      try Data().write(to: URL(fileURLWithPath: work + "/" + name))
    }
    _ = try store.entry(key, provenance: provenance) { building in
      #expect(try FileManager.default.contentsOfDirectory(atPath: building.work) == ["checkpoint"])
      try building.write(Data(), to: "value")
    }
  }

  /// It would end the line that notes it.
  @Test func aRunFolderWithALineBreakIsRefused() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    #expect(throws: FileError.self) { try ContentStore(root: root, user: RunUses(runFolder: "/a\nb")) }
  }

  @Test func pruningKeepsWhatARunUses() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let run = root + "-run"
    try makeFolder(run)
    defer { try? FileManager.default.removeItem(atPath: run) }
    let used = try ContentStore(root: root, user: RunUses(runFolder: run))
    _ = try used.entry(key("kept"), provenance: provenance) { try write("kept", to: $0) }
    let unused = try ContentStore(root: root)
    _ = try unused.entry(key("dropped"), provenance: provenance) { try write("dropped", to: $0) }
    #expect(try unused.list().map(\.users.count).sorted() == [0, 1])
    #expect(try unused.prune(dryRun: true).removed == ["score/\(key("dropped").hash)"])
    #expect(try unused.list().count == 2)
    _ = try unused.prune(dryRun: false)
    #expect(try unused.list().map(\.key) == [key("kept").hash])
    // A run folder that is gone may have been moved; after some days it uses nothing.
    try FileManager.default.removeItem(atPath: run)
    #expect(try unused.prune(dryRun: false).removed.isEmpty)
    let note = try #require(FileManager.default.contentsOfDirectory(atPath: root + "/users").first)
    let old = Date(timeIntervalSinceNow: -30 * 86_400)
    try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: root + "/users/" + note)
    _ = try unused.prune(dryRun: false)
    #expect(try unused.list().isEmpty)
  }

  /// A note that cannot be read keeps everything; a folder that is no store is not taken for one.
  @Test func pruningTouchesNothingItDoesNotKnow() throws {
    defer { try? FileManager.default.removeItem(atPath: root) }
    let store = try ContentStore(root: root, user: RunUses(runFolder: root + "-run"))
    _ = try store.entry(key("a"), provenance: provenance) { try write("a", to: $0) }
    let note = try #require(FileManager.default.contentsOfDirectory(atPath: root + "/users").first)
    try Data([0xFF, 0x0A]).write(to: URL(fileURLWithPath: root + "/users/" + note))
    #expect { try store.prune(dryRun: false) } throws: { "\($0)".contains("users/") }
    #expect(FileManager.default.fileExists(atPath: "\(root)/score/\(try key("a").hash)/value"))

    let other = root + "-other"
    defer { try? FileManager.default.removeItem(atPath: other) }
    try makeFolder(other + "/corpus/mine")
    #expect { try ContentStore(root: other) } throws: { "\($0)".contains("is no store") }
    #expect(throws: FileError.self) { try ContentStore(root: "") }
  }
}
