import ArgumentParser
import Bench
import Foundation
import Harness
import Support
import Tokenizers
import Transformer

struct PlanCommand<Source: RegistrySource>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "plan", abstract: "What an experiment will train and what that costs, before anything is trained.",
      discussion: """
        Cells with their indices and keys, steps, FLOPs, bytes in the store, hours. Speed is measured here, or stated, \
        as it must be where PyTorch trains: the peak of a machine and the share of it that training reaches. Hours are \
        those of one machine.

        EXAMPLE
          harness plan experiments/quick.yaml
          harness plan big.yaml --peak 989e12 --utilisation 0.4 --price 2.5 --json
        """)
  }
  @Argument(help: "Experiment file.") var experiment: String
  @Option(help: "Run folder, which knows what 'precision: auto' means; runs/<name> if left out.") var out: String?
  @Option(
    help: ArgumentHelp("FLOPs a second that a machine has at most; measured here if left out.", valueName: "flops"))
  var peak: Double?
  @Option(help: "Share of the peak that training reaches.") var utilisation = 0.4
  @Option(help: "Price of a machine's hour, in any currency.") var price: Double?
  @Flag(help: "Machine-readable output.") var json = false
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    guard peak ?? 1 > 0, utilisation > 0, utilisation <= 1, price ?? 0 >= 0 else {
      throw ValidationError("--peak must be above 0, --utilisation above 0 and at most 1, --price at least 0")
    }
  }

  private struct Output: Encodable {
    let plan: Plan
    let totalFLOPs, totalBytes: Double
    /// nil where PyTorch trains and no peak was given.
    let estimate: Plan.Estimate?
  }

  func run() throws {
    let (loaded, registry) = try Experiment.loaded(experiment, Source.self)
    let folder = RunFolder(out ?? "runs/\(loaded.name)")
    let resolved = try ResolvedExperiment(loaded, registry: registry, fastest: folder.fastest(decides: false))
    let plan = try Plan(resolved, registry: registry)
    let speed = try peak.map { $0 * utilisation } ?? threads.measuredSpeed(of: plan, loaded)
    let estimate = speed.map { plan.estimate(flopsPerSecond: $0, pricePerHour: price) }
    if json {
      return try printJSON(
        Output(plan: plan, totalFLOPs: plan.totalFLOPs, totalBytes: plan.totalBytes, estimate: estimate))
    }
    print(plan.description(flopsPerSecond: speed, place: peak == nil ? "here" : "on one such machine"))
    if let estimate, let price = estimate.price, let each = estimate.pricePerHour {
      print(String(format: "%.1f hours of one machine, at %.2f an hour %.2f", estimate.hours, each, price))
    }
  }
}
