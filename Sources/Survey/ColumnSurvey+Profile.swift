extension ColumnSurvey {
    /// What is known of the column after so many records.
    func profile(records: Int) -> ColumnProfile {
        var profile = ColumnProfile(path: path)
        profile.count = count
        profile.nulls = path.contains("[]") ? 0 : records - count
        profile.nullWords = nullWords
        profile.distinct = min(keys.distinct, count)
        profile.distinctIsExact = keys.isExact
        profile.top = frequent.top(8).map { ColumnProfile.Frequency(value: $0.text, count: $0.count) }
        profile.topIsExact = frequent.isExact
        profile.longest = longest
        profile.isClock = clocks > 0 && clocks * 50 >= count * 49
        decideType(&profile)
        return profile
    }

    private func decideType(_ profile: inout ColumnProfile) {
        guard count > 0 else { return }
        if let best = times.filter({ $0.reading.fits }).max(by: { $0.reading.hits < $1.reading.hits }) {
            // A compact date is a number, too: only the name tells which, and years that are likely.
            if best.form != .compact || NameWords(path).weight(.time) > 0 {
                profile.type = .time
                profile.form = best.form
                profile.timeRange = best.range.least...best.range.largest
                profile.isDate = best.range.dates * 2 > best.reading.hits
                profile.hasOffset = best.range.offsets * 2 > best.reading.hits
                return takeMisfits(of: best.reading, &profile)
            }
        }
        if number.fits {
            profile.quantiles = [0, 0.01, 0.5, 0.99, 1].compactMap { numbers.quantile($0) }
            profile.isWhole = wholes == number.hits
            profile.isDecorated = decorations > 0
            profile.isCode = leadingZeros > 0 || profile.isWhole && numbers.maximum > 9_007_199_254_740_992
            if profile.isWhole, numbers.minimum == 0, numbers.maximum == 1, keys.distinct == 2 {
                profile.type = .bool
            } else {
                profile.type = profile.isCode ? .text : .number
            }
            if labelledMoments.count > 4, moments.deviation > 0 {
                profile.separation = (labelledMoments.mean - moments.mean).magnitude / moments.deviation
            }
            return profile.isCode ? () : takeMisfits(of: number, &profile)
        }
        if truth.fits {
            profile.type = .bool
            takeMisfits(of: truth, &profile)
        }
    }

    private func takeMisfits(of reading: Reading, _ profile: inout ColumnProfile) {
        profile.misfits = reading.misses
        profile.misfitWords = reading.words
        profile.misfitExamples = reading.misfits.map { ColumnProfile.Example(line: $0.line, value: $0.text) }
    }

    /// Whether the numbers never go back, but for few.
    var isAscending: Bool { number.hits > 1 && descents * 100 <= number.hits }

    /// The numbers' bounds.
    var bounds: (least: Double, largest: Double) { (numbers.minimum, numbers.maximum) }
}

/// A column that may be the events' time, and how likely that is.
struct TimeCandidate {
    var column: String
    var spelling: TimeProfile.Spelling
    var weight: Double

    /// The likely ones first; equal ones in the order of the file.
    static func ranked(_ profiles: [ColumnProfile], _ surveys: [ColumnSurvey]) -> [TimeCandidate] {
        let found = zip(profiles, surveys).compactMap { candidate($0, $1) }
        return found.indices.sorted {
            found[$0].weight != found[$1].weight ? found[$0].weight > found[$1].weight : $0 < $1
        }
        .map { found[$0] }
    }

    private static func candidate(_ profile: ColumnProfile, _ survey: ColumnSurvey) -> TimeCandidate? {
        guard !profile.isList, profile.isReadable, profile.count > 0 else { return nil }
        let name = NameWords(profile.path).weight(.time)
        // An event without a time is none: a column with gaps is hardly it.
        let share = Double(profile.count) / Double(profile.count + profile.nulls)
        let filled = share > 0.98 ? 0 : -4 * (1 - share) - 1
        if profile.type == .time, let form = profile.form {
            let isBirthday = profile.timeRange.map { $0.lowerBound < -315_619_200_000_000 } ?? false
            let weight = 4 + name - (profile.isDate ? 2 : 0) - (isBirthday ? 3 : 0)
            return TimeCandidate(column: profile.path, spelling: .form(form), weight: weight + filled)
        }
        guard survey.number.fits, profile.type != .bool else { return nil }
        let (least, largest) = survey.bounds
        if let form = TimeForm.epoch(least, largest), name > 0 {
            return TimeCandidate(column: profile.path, spelling: .form(form), weight: 3 + name + filled)
        }
        let unit = unit(of: profile.path)
        if name > 0, unit == nil || unit == 86_400_000_000, TimeForm.areSpreadsheetDays(least, largest) {
            return TimeCandidate(column: profile.path, spelling: .form(.spreadsheetDays), weight: 2 + name + filled)
        }
        guard name > 0, least >= 0, largest > least, survey.isAscending else { return nil }
        return TimeCandidate(
            column: profile.path,
            spelling: .relative(unit: unit ?? 1_000_000),
            weight: 1 + name + filled
        )
    }

    /// The unit of relative times that a name means: PaySim's `step` is an hour; nil if it means none.
    private static func unit(of path: String) -> Int64? {
        let words = NameWords(path).words
        func has(_ names: String...) -> Bool { words.contains { names.contains($0) } }
        if has("step", "hour", "hours", "stunde") { return 3_600_000_000 }
        if has("day", "days", "tag") { return 86_400_000_000 }
        if has("minute", "minutes", "min") { return 60_000_000 }
        if has("ms", "millis", "milliseconds") { return 1000 }
        return has("seconds", "second", "sec", "secs", "s", "elapsed", "sekunde", "sekunden") ? 1_000_000 : nil
    }
}
