import Bytes
import Survey

/// Makes a pipeline of what a survey has found.
public struct Drafting {
    let profile: Profile
    let time: TimeProfile
    let hasDecimalComma: Bool
    var names: NamePool
    var draft: PipelineDraft
    /// The names that fields have, by their columns.
    var fields: [String: String] = [:]

    /// Words of the language, and names of entities and features that rules look at: no field may have one.
    private static let reserved = [
        "who", "payee", "device", "everyone", "who_payee", "who_device", "and", "or", "not", "in", "is", "null", "true",
        "false", "excluding", "current", "delay", "amount_now", "amount_ratio", "usual_amount", "amount_deviations",
        "since_previous", "largest_before", "is_new_payee", "is_new_device", "is_night", "users_of_device",
        "payee_ratio",
    ]

    /// Why no pipeline can be made.
    public enum Fault: Error, Sendable, Equatable {
        case noTime
        case noRecords
    }

    /// A pipeline for a file; its rules are ideas still.
    ///
    /// - Parameters:
    ///   - profile: Of the file.
    ///   - name: Of the pipeline.
    ///   - hasDecimalComma: Whether the file's numbers are spelled `1.234,50`.
    /// - Returns: what is to be computed over the file, to give the rules their thresholds.
    /// - Throws: ``Fault``
    public static func draft(
        _ profile: Profile,
        name: String,
        hasDecimalComma: Bool = false
    ) throws(Fault) -> PipelineDraft {
        guard profile.records > 0 else { throw .noRecords }
        guard let time = profile.time else { throw .noTime }
        var drafting = Drafting(profile: profile, time: time, name: name, hasDecimalComma: hasDecimalComma)
        drafting.addSchema()
        drafting.addTime()
        drafting.addSubjects()
        return drafting.draft
    }

    private init(profile: Profile, time: TimeProfile, name: String, hasDecimalComma: Bool) {
        self.profile = profile
        self.time = time
        self.hasDecimalComma = hasDecimalComma
        names = NamePool(reserved: Self.reserved)
        draft = PipelineDraft(name: name)
    }

    // MARK: - Schema

    private mutating func addSchema() {
        let (options, reason) = timeOptions
        add(time.column, options, reason)
        draft.zoneReason =
            time.hasOffset || isCounted
            ? "the times of the file do not need it"
            : "the times of the file say no zone: put in where they were written"
        if let id = profile.ids.first {
            add(id, "type: text, role: id", "different in every event: what comes twice counts once")
        }
        if let amount { add(amount, number(amount) + ", role: amount", range(amount)) }
    }

    /// The likeliest amount of those that all events have as a number or as a word for none.
    var amount: String? { profile.amounts.first { column in profile[column].map(isComplete) ?? false } }

    /// Whether no value of a column costs its event: those that are of another type are a few words, which mean that
    /// there is none.
    func isComplete(_ column: ColumnProfile) -> Bool { column.misfits == 0 || column.misfitWords != nil }

    /// What a field says of words that are of another type: they are no value, beside those that always are none.
    private func nullWords(_ column: String) -> String {
        guard let profile = profile[column], profile.misfits > 0, let words = profile.misfitWords else { return "" }
        let all = ValueStyle.defaultNullWords.words + words
        return ", null_words: [\(all.map(YAMLText.quoted).joined(separator: ", "))]"
    }

    /// Whether times are numbers.
    private var isCounted: Bool {
        switch time.spelling {
        case .relative: true
        case .form(let form): form.isEpoch
        }
    }

    private var timeOptions: (options: String, reason: String) {
        switch time.spelling {
        case .form(.spreadsheetDays):
            return (
                "type: time, role: time, unit: d, origin: 1899-12-30",
                "the time of the event: days as a spreadsheet counts them"
            )
        case .form(let form):
            let formats = form.formats.map(YAMLText.quoted).joined(separator: ", ")
            let option = formats.isEmpty ? "" : ", format: [\(formats)]"
            let words = form == .known ? "in a form that needs no format" : form.rawValue
            return ("type: time, role: time\(option)", "the time of the event: \(words)")
        case .relative(let unit):
            let units: [(size: Int64, name: String, words: String)] = [
                (1000, "ms", "milliseconds"), (Durations.second, "s", "seconds"), (Durations.minute, "m", "minutes"),
                (Durations.hour, "h", "hours"),
            ]
            let (_, name, words) = units.first { $0.size == unit } ?? (Durations.day, "d", "days")
            return (
                "type: time, role: time, unit: \(name), origin: 2026-01-01T00:00:00Z",
                "counts \(words) from an origin that the file does not say: put in the right one"
            )
        }
    }

