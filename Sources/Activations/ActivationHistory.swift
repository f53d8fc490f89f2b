/// All activations of a data directory in their order, and which of them are in force.
public struct ActivationHistory: Sendable, Equatable {
    /// An activation, and the offset from which it holds in some partition.
    public struct Start: Sendable, Equatable {
        public var number: Int
        public var offset: Int64
    }

    /// All that can be read, the first one first.
    public private(set) var all: [Activation] = []
    /// Numbers of those that were lost to damage and marked so by a repair.
    public private(set) var lost: [ClosedRange<Int>] = []
    /// What the next one is numbered.
    public private(set) var nextNumber = 1
    /// Where in ``all`` the last ``Activation/Kind/begin`` is; nil if there is none.
    private var beginning: Int?
    /// Lost ones behind the last that begins: what is in force is not known then.
    private(set) var doubtful: ClosedRange<Int>?

    /// A history without any.
    public init() {}

    /// Those that are in force, each from its ``starts(partition:)`` on; none if nothing has been activated.
    public var inForce: [Activation] { beginning.map { Array(all[$0...]) } ?? [] }

    /// The one that new events are judged under; nil if nothing has been activated.
    public var current: Activation? { inForce.last }

    /// The offset from which each of those in force holds in a partition, in their order: offsets never go down.
    ///
    /// One that begins holds from 0 on. Another one holds from the smallest of its own offset and those of all later
    /// ones: of a log that was cut by a repair, the events behind the cut came after them.
    public func starts(partition: Int) -> [Start] {
        var found: [Start] = []
        var least = Int64.max
        for activation in inForce.reversed() {
            least = min(least, activation.kind == .begin ? 0 : activation.offsets[partition] ?? 0)
            found.append(Start(number: activation.number, offset: least))
        }
        return found.reversed()
    }

    /// The one that an event is judged under; nil if nothing has been activated.
    ///
    /// - Complexity: O(number of those in force).
    public func activation(partition: Int, offset: Int64) -> Activation? {
        let number = starts(partition: partition).last { $0.offset <= offset }?.number
        return number.flatMap { number in inForce.first { $0.number == number } }
    }

    /// Takes the next one.
    ///
    /// - Throws: ``ActivationError/malformed(_:)`` if it does not follow the last one.
    public mutating func add(_ activation: Activation) throws(ActivationError) {
        guard activation.number == nextNumber else {
            throw .malformed("it has number \(activation.number), expected \(nextNumber)")
        }
        switch activation.kind {
        case .begin:
            beginning = all.count
            doubtful = nil
        case .activate:
            guard beginning != nil || doubtful != nil else { throw .malformed("nothing begins before it") }
        }
        all.append(activation)
        nextNumber += 1
    }

    /// Passes over lost ones.
    mutating func addLost(_ count: Int) {
        precondition(count > 0, "A range that is lost has records.")
        let numbers = nextNumber...nextNumber + count - 1
        if let last = lost.last, last.upperBound + 1 == numbers.lowerBound {
            lost[lost.count - 1] = last.lowerBound...numbers.upperBound
        } else {
            lost.append(numbers)
        }
        doubtful = (doubtful?.lowerBound ?? numbers.lowerBound)...numbers.upperBound
        nextNumber = numbers.upperBound + 1
    }
}
