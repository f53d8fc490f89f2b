extension MarginTransform {
    /// Turns the margins of many rows into results, in place.
    ///
    /// - Parameters:
    ///   - values: [rows][max(resultCount, outputCount)], a row's margins first.
    ///   - rows: How many.
    func apply(_ values: UnsafeMutablePointer<Double>, rows: Int) {
        let width = max(resultCount, outputCount)
        for row in 0..<rows { apply(UnsafePointer(values + row * width), values + row * width) }
    }
}
