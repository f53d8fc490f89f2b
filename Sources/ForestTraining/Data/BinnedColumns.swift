/// All features of a set of rows as bin numbers, column by column; two bytes a value.
final class BinnedColumns: Sendable {
    let features: [BinnedFeature]
    let rowCount: Int
    /// Of each feature: whether two random rows share a bin more often than one time in twenty.
    let isSkewed: [Bool]
    private let bins: Stretch<UInt16>

    /// Chooses the bins after the rows themselves; at most `binsMax` (2…65,535) a feature.
    convenience init(_ columns: [[Float]], binsMax: Int, workers: Workers) {
        let features = workers.map(columns.count) { index in
            let sorted = RadixSort.sorted(columns[index])
            return sorted.withUnsafeBufferPointer {
                BinnedFeature(sorted: $0, hasMissing: sorted.count < columns[index].count, binsMax: binsMax)
            }
        }
        self.init(columns, features: features, workers: workers)
    }

    /// Puts rows into bins chosen before.
    init(_ columns: [[Float]], features: [BinnedFeature], workers: Workers) {
        precondition(columns.count == features.count, "There is one column a feature.")
        let rows = columns.first?.count ?? 0
        let bins = Stretch<UInt16>(repeating: 0, count: rows * columns.count)
        isSkewed = workers.map(columns.count) { index in
            columns[index].withUnsafeBufferPointer { features[index].bin($0, into: bins.base + index * rows) }
            var counts = Array(repeating: 0, count: features[index].binCount + 1)
            for row in 0..<rows { counts[Int(bins.base[index * rows + row])] += 1 }
            return counts.reduce(0) { $0 + Double($1) * Double($1) } > 0.05 * Double(rows) * Double(rows)
        }
        self.features = features
        self.bins = bins
        rowCount = rows
    }

    func column(_ feature: Int) -> UnsafePointer<UInt16> {
        UnsafePointer(bins.base + feature * rowCount)
    }
}

/// Sorts numbers by their bits, eleven at a time: three passes whatever their order.
enum RadixSort {
    /// The values that are not missing, ascending; −0 becomes 0.
    static func sorted(_ values: [Float]) -> [Float] {
        let keys = Stretch<UInt32>(repeating: 0, count: values.count)
        let spare = Stretch<UInt32>(repeating: 0, count: values.count)
        var count = 0
        for value in values where !value.isNaN {
            let bits = (value + 0).bitPattern
            // Negative numbers descend with their bits, positive ones ascend.
            keys.base[count] = bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000
            count += 1
        }
        var (source, target) = (keys.base, spare.base)
        let places = Stretch(repeating: 0, count: 2048)
        for shift in [UInt32(0), 11, 22] {
            places.base.update(repeating: 0, count: 2048)
            for index in 0..<count { places.base[Int(source[index] >> shift & 2047)] &+= 1 }
            var next = 0
            for digit in 0..<2048 { (places.base[digit], next) = (next, next + places.base[digit]) }
            for index in 0..<count {
                let digit = Int(source[index] >> shift & 2047)
                target[places.base[digit]] = source[index]
                places.base[digit] &+= 1
            }
            swap(&source, &target)
        }
        return (0..<count).map { index in
            let key = source[index]
            return Float(bitPattern: key & 0x8000_0000 != 0 ? key & 0x7FFF_FFFF : ~key)
        }
    }
}
