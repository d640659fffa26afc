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
      let note: RichText =
        "Kullback–Leibler divergence from uniform of the bits of the held-out text's codes, read as n-grams at every bit "
        + "(grams) and as tokens of n bits. Plug-in estimates grow with n for random bits too, since 2^n numbers are seen "
        + "ever more seldom; Miller and Madow's takes the most of that away while numbers are seen often enough. Random: the middle "
        + "95% of 40 strings of as many bits, SHA-256 of a counter. The table has six widths, and those at which AC lies above; "
        + "all are in \(code: "measurements/uniformity.json")."
      // And those of AC above random bits: it is said that there are none.
      let shown = all.filter { [1, 2, 4, 8, 12, 16].contains($0.width) || ($0.isAbove && $0.stream == "AC[v=2]") }
      var artifacts = BitReading.allCases.map { reading in
        Artifact.figure(figure(all.filter { $0.reading == reading }, reading))
      }
      artifacts.append(.table(Table(key: "paper-uniformity", shown, fields: fields)))
      artifacts.append(.note(note))
      return PaperAnswer(claims: claims(all), artifacts: artifacts)
    })

  private static let fields: [TableField<BitUniformity>] = [
    .text("stream", "Bits of") { $0.stream }, .text("reading", "Read as") { $0.reading.rawValue },
    .number("width", "n", .integer) { Double($0.width) },
    .number("plugIn", "Plug-in, bits", unit: "bits", .significant, better: .lower) { $0.plugIn },
    .text("randomPlugIn", "Random, 95%") { range($0.randomPlugIn) },
    .number("millerMadow", "Miller–Madow, bits", unit: "bits", .significant, better: .lower) { $0.millerMadow },
    .text("randomMillerMadow", "Random, 95%") { range($0.randomMillerMadow) },
    .text("above", "Above random") { $0.isAbove ? "yes" : "no" },
  ]

  private static func range(_ interval: Interval) -> String {
    String(format: "%.3g … %.3g", interval.lower, interval.upper)
  }

  private static func figure(_ rows: [BitUniformity], _ reading: BitReading) -> Figure {
    let streams = unique(rows.map(\.stream))
    // All strings have as many bits, and so one band.
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
    /// Readings of one string go together: of 100 strings of random bits, 12 had a tenth of the 32 readings above a band
    /// made of 40 others, and 4 had a quarter of them.
    func random(_ statement: String, _ stream: String) -> Claim {
      let own = rows(stream), above = own.filter(\.isAbove)
      guard !own.isEmpty else { return Claim(statement, .cannotTell, "nothing was measured") }
      let most = above.max { $0.excess < $1.excess }
      return Claim(
        statement, 4 * above.count < own.count ? .seen : .notSeen,
        "\(above.count) of \(own.count) readings above the band of random bits"
          + (most.map {
            String(format: ", by at most %.2g bits (%@, n = %d)", $0.excess, $0.reading.rawValue, $0.width)
          } ?? ""))
    }
    func told(_ statement: String, _ stream: String) -> Claim {
      let one = random(statement, stream)
      return Claim(
        statement, one.verdict == .seen ? .notSeen : one.verdict == .notSeen ? .seen : .cannotTell, one.numbers)
    }
    func octets(_ stream: String, _ reading: BitReading) -> BitUniformity? {
      all.first { $0.stream == stream && $0.reading == reading && $0.width == 8 }
    }
    let short = PaperTokenizers.greedy(16, "2"), long = PaperTokenizers.greedy(128, "2")
    return [
      random("AC's bits cannot be told from random ones by n-grams and tokens of up to 16 bits", "AC[v=2]"),
      told("The bits of windows of 16 can be told from random ones", short),
      told("GZip's bits can be told from random ones", "GZip[v=2]"),
      farther(
        "The shorter the window, the farther its bits are from random", octets(short, .grams), "8-grams at b=16",
        than: octets(long, .grams), "at b=128"),
      farther(
        "Tokens tell more than n-grams: read as tokens of 8, the bits of windows of 16 are farther from random",
        octets(short, .tokens), "tokens", than: octets(short, .grams), "8-grams"),
    ]
  }

  /// That one divergence is higher than another, by more than the bands of random bits are wide.
  private static func farther(
    _ statement: String, _ a: BitUniformity?, _ nameA: String, than b: BitUniformity?, _ nameB: String
  ) -> Claim {
    guard let a, let b else { return Claim(statement, .cannotTell, "nothing was measured") }
    let difference = a.millerMadow - b.millerMadow
    let noise = [a, b].map { $0.randomMillerMadow.upper - $0.randomMillerMadow.lower }.max() ?? 0
    return Claim(
      statement, difference > noise ? .seen : difference < -noise ? .notSeen : .cannotTell,
      String(
        format: "%@ %.2g bits, %@ %.2g; the band of random bits is %.1g wide", nameA, a.millerMadow, nameB,
        b.millerMadow,
        noise))
  }
}

extension BitUniformity {
  /// Whether it is farther from uniform than random bits are.
  fileprivate var isAbove: Bool { excess > 0 }
  /// Bits above the band of random ones.
  fileprivate var excess: Double { millerMadow - randomMillerMadow.upper }
}
