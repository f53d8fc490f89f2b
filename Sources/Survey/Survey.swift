import Bytes

/// Looks at every record of one or more files, once and in bounded memory, and tells what they are.
public final class Survey {
    private let hasDecimalComma: Bool
    private var columns: [ColumnSurvey] = []
    private var keyLimit = 1 << 16
    private var records = 0
    private var refusals: [Profile.Problem] = []
    private var refused = 0
    private var notes: [Profile.Problem] = []
    private let rowKeys = KeySample(limit: 1 << 18)
    private var repeated: [(line: Int, first: Int)] = []

    /// The column that tells the time, chosen by the first records, and the one that tells what was a fraud.
    private var timeColumn: Int?
    private var spelling = TimeProfile.Spelling.form(.known)
    private var style = TimeStyle()
    private var labelColumn: Int?
    private var time = TimeSurvey()
    private var strays = StrayTimes()
    private var timesWithOffset = 0
    private var rows = ColumnSurvey.Rows()
    /// Names of columns that the header has not named, and of those that it has named more than once.
    private var unnamed: Set<String> = []
    private var repeatedNames: Set<String> = []

    /// Keys that all columns together hold.
    private static let keyBudget = 1 << 21

    /// - Parameter hasDecimalComma: Whether the files' numbers are spelled `1.234,50`.
    public init(hasDecimalComma: Bool = false) {
        self.hasDecimalComma = hasDecimalComma
    }

    /// Notes a record that cannot be read, and why.
    public func refuse(line: Int, _ reason: String) {
        refused += 1
        // "at byte 7" and "at byte 12" are one kind.
        let kind = reason.filter { !$0.isNumber }
        guard let known = refusals.firstIndex(where: { $0.words.filter { !$0.isNumber } == kind }) else {
            guard refusals.count < 16 else { return }
            return refusals.append(Profile.Problem(reason, count: 1, lines: [line]))
        }
        refusals[known].count = (refusals[known].count ?? 0) + 1
        if refusals[known].lines.count < 3 { refusals[known].lines.append(line) }
    }

    /// Notes a header of CSV: no pipeline finds a column that has no name, or one of which there are two.
    public func noteHeader(_ header: [String]) {
        let names = FileShape.columnNames(header)
        var seen: Set<String> = []
        for (index, name) in names.enumerated() {
            if header[index].isEmpty { unnamed.insert(name) }
            guard !seen.insert(name).inserted, repeatedNames.insert(name).inserted else { continue }
            note(
                Profile.Problem(
                    "the header has the column \"\(name)\" more than once: a pipeline can read none of them until they have "
                        + "different names",
                    lines: [1]
                )
            )
        }
    }

    /// Whether a pipeline finds a column of that name.
    private func mark(_ profiles: [ColumnProfile]) -> [ColumnProfile] {
        profiles.map { profile in
            var profile = profile
            profile.isReadable = !unnamed.contains(profile.path) && !repeatedNames.contains(profile.path)
            return profile
        }
    }

    /// Leaves out columns that have neither a name nor values; says of others that they have no name.
    private func tidy(_ profile: inout Profile) {
        profile.columns.removeAll { unnamed.contains($0.path) && $0.count == 0 }
        for column in profile.columns where unnamed.contains(column.path) {
            let words =
                "the column that is called \(column.path) here has no name in the header: a pipeline can read it once it has one"
            profile.problems.append(Profile.Problem(words, lines: [1]))
        }
    }

    /// Adds to what a person should know.
    public func note(_ problem: Profile.Problem) { notes.append(problem) }

    /// Looks at the records of a block.
    ///
    /// - Parameters:
    ///   - block: Whose columns grow only, from call to call.
    ///   - spread: Calls its closure once with each number below the first argument, on as many threads as it likes.
    public func take(_ block: RecordBlock, spread: (Int, @Sendable (Int) -> Void) -> Void) {
        if records == 0 { begin(block) }
        while columns.count < block.paths.count {
            let path = block.paths[columns.count]
            columns.append(ColumnSurvey(path, keyLimit: keyLimit, hasDecimalComma: hasDecimalComma))
        }
        noteTimes(block)
        noteLabels(block)
        noteRepetitions(block)
        let work = Work(columns: columns, block: block, rows: rows)
        spread(block.paths.count) { work.columns[$0].take(work.block.values[$0], work.block, work.rows) }
        records += block.count
    }

    /// What several threads look at, each at other columns.
    private struct Work: @unchecked Sendable {
        let columns: [ColumnSurvey]
        let block: RecordBlock
        let rows: ColumnSurvey.Rows
    }

    /// Chooses by the first records what all others are looked at by.
    private func begin(_ block: RecordBlock) {
        var limit = Self.keyBudget / max(1, block.paths.count)
        limit = min(max(limit, 1 << 12), 1 << 16)
        keyLimit = 1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
        let probe = block.paths.indices.map { column in
            let survey = ColumnSurvey(block.paths[column], keyLimit: 1 << 12, hasDecimalComma: hasDecimalComma)
            survey.take(block.values[column], block, rows)
            return survey
        }
        let profiles = mark(probe.map { $0.profile(records: block.count) })
        let candidates = TimeCandidate.ranked(profiles, probe)
        if let best = candidates.first {
            timeColumn = profiles.firstIndex { $0.path == best.column }
            spelling = best.spelling
            style = best.spelling.style
        }
        labelColumn = Roles.truthLabel(profiles)
    }

