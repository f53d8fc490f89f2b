import CKernels

/// Tests that look a value up: category sets and equality. Each different one is stored once, as a bit of a matrix
/// whose rows are the codes of a feature's values.
struct Lookups {
    /// A test's place: which lookup, and which bit of it.
    struct Place {
        var lookup: Int
        var bit: Int
    }

    /// What one lookup answers.
    private struct Group: Hashable {
        var feature: Int32
        /// Tests by equality, or sets whose largest category needs this many bits: so that no matrix is much larger
        /// than the sets it is made of.
        var size: Int
    }

    private struct Test: Hashable {
        var missingGoesLeft: Bool
        /// The words of a set, or the bits of a value.
        var words: [UInt32]
    }

    private var order: [Group] = []
    private var numbers: [Group: Int] = [:]
    private var tests: [[Test]] = []
    private var bits: [[Test: Int]] = []

    private static let equality = -1

    var isEmpty: Bool { order.isEmpty }
    var testCount: Int { tests.reduce(0) { $0 + $1.count } }

    /// The place of a test; the same one for the same test.
    mutating func place(of split: Split) -> Place? {
        let group: Group
        let test: Test
        switch split.kind {
        case .less: return nil
        case .equal(let value):
            group = Group(feature: split.feature, size: Self.equality)
            test = Test(missingGoesLeft: split.missingGoesLeft, words: [(value == 0 ? 0 : value).bitPattern])
        case .inSet(let words):
            let trimmed = Array(words.prefix((words.lastIndex { $0 != 0 } ?? -1) + 1))
            group = Group(feature: split.feature, size: (trimmed.count + 3).leadingZeroBitCount)
            test = Test(missingGoesLeft: split.missingGoesLeft, words: trimmed)
        }
        let lookup = numbers[group] ?? order.count
        if lookup == order.count {
            numbers[group] = lookup
            order.append(group)
            tests.append([])
            bits.append([:])
        }
        if let bit = bits[lookup][test] { return Place(lookup: lookup, bit: bit) }
        let bit = tests[lookup].count
        bits[lookup][test] = bit
        tests[lookup].append(test)
        return Place(lookup: lookup, bit: bit)
    }

    /// The first target (plane or column) of each lookup, if the first one's is `first`.
    func targets(from first: Int) -> [Int] {
        var next = first
        return tests.map { group in
            defer { next += group.count }
            return next
        }
    }

    /// The kernels' form, and the memory that it points into.
    func compiled(firstTarget: Int) -> (lookups: [pa_lookup], memory: [KernelMemory]) {
        var memory: [KernelMemory] = []
        let targets = targets(from: firstTarget)
        let lookups = order.indices.map { number -> pa_lookup in
            let isEquality = order[number].size == Self.equality
            let tests = tests[number]
            let values =
                isEquality
                ? Set(tests.map { $0.words[0] }).map { Float(bitPattern: $0) }.sorted() : []
            let codes = isEquality ? values.count : tests.reduce(0) { max($0, $1.words.count * 32) }
            let words = (tests.count + 63) / 64
            let matrix = KernelMemory(byteCount: (codes + 2) * words * 8)
            let bits = matrix.pointer(to: UInt64.self)
            for (bit, test) in tests.enumerated() {
                for code in 0..<codes + 2 {
                    let goesLeft =
                        if code == codes + 1 {
                            test.missingGoesLeft
                        } else if code == codes {
                            false
                        } else if isEquality {
                            values[code] == Float(bitPattern: test.words[0])
                        } else {
                            code / 32 < test.words.count && test.words[code / 32] >> UInt32(code % 32) & 1 == 1
                        }
                    if !goesLeft { bits[code * words + bit / 64] |= 1 << UInt64(bit % 64) }
                }
            }
            memory.append(matrix)
            var dictionary: UnsafePointer<Float>?
            if isEquality {
                let copy = KernelMemory(values)
                memory.append(copy)
                dictionary = UnsafePointer(copy.pointer(to: Float.self))
            }
            return pa_lookup(
                feature: UInt32(order[number].feature),
                code_count: UInt32(codes),
                test_count: UInt32(tests.count),
                word_count: UInt32(words),
                target: UInt32(targets[number]),
                values: dictionary,
                bits: bits
            )
        }
        return (lookups, memory)
    }
}
