/// A stretch of memory with one owner. Hot loops take its base pointer once and check nothing.
///
/// Threads may write it side by side as long as each keeps to its own elements: the trainers hand out features, trees
/// or blocks of rows.
final class Stretch<Element: BitwiseCopyable>: @unchecked Sendable {
    let base: UnsafeMutablePointer<Element>
    let count: Int

    init(repeating value: Element, count: Int) {
        base = .allocate(capacity: max(1, count))
        base.initialize(repeating: value, count: count)
        self.count = count
    }

    init(copying values: [Element]) {
        base = .allocate(capacity: max(1, values.count))
        count = values.count
        for (index, value) in values.enumerated() { (base + index).initialize(to: value) }
    }

    deinit { base.deallocate() }
}
