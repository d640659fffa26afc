import HarnessCLI
import Nibbles
import Plugins
import Tokenizers

struct MyTokenizers: RegistrySource {
  static func registry() throws -> Registry { try Registry(builtInBackends + [NibblesBackend()]) }
}

HarnessCommand<MyTokenizers>.main()
