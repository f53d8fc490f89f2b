/// What a feature's categories are called: a row holds their numbers, from 0 in this order.
public struct CategoryNames: Sendable, Equatable {
    public let names: [String]
    /// Whether the names are numbers, which may be spelled in other ways, too: 5, 5.0.
    public let areNumbers: Bool

    public init(_ names: [String], areNumbers: Bool = false) {
        self.names = names
        self.areNumbers = areNumbers
    }

    /// The number of each name; of two alike the first one's.
    public var numbers: [String: Int] {
        var numbers: [String: Int] = [:]
        for (number, name) in names.enumerated() where numbers[name] == nil { numbers[name] = number }
        return numbers
    }

    func check(_ feature: String) throws(ForestError) {
        func refuse(_ words: String) -> ForestError { .invalid(part: "categories of \(feature)", words: words) }
        guard !names.isEmpty, names.count <= 1 << 24 else { throw refuse("there are none, or too many") }
        guard Set(names).count == names.count else { throw refuse("two have the same name") }
        guard !areNumbers || names.allSatisfy({ Double($0)?.isFinite == true }) else {
            throw refuse("one of them is no number")
        }
    }
}
