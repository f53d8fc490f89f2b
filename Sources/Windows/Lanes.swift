import Base

/// Scratch columns for one batch: a stack of lanes that grows to the deepest expression and is then reused.
final class Lanes {
    let capacity: Int
    private var numbers: [UnsafeMutablePointer<Double>] = []
    private var texts: [UnsafeMutablePointer<Text>] = []
    private var numbersInUse = 0
    private var textsInUse = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    deinit {
        for lane in numbers { lane.deallocate() }
        for lane in texts { lane.deallocate() }
    }

    /// A lane for numbers until the matching ``dropNumbers()``.
    func pushNumbers() -> UnsafeMutablePointer<Double> {
        if numbersInUse == numbers.count { numbers.append(.allocate(capacity: capacity)) }
        numbersInUse += 1
        return numbers[numbersInUse - 1]
    }

    func dropNumbers() {
        precondition(numbersInUse > 0, "A lane is given back once.")
        numbersInUse -= 1
    }

    /// Whether all lanes have been given back.
    var isUnused: Bool { numbersInUse == 0 && textsInUse == 0 }

    func pushTexts() -> UnsafeMutablePointer<Text> {
        if textsInUse == texts.count { texts.append(.allocate(capacity: capacity)) }
        textsInUse += 1
        return texts[textsInUse - 1]
    }

    func dropTexts() {
        precondition(textsInUse > 0, "A lane is given back once.")
        textsInUse -= 1
    }
}
