import Foundation
import Metrics
import Support

extension PaperPart {
  /// How near the bits of codes are to random ones.
  static let uniformity = PaperPart(
    "uniformity", title: "Uniformity of the codes", source: "figures 11, 16 and 17",
    needs: { _ in
      var needs = PaperNeeds()
      needs.bits = ["AC[v=2]", "StaticAC[v=2]", "GZip[v=2]"] + [16, 32, 128].map { PaperTokenizers.greedy($0, "2") }
      return needs
    },
    run: { input in
      let all = input.measurements.uniformity
      let note =
        "Kullback–Leibler divergence from uniform of the bits of the held-out text's codes, read as n-grams at every bit "
        + "(grams) and as tokens of n bits. Plug-in estimates grow with n for random bits too, since 2^n numbers are seen "
        + "ever more seldom; Miller and Madow's takes the most of that away. Random: the middle 95% of 40 strings of as "
        + "many bits, SHA-256 of a counter."
      let shown = all.filter { [1, 2, 4, 8, 12, 16].contains($0.width) }
      var artifacts = BitReading.allCases.map { reading in
        Artifact.figure(figure(all.filter { $0.reading == reading }, reading))
      }
      artifacts.append(.table(Table(key: "paper-uniformity", shown, fields: fields)))
      artifacts.append(.note(RichText(note)))
      return PaperAnswer(claims: claims(all), artifacts: artifacts)
    })

  private static let fields: [TableField<BitUniformity>] = [
    .text("stream", "Bits of") { $0.stream }, .text("reading", "Read as") { $0.reading.rawValue },
    .number("width", "n", .integer) { Double($0.width) },
    .number("plugIn", "Plug-in", unit: "bits", .significant, better: .lower) { $0.plugIn },
    .text("randomPlugIn", "Random, 95%") { range($0.randomPlugIn) },
    .number("millerMadow", "Miller–Madow", unit: "bits", .significant, better: .lower) { $0.millerMadow },
    .text("randomMillerMadow", "Random, 95%") { range($0.randomMillerMadow) },
    .text("within", "Within") { $0.randomMillerMadow.contains($0.millerMadow) ? "yes" : "**no**" },
  ]

  private static func range(_ interval: Interval) -> String {
    String(format: "%.3g … %.3g", interval.lower, interval.upper)
  }

  private static func figure(_ rows: [BitUniformity], _ reading: BitReading) -> Figure {
    let streams = unique(rows.map(\.stream))
    // The strings are of different lengths, and so their bands: the one of the longest is drawn.
    let random = rows.filter { $0.stream == streams.first }
    return Figure(
      key: "paper-uniformity-\(reading.rawValue)",
      title: "Divergence from uniform, bits read as \(reading == .grams ? "overlapping n-grams" : "tokens of n bits")",
      style: .lines, x: .init("n (bits)", isLogarithmic: false),
      y: .init("KL from uniform, plug-in (bits)", isLogarithmic: true),
      series: streams.map { stream in
        .init(
          title: stream, family: stream,
          points: rows.filter { $0.stream == stream && $0.plugIn > 0 }.map { .init(x: Double($0.width), y: $0.plugIn) })
      } + [
        .init(
          title: "random, 2.5%", family: "random",
          points: random.map { .init(x: Double($0.width), y: $0.randomPlugIn.lower) }),
        .init(
          title: "random, 97.5%", family: "random",
          points: random.map { .init(x: Double($0.width), y: $0.randomPlugIn.upper) }),
      ])
  }

  private static func claims(_ all: [BitUniformity]) -> [Claim] {
    func rows(_ stream: String) -> [BitUniformity] { all.filter { $0.stream == stream } }
    /// Of 32 readings one or two lie outside a band of 95% by chance.
    func random(_ statement: String, _ stream: String) -> Claim {
      let own = rows(stream), above = own.filter { $0.millerMadow > $0.randomMillerMadow.upper }
      guard !own.isEmpty else { return Claim(statement, .cannotTell, "nothing was measured") }
      let most = above.max { $0.millerMadow < $1.millerMadow }
      return Claim(
        statement, Double(above.count) <= 0.1 * Double(own.count) ? .seen : .notSeen,
        "\(above.count) of \(own.count) readings above the band of random bits"
          + (most.map { String(format: ", at most %.2g bits at n = %d", $0.millerMadow, $0.width) } ?? ""))
    }
    func far(_ statement: String, _ stream: String) -> Claim {
      let one = random(statement, stream)
      return Claim(
        statement, one.verdict == .seen ? .notSeen : one.verdict == .notSeen ? .seen : .cannotTell, one.numbers)
    }
    let short = PaperTokenizers.greedy(16, "2"), long = PaperTokenizers.greedy(128, "2")
    let falling = "The shorter the window, the farther its bits are from random"
    let ends = [short, long].map { stream in all.first { $0.stream == stream && $0.reading == .grams && $0.width == 8 }
    }
    let compared: Claim =
      if let a = ends[0], let b = ends[1] {
        Claim(
          falling,
          a.millerMadow > max(b.millerMadow, a.randomMillerMadow.upper)
            ? .seen : a.millerMadow < b.millerMadow ? .notSeen : .cannotTell,
          String(format: "8-grams %.2g bits at b=16, %.2g at b=128", a.millerMadow, b.millerMadow))
      } else { Claim(falling, .cannotTell, "nothing was measured") }
    return [
      random("AC's bits cannot be told from random ones by n-grams up to 16", "AC[v=2]"),
      far("The bits of windows of 16 can be told from random ones", short), compared,
      far("GZip's bits can be told from random ones", "GZip[v=2]"),
    ]
  }
}