    /// What a field of numbers says of their spelling.
    func number(_ column: String) -> String {
        var parts: [String] = []
        if hasDecimalComma { parts.append("decimal: \",\"") }
        if profile[column]?.isDecorated ?? false {
            if !hasDecimalComma { parts.append("thousands: \",\"") }
            parts += ["currency: true", "accounting: true"]
        }
        return "type: number" + (parts.isEmpty ? "" : ", numbers: {\(parts.joined(separator: ", "))}")
            + nullWords(column)
    }

    private func range(_ column: String) -> String {
        guard let quantiles = profile[column]?.quantiles, quantiles.count == 5 else { return "how much" }
        let words = quantiles.map { Numbers.text($0) }
        return "from \(words[0]) to \(words[4]), half of them below \(words[2])"
    }

    /// A field of a column, once.
    @discardableResult
    mutating func add(_ column: String, _ options: String, _ reason: String) -> String {
        if let known = fields[column] { return known }
        let name = names.field(column)
        fields[column] = name
        draft.fields.append(PipelineDraft.Field(name: name, path: column, options: options, reason: reason))
        return name
    }

    /// Labels come last, and what is not read is named.
    mutating func addRest() {
        for label in profile.labels.prefix(4) {
            let isTruth = profile[label.column].map { $0.type == .bool && isComplete($0) } ?? false
            add(
                label.column,
                "type: \(isTruth ? "bool\(nullWords(label.column))" : "text"), role: label",
                "what the event turned out to be: only training and evaluation read it"
            )
        }
        if let label = profile.labels.first, let name = fields[label.column], label.values.count > 1 {
            if profile[label.column].map({ $0.type == .bool && isComplete($0) }) ?? false {
                draft.labels = [
                    "class: \(name)", "map: {\"true\": fraud, \"false\": regular}", "negative: regular",
                ]
            } else {
                draft.labels = ["class: \(name)", "negative: \(YAMLText.quoted(label.values[0].value))"]
            }
        }
        draft.leftOut = profile.columns.map(\.path).filter { fields[$0] == nil }.map { $0.isEmpty ? "(no name)" : $0 }
    }

    // MARK: - Time

    /// All events of the file are in time, but for a few that are far behind all others: waiting for these would cost
    /// more.
    private mutating func addDisorder() {
        guard time.late > 0 else {
            draft.disorderReason = "the file is in order" + (time.ahead == nil ? "" : ", but for what is far ahead")
            return
        }
        let isWild = time.lateness > Durations.day && time.usualLateness < time.lateness / 8
        draft.disorder = Durations.roundedUp(isWild ? time.usualLateness : time.lateness)
        let latest = Durations.about(time.lateness)
        guard isWild else {
            draft.disorderReason = "the latest event of the file is \(latest) late"
            return
        }
        draft.disorderReason = "hardly any event of the file is later than \(Durations.about(time.usualLateness))"
        draft.warnings.append(
            "a few events are far behind those around them, by \(latest) at most (line \(time.latestLine)): they are late"
        )
    }

    private mutating func addTime() {
        addDisorder()
        if time.isReversed {
            draft.warnings.append(
                "the file begins with its newest event: features see what stands before an event in the file, so turn it "
                    + "round first"
            )
        }
        if let clock = time.clockColumn {
            draft.warnings.append(
                "the time of the day is in the column \(clock), which a pipeline cannot put together with \(time.column): all events of "
                    + "a day have one time. Write both into one column (2026-03-02 08:00:11) and draft again"
            )
        }
        if let ahead = time.ahead {
            let lines = ahead.lines.map(String.init).joined(separator: ", ")
            draft.warnings.append(
                "\(ahead.count) events are far ahead of those around them, by \(Durations.about(ahead.distance)) at most (line \(lines)"
                    + "\(ahead.count > ahead.lines.count ? ", …" : "")): a replay refuses them, so that nothing is late behind them"
            )
        }
        let gap = time.gaps.first.map { $0.to - $0.from } ?? 0
        draft.maximumAhead = max(Durations.day, Durations.roundedUp(gap * 2))
        draft.aheadReason =
            gap > 0
            ? "the longest time without an event is \(Durations.about(gap))" : "further ahead, a clock is wrong"
    }
}

/// Numbers in a pipeline file and its comments.
enum Numbers {
    /// Three digits that say something, or all of a whole number.
    static func text(_ value: Double) -> String {
        if value.rounded() == value, value.magnitude < 1e15 { return String(Int64(value)) }
        let text = String(rounded(value, up: false))
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    /// The number of three digits that is nearest above or below.
    static func rounded(_ value: Double, up: Bool) -> Double {
        guard value != 0, value.isFinite else { return value }
        var scale = 1.0
        while value.magnitude * scale < 100 { scale *= 10 }
        while value.magnitude * scale >= 1000 { scale /= 10 }
        let digits = (value * scale).rounded(up ? .up : .down)
        return digits / scale
    }
}
