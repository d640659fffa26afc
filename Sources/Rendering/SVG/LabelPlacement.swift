/// A box in pixels, y downwards.
struct Box: Equatable {
  let left, top, right, bottom: Double

  func overlap(_ other: Box) -> Double {
    max(0, min(right, other.right) - max(left, other.left)) * max(0, min(bottom, other.bottom) - max(top, other.top))
  }

  /// How far it sticks out of another, in pixels.
  func excess(beyond frame: Box) -> Double {
    max(0, frame.left - left) + max(0, right - frame.right) + max(0, frame.top - top) + max(0, bottom - frame.bottom)
  }
}

/// Puts labels beside points, each where it covers the least of what is there already.
struct LabelPlacement {
  private let frame: Box
  private var taken: [Box]

  /// - Parameters: the area that labels should stay in, and what they should not cover.
  init(frame: Box, taken: [Box]) {
    self.frame = frame
    self.taken = taken
  }

  /// A place for a label of this size beside a point: right or left of it, above or below, the nearest free one.
  mutating func place(width: Double, height: Double, x: Double, y: Double) -> Box {
    var candidates: [(box: Box, distance: Double)] = []
    for step in 0...14 {
      let dy = Double((step + 1) / 2) * (step.isMultiple(of: 2) ? 1 : -1) * height * 0.9
      for left in [x + 9, x - 9 - width] {
        candidates.append(
          (Box(left: left, top: y + dy - height / 2, right: left + width, bottom: y + dy + height / 2), abs(dy)))
      }
      if abs(dy) > height * 0.8 {
        let left = x - width / 2
        candidates.append(
          (Box(left: left, top: y + dy - height / 2, right: left + width, bottom: y + dy + height / 2), abs(dy) + 4))
      }
    }
    func cost(_ candidate: (box: Box, distance: Double)) -> Double {
      taken.reduce(candidate.distance) { $0 + candidate.box.overlap($1) } + 50 * candidate.box.excess(beyond: frame)
    }
    let best = candidates.map { (box: $0.box, cost: cost($0)) }.min { $0.cost < $1.cost }
    let box = best?.box ?? Box(left: x, top: y, right: x + width, bottom: y + height)
    taken.append(box)
    return box
  }
}
