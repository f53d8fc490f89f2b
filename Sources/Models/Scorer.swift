/// Rows of a model's features, [row][feature], NaN = missing, in the memory of whoever gives them.
public struct RowBlock {
    public enum Values {
        case single(UnsafePointer<Float>)
        case double(UnsafePointer<Double>)
    }

    public let values: Values
    public let count: Int

    public init(_ values: Values, count: Int) {
        self.values = values
        self.count = count
    }
}

/// A model made ready for scoring, whatever it is made of: what all threads share of it.
///
/// A row gives the same results and contributions in every batch, alone or beside others (C2).
public protocol PreparedModel: Sendable {
    /// Results a row.
    var resultCount: Int { get }

    /// What scores rows, for one thread.
    func makeScorer() -> any Scorer

    /// What each feature of the rows has added to P(fraud), [row][feature].
    func contributions(of rows: RowBlock) -> [Double]
}

/// A model at work in one thread: batches of rows go in, their results come out. What these mean is ``ResultMeaning``'s
/// to say.
public protocol Scorer: AnyObject {
    /// - Parameters:
    ///   - rows: Of either width; what a model compares in 32 bits it narrows.
    ///   - results: Room for [row][result].
    func score(_ rows: RowBlock, into results: UnsafeMutablePointer<Float>)
}
