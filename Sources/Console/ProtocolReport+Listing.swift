public import Learning

extension ProtocolReport {
    /// For people.
    public var listing: Listing {
        var listing = Listing(columns: ["figure", "value"], rows: [])
        if folds.count > 1 { listing.columns += ["deviation"] + folds.indices.map { "fold \($0)" } }
        for (place, entry) in summary.enumerated() {
            func cell(_ value: Double?) -> Cell {
                guard let value else { return .null }
                let isCount = Judgement.counts.contains { entry.name.hasSuffix($0) } && value == value.rounded()
                return isCount ? .integer(Int(value)) : .number(value, decimals: 4)
            }
            var row: [Cell] = [.text(entry.name), cell(entry.mean)]
            if folds.count > 1 {
                row.append(cell(entry.deviation))
                row += folds.map { cell(place < $0.figures.count ? $0.figures[place].value : nil) }
            }
            listing.rows.append(row)
        }
        return listing
    }
}
