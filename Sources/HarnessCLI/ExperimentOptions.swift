import ArgumentParser
import Foundation
import Harness
import Plugins
import Support
import Tokenizers

extension Experiment {
  /// An experiment file, and the registry with its plug-ins.
  static func loaded<Source: RegistrySource>(_ file: String, _ source: Source.Type) throws -> (Experiment, Registry) {
    let registry = try registry(file: file, extending: Source.registry(), by: { try ExternalBackend($0) })
    return (try Experiment(file: file, registry: registry), registry)
  }
}

extension ResolvedExperiment {
  /// The registry that its tokenizers need.
  func registry<Source: RegistrySource>(_ source: Source.Type) throws -> Registry {
    try Registry(Source.registry().backends + plugins.map { try ExternalBackend($0) })
  }
}

/// The path from the root, whatever folder a command of later runs in.
func absolutePath(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
