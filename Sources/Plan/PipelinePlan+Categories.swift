/// Features that are `category(x)` without a list: the model that takes such a feature knows the names.
extension PipelinePlan {
    /// Indices of the features whose categories have no names yet.
    public var openCategories: [Int] { features.indices.filter { isOpen($0) } }

    private func isOpen(_ feature: Int) -> Bool {
        guard case .call(.category, let arguments) = features[feature].expression else { return false }
        return arguments.count == 1
    }

    /// Gives the categories of a feature their names, if it has none of its own.
    ///
    /// - Parameters:
    ///   - feature: An index in ``features``.
    ///   - names: In the order of their numbers.
    ///   - areNumbers: Whether they are numbers, spelled out.
    /// - Returns: False if the feature is of numbers, and a name is none.
    public mutating func name(category feature: Int, _ names: [String], areNumbers: Bool) -> Bool {
        guard isOpen(feature), case .call(.category, let arguments) = features[feature].expression else { return true }
        var literals: [Expression] = []
        if arguments[0].type == .text {
            literals = names.map { .text($0) }
        } else if names == ["False", "True"] {
            literals = [.number(0), .number(1)]
        } else {
            guard areNumbers else { return false }
            literals = names.map { .number(Double($0) ?? .nan) }
        }
        features[feature].expression = .call(.category, arguments + literals)
        return true
    }
}
