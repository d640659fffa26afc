import CKernels

@testable import Transformer

/// bf16 where this machine has it.
let availablePrecisions = Precision.allCases.filter { $0 != .bf16 || (try? MatrixProduct(.bf16)) != nil }

/// Kernel sets that this machine runs, the plain one first.
let kernelSets: [String] = ["plain", "avx2", "avx512", "neon"].filter { ck_kernels_named($0) != nil }
