import CKernels

/// The values that the nodes of a walk compare with their thresholds, and how a row becomes them.
struct NodeColumns {
    /// A feature whose missing values go left or right.
    private var numbers: [Int32]
    private var lookups = Lookups()
    private let lookupTargets: [Int]
    let columns: [pa_column]
    let width: Int
    let lookupForm: [pa_lookup]
    let memory: [KernelMemory]
    private let rowWidth: Int

    init(_ model: ForestModel) {
        rowWidth = model.featureNames.count
        var numbers = Array(repeating: Int32(-1), count: rowWidth * 2)
        for tree in model.trees {
            for node in 0..<tree.nodeCount where tree.feature[node] >= 0 {
                let split = tree.split(node)
                guard case .less = split.kind else {
                    _ = lookups.place(of: split)
                    continue
                }
                numbers[Int(split.feature) * 2 + (split.missingGoesLeft ? 0 : 1)] = 0
            }
        }
        var columns: [pa_column] = []
        for index in numbers.indices where numbers[index] == 0 {
            numbers[index] = Int32(columns.count)
            columns.append(pa_column(feature: UInt32(index / 2), missing_goes_right: UInt32(index % 2)))
        }
        self.numbers = numbers
        self.columns = columns
        lookupTargets = lookups.targets(from: columns.count)
        width = max(1, columns.count + lookups.testCount)
        let lookups = lookups.compiled(firstTarget: columns.count)
        lookupForm = lookups.lookups
        let columnMemory = KernelMemory(columns)
        let lookupMemory = KernelMemory(lookups.lookups)
        memory = [columnMemory, lookupMemory] + lookups.memory
    }

    var form: pa_columns {
        pa_columns(
            columns: memory[0].pointer(to: pa_column.self),
            column_count: columns.count,
            lookups: memory[1].pointer(to: pa_lookup.self),
            lookup_count: lookupForm.count,
            row_width: UInt32(rowWidth),
            width: UInt32(width)
        )
    }

    /// What a node compares: a value of at least the threshold goes right.
    mutating func test(_ split: Split) -> (column: Int, threshold: Float) {
        if case .less(let threshold) = split.kind {
            return (Int(numbers[Int(split.feature) * 2 + (split.missingGoesLeft ? 0 : 1)]), threshold)
        }
        guard let place = lookups.place(of: split) else { preconditionFailure("Other tests look up.") }
        return (lookupTargets[place.lookup] + place.bit, 0.5)
    }
}