    private func noteTimes(_ block: RecordBlock) {
        guard let timeColumn, timeColumn < block.paths.count else { return }
        rows.times.removeAll(keepingCapacity: true)
        rows.times.append(contentsOf: repeatElement(.min, count: block.count))
        for value in block.values[timeColumn] {
            let bytes = UnsafePointer(block.bytes + Int(value.start))
            let text = UnsafeBufferPointer(start: bytes, count: Int(value.count))
            guard let instant = instant(text) else { continue }
            rows.times[Int(value.row)] = instant
            time.note(instant, line: block.lines[Int(value.row)])
            strays.note(instant, line: block.lines[Int(value.row)])
        }
    }

    /// As the decoder of a pipeline for the file reads it.
    private func instant(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        switch spelling {
        case .form(.known): TimeParser.instant(TextValue.trimmed(text))
        case .form(let form) where form.isEpoch: TimeParser.epoch(TextValue.trimmed(text))
        case .form, .relative: style.instant(text)
        }
    }

    private func noteLabels(_ block: RecordBlock) {
        guard let labelColumn, labelColumn < block.paths.count else { return }
        rows.isLabelled.removeAll(keepingCapacity: true)
        rows.isLabelled.append(contentsOf: repeatElement(false, count: block.count))
        for value in block.values[labelColumn] {
            let bytes = UnsafePointer(block.bytes + Int(value.start))
            let text = UnsafeBufferPointer(start: bytes, count: Int(value.count))
            rows.isLabelled[Int(value.row)] = TextValue.truth(text) == true
        }
    }

    private func noteRepetitions(_ block: RecordBlock) {
        for row in 0..<block.count {
            guard let slot = rowKeys.add(block.hashes[row]) else { continue }
            if rowKeys.counts[slot] == 1 {
                rowKeys.notes[slot] = Int64(block.lines[row])
            } else if repeated.count < 3 {
                repeated.append((block.lines[row], Int(rowKeys.notes[slot])))
            }
        }
    }

    /// What has been found out.
    public func profile() -> Profile {
        var profile = Profile()
        profile.records = records
        profile.refused = refused
        profile.columns = mark(columns.map { $0.profile(records: records) })
        profile.time = timeProfile(profile.columns)
        if let timeColumn, profile.time != nil, profile.columns[timeColumn].type != .time {
            profile.columns[timeColumn].type = .time
            if case .form(let form) = spelling {
                profile.columns[timeColumn].form = form
                profile.columns[timeColumn].timeRange = time.least...time.newest
            }
        }
        let candidates = TimeCandidate.ranked(profile.columns, columns)
        profile.otherTimes = candidates.map(\.column).filter { $0 != profile.time?.column }
        profile.duplicates = rowKeys.repetitions
        profile.duplicatesAreExact = rowKeys.isExact
        Roles.assign(&profile, columns)
        profile.problems = refusals + notes
        if let first = repeated.first {
            let words = "it repeats an earlier record (line \(first.line) that in line \(first.first))"
            let lines = repeated.map(\.line)
            profile.problems.append(Profile.Problem(words, count: profile.duplicates, lines: lines))
        }
        for column in profile.columns where column.misfits > 0 {
            let values = column.misfitExamples.map { "\"\($0.value)\"" }.joined(separator: ", ")
            let words = "\(column.path) is no \(column.type.rawValue): \(values)"
            let lines = column.misfitExamples.map(\.line)
            profile.problems.append(Profile.Problem(words, count: column.misfits, lines: lines))
        }
        if let time = profile.time, let ahead = time.ahead {
            let words =
                "\(time.column) is far ahead of the events around it, by \(ahead.distance / 3_600_000_000) hours at most: a clock that is "
                + "wrong? A replay refuses such events; what is said of the order is without them"
            profile.problems.append(Profile.Problem(words, count: ahead.count, lines: ahead.lines))
        }
        if let time = profile.time, let clock = time.clockColumn {
            let words =
                "the time of the day is in another column, \(clock): all events of a day have one time until both are in one column "
                + "(2026-03-02 08:00:11)"
            profile.problems.append(Profile.Problem(words))
        }
        if let problem = ListOfRecords.problem(of: profile) { profile.problems.append(problem) }
        tidy(&profile)
        return profile
    }

    private func timeProfile(_ profiles: [ColumnProfile]) -> TimeProfile? {
        guard let timeColumn, time.count > 0 else { return nil }
        let column = profiles[timeColumn]
        let strays = strays.ended()
        let isStray = strays.areTelling(of: time)
        let order = isStray ? strays.order : time
        return TimeProfile(
            column: column.path,
            spelling: spelling,
            least: time.least,
            largest: time.newest,
            hasOffset: column.hasOffset,
            isDate: column.isDate,
            clockColumn: column.isDate ? profiles.first { $0.isClock && $0.isReadable }?.path : nil,
            late: order.late,
            lateness: order.lateness,
            latenessTail: order.latenesses.quantile(0.99) ?? 0,
            latestLine: order.latestLine,
            usualLateness: order.usualLateness,
            ahead: isStray
                ? TimeProfile.Ahead(count: strays.count, distance: strays.distance, lines: strays.lines) : nil,
            isReversed: time.descents > 0 && time.descents > time.ascents * 4,
            events: time.count,
            gaps: order.gaps.map { TimeProfile.Gap(from: $0.from, to: $0.to, line: $0.line) }
        )
    }
}
