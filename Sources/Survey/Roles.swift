/// What the columns are good for, by their names and by what they hold.
enum Roles {
    /// The column that says true or 1 of what was a fraud, by the first records.
    static func truthLabel(_ profiles: [ColumnProfile]) -> Int? {
        let found = profiles.indices.filter { index in
            let profile = profiles[index]
            guard profile.isReadable else { return false }
            let isTruth = profile.type == .bool || profile.type == .number && profile.isWhole && profile.distinct <= 2
            return isTruth && NameWords(profile.path).weight(.label) > 0
        }
        return found.max { NameWords(profiles[$0].path).weight(.label) < NameWords(profiles[$1].path).weight(.label) }
    }

    static func assign(_ profile: inout Profile, _ surveys: [ColumnSurvey]) {
        let columns = profile.columns
        profile.labels = labels(columns.filter(\.isReadable))
        let taken = Set(profile.labels.map(\.column) + [profile.time?.column].compactMap { $0 } + profile.otherTimes)
        let free = columns.indices.filter {
            !taken.contains(columns[$0].path) && !columns[$0].isList && columns[$0].isReadable
        }
        profile.ids = ids(free.map { columns[$0] })
        profile.amounts = amounts(free.map { columns[$0] })
        let known = Set(profile.ids + profile.amounts.prefix(1))
        profile.entities =
            free.filter { !known.contains(columns[$0].path) }
            .compactMap { entity(columns[$0], surveys[$0]) }
            .enumerated()
            .sorted {
                $0.element.weight != $1.element.weight ? $0.element.weight > $1.element.weight : $0.offset < $1.offset
            }
            .map(\.element.entity)
        profile.categories = free.map { columns[$0] }.filter(isCategory).map(\.path)
    }

    private static func labels(_ columns: [ColumnProfile]) -> [LabelProfile] {
        func weight(_ column: ColumnProfile) -> Double {
            guard column.distinct <= 64, column.distinctIsExact, column.count > 0, column.type != .time, !column.isList
            else { return 0 }
            let weight = NameWords(column.path).weight(.label)
            // "class" and "target" are names of many things; a label has two values.
            return weight >= 1 || column.distinct == 2 ? weight : weight / 2
        }
        var found = columns.filter { weight($0) > 0.5 }
        // What a generator did is as good as the label that is made from it.
        let companions: Set = ["pattern", "scenario"]
        if !found.isEmpty {
            found += columns.filter { column in
                !found.contains(column) && NameWords(column.path).words.contains { companions.contains($0) }
            }
        }
        return found.indices.sorted {
            weight(found[$0]) != weight(found[$1]) ? weight(found[$0]) > weight(found[$1]) : $0 < $1
        }
        .map { LabelProfile(column: found[$0].path, values: found[$0].top) }
    }

    private static func ids(_ columns: [ColumnProfile]) -> [String] {
        func weight(_ column: ColumnProfile) -> Double {
            guard column.nulls == 0, column.count > 1, column.type == .text || column.type == .number && column.isWhole
            else { return 0 }
            let share = Double(column.distinct) / Double(column.count)
            guard share >= (column.distinctIsExact ? 0.98 : 0.95) else { return 0 }
            let name = NameWords(column.path)
            return name.weight(.who) > 0.5 || name.weight(.payee) > 0.8 ? 0 : name.weight(.id)
        }
        let found = columns.filter { weight($0) > 0 }
        return found.indices.sorted {
            weight(found[$0]) != weight(found[$1]) ? weight(found[$0]) > weight(found[$1]) : $0 < $1
        }
        .map { found[$0].path }
    }

    private static func amounts(_ columns: [ColumnProfile]) -> [String] {
        func weight(_ column: ColumnProfile) -> Double {
            guard column.type == .number, column.distinct > 2, column.count * 2 > column.nulls else { return 0 }
            return NameWords(column.path).weight(.amount)
        }
        let found = columns.filter { weight($0) > 0 }
        return found.indices.sorted {
            weight(found[$0]) != weight(found[$1]) ? weight(found[$0]) > weight(found[$1]) : $0 < $1
        }
        .map { found[$0].path }
    }

    private static func isCategory(_ column: ColumnProfile) -> Bool {
        column.type == .text && column.distinctIsExact && (2...50).contains(column.distinct)
            && column.count > column.distinct * 4 && column.longest <= 40
            && NameWords(column.path).weight(.category) > 0
    }

    private static func entity(
        _ column: ColumnProfile,
        _ survey: ColumnSurvey
    ) -> (weight: Double, entity: EntityProfile)? {
        guard column.type == .text || column.type == .number && column.isWhole, column.distinct >= 3, column.count > 10
        else { return nil }
        // Keys that come once each have no history.
        let repeated = 1 - Double(column.distinct) / Double(column.count)
        guard repeated >= 0.1 else { return nil }
        let name = NameWords(column.path)
        let weights: [(EntityProfile.Kind, Double)] = [
            (.who, name.weight(.who)), (.payee, name.weight(.payee)), (.device, name.weight(.device)),
        ]
        let best = weights.reduce((EntityProfile.Kind.other, 0.0)) { $1.1 > $0.1 ? $1 : $0 }
        guard !isPlace(name), !isMeasure(name) else { return nil }
        guard best.1 > 0 || column.type == .text && column.distinct >= 20 && name.weight(.place) == 0 else {
            return nil
        }
        let coverage = Double(column.count) / Double(column.count + column.nulls)
        let size = min(1, Double(column.distinct) / 20) * Double(Int.bitWidth - column.distinct.leadingZeroBitCount)
        let counts = survey.keys.sortedCounts
        func count(_ share: Double) -> Int { Int(counts[min(counts.count - 1, Int(Double(counts.count) * share))]) }
        let entity = EntityProfile(
            column: column.path,
            kind: best.0,
            keys: column.distinct,
            keysAreExact: column.distinctIsExact,
            events: column.count,
            median: count(0.5),
            tail: count(0.99),
            most: count(1),
            onceShare: Double(counts.prefix { $0 == 1 }.count) / Double(max(1, counts.count)),
            gapDecile: survey.order.gaps.quantile(0.1),
            gapMedian: survey.order.gaps.quantile(0.5),
            late: survey.order.late,
            lateness: survey.order.lateness
        )
        let preference: Double = best.0 == .who ? 1.4 : best.0 == .payee ? 1 : best.0 == .device ? 0.8 : 0.3
        return (max(best.1, 0.1) * preference * coverage * repeated.squareRoot() * size, entity)
    }

    /// Whether a column is what somebody's event measures: how long the caller spoke.
    private static func isMeasure(_ name: NameWords) -> Bool {
        let measures: Set = [
            "duration", "seconds", "secs", "minutes", "count", "length", "cost", "charge", "rate", "score",
        ]
        return name.words.last.map(measures.contains) ?? false
    }

    /// Whether a column is an attribute of somebody rather than somebody: a card's country.
    private static func isPlace(_ name: NameWords) -> Bool {
        let places: Set = ["country", "city", "state", "region", "zip", "street", "plz", "ort", "land", "address"]
        return name.words.last.map(places.contains) ?? false && name.words.first != "ip"
    }
}
