import CKernels

/// How the learning rate moves over a run.
public enum Schedule: String, Sendable, CaseIterable, Codable {
  /// Linear warm-up, then linearly to 0 at the last step.
  case linear
  /// Linear warm-up, then a half cosine to a tenth.
  case cosine
  /// base / √max(step, warmup): the paper's, for Adafactor.
  case rsqrt
  /// Linear warm-up, then constant.
  case constant

  /// The factor on the base learning rate at a step counted from 0. Warm-up takes at most a tenth of the steps, but for
  /// `rsqrt`, which does not know them. The same bits on every machine.
  public func factor(step: Int, steps: Int, warmup: Int) -> Double {
    if self == .rsqrt { return 1 / Double(max(step + 1, max(warmup, 1))).squareRoot() }
    let warmup = min(warmup, steps / 10)  // a short run is not all warm-up
    if step < warmup { return Double(step + 1) / Double(warmup) }
    let progress = Double(step - warmup) / Double(max(1, steps - warmup))
    switch self {
    case .linear: return max(0, 1 - progress)
    case .cosine: return 0.1 + 0.9 * 0.5 * (1 + ck_cospi(min(1, progress)))
    case .constant, .rsqrt: return 1
    }
  }
}
