import HarnessCLI

HarnessCommand<BuiltInTokenizers>.main()
