import Survey

/// Files that name nobody: every event is compared with all others, and by the numbers that it has.
extension Drafting {
    /// Columns of numbers that are looked at, at most.
    private static let columnLimit = 6

    mutating func addCrowd() {
        draft.entities = [
            PipelineDraft.Entity(
                name: "everyone",
                key: [],
                reason: "no column of the file has keys that come back: all events are one history"
            )
        ]
        // Some hundred events, so that a window says what is usual and takes little memory.
        let gap = max(1, time.span / Int64(max(1, profile.records)))
        let windows = Durations.windows
        let short = windows.last { $0 <= gap * 100 } ?? Durations.minute
        let long = windows.first { $0 > short } ?? short
        draft.session = Durations.second
        let (brief, history) = (Durations.text(short), Durations.text(long))
        feature("events_\(brief)", "count(everyone, \(brief))", "events in \(Durations.words(short))", "how busy it is")
        if let column = amount, let amount = fields[column] {
            feature("amount_now", amount, "amount", "the event's own amount")
            feature(
                "amount_ratio",
                "\(amount) / mean(everyone, \(history), \(amount)) excluding current",
                "amount, in usual amounts of \(Durations.words(long))",
                "against all others"
            )
            feature(
                "amount_deviations",
                "zscore(everyone, \(history), \(amount))",
                "amount, in deviations from the mean of \(Durations.words(long))",
                "against how much they vary"
            )
            draft.ideas.append(
                RuleIdea(
                    name: "unusual_amount",
                    title: "far above what is usual",
                    score: 0.7,
                    parts: [.atLeast(feature: "amount_now", tail: 0.001, floor: 0)]
                )
            )
        }
        addNumbers(history)
    }

    /// The columns whose numbers differ most where the label says so; without a label the first ones.
    private mutating func addNumbers(_ history: String) {
        let known = Set(fields.keys).union(profile.labels.map(\.column))
        let columns = profile.columns.filter { column in
            column.type == .number && !column.isWhole && !known.contains(column.path) && !column.isList
                && column.nulls * 2 < profile.records && isComplete(column)
        }
        let order = columns.indices.sorted {
            columns[$0].separation != columns[$1].separation
                ? columns[$0].separation > columns[$1].separation : $0 < $1
        }
        for column in order.prefix(Self.columnLimit).map({ columns[$0] }) {
            let isTelling = column.separation > 0
            let reason = isTelling ? "its values differ where the label is true" : "a number of the event"
            let field = add(column.path, number(column.path), reason)
            let name = feature("\(field)_now", field, column.path, "as it is in the event")
            feature(
                "\(field)_deviations",
                "zscore(everyone, \(history), \(field))",
                "\(column.path), in deviations from the mean",
                "against all others"
            )
            guard draft.ideas.count < 3 else { continue }
            draft.ideas.append(
                RuleIdea(
                    name: "low_\(field)",
                    title: "an unusually low \(column.path)",
                    score: 0.75,
                    parts: [.atMost(feature: name, tail: 0.001)]
                )
            )
        }
    }
}
