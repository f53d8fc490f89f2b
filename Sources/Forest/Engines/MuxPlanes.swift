import CKernels

/// The planes of a forest's tests: which thresholds are compared with which feature, and where each test's plane is.
struct MuxPlanes {
    /// A feature's thresholds that are ranked together.
    private struct Group {
        var feature: Int
        var thresholds: ArraySlice<Float>
        var left: [Int]
        var right: [Int]
        var firstPlane: Int
    }

    private struct Key: Hashable {
        var feature: Int32
        var comparison: DistinctTests.Comparison
    }

    /// A rank is a byte.
    private static let groupLimit = 255

    private var groups: [Group] = []
    private var planeOf: [Key: Int] = [:]
    private(set) var comparisonCount = 0
    private(set) var lookups: Lookups
    private let lookupTargets: [Int]
    let count: Int

    init(_ tests: DistinctTests) {
        lookups = tests.lookups
        for feature in tests.features {
            var first = 0
            while first < feature.thresholds.count {
                let end = min(first + Self.groupLimit, feature.thresholds.count)
                let thresholds = feature.thresholds[first..<end]
                let levels = Dictionary(uniqueKeysWithValues: thresholds.enumerated().map { ($1, $0) })
                var group = Group(
                    feature: feature.feature,
                    thresholds: thresholds,
                    left: [],
                    right: [],
                    firstPlane: comparisonCount
                )
                for comparison in feature.comparisons {
                    guard let level = levels[comparison.threshold] else { continue }
                    if comparison.missingGoesLeft { group.left.append(level) } else { group.right.append(level) }
                    planeOf[Key(feature: Int32(feature.feature), comparison: comparison)] = comparisonCount
                    comparisonCount += 1
                }
                groups.append(group)
                first = end
            }
        }
        lookupTargets = lookups.targets(from: comparisonCount)
        count = comparisonCount + lookups.testCount
    }

    /// The plane of a test, counted from the first.
    mutating func plane(of split: Split) -> Int {
        if case .less(let threshold) = split.kind {
            let comparison = DistinctTests.Comparison(threshold, missingGoesLeft: split.missingGoesLeft)
            guard let plane = planeOf[Key(feature: split.feature, comparison: comparison)] else {
                preconditionFailure("Every comparison of the forest has a plane.")
            }
            return plane
        }
        guard let place = lookups.place(of: split) else { preconditionFailure("Other tests look up.") }
        return lookupTargets[place.lookup] + place.bit
    }

    var featureCount: Int { groups.count }

    func features(firstPlane: Int) -> [pa_mux_feature] {
        groups.map { group in
            pa_mux_feature(
                feature: UInt32(group.feature),
                threshold_count: UInt32(group.thresholds.count),
                plane: UInt32(firstPlane + group.firstPlane),
                left_count: UInt32(group.left.count),
                right_count: UInt32(group.right.count),
                step: UInt32(Self.step(group.thresholds.count))
            )
        }
    }

    /// 31 pivots, and what is between two of them.
    private static func step(_ count: Int) -> Int { count <= 31 ? 1 : count <= 63 ? 2 : count <= 127 ? 4 : 8 }

    /// Of every group 32 pivots, then 256 thresholds.
    var thresholds: [Float] {
        groups.flatMap { group -> [Float] in
            let filled = Array(group.thresholds) + Array(repeating: .nan, count: 256 - group.thresholds.count)
            let step = Self.step(group.thresholds.count)
            return (1...32).map { filled[$0 * step - 1] } + filled
        }
    }

    var levels: [UInt8] { groups.flatMap { ($0.left + $0.right).map(UInt8.init) } }
}
