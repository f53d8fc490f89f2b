import Survey

/// Whom the events are about, what is computed of them, and what may be suspicious of it.
extension Drafting {
    /// Window lengths that fit how often a key's events come.
    struct Scale {
        var short: Int64
        var medium: Int64
        var long: Int64

        init(_ time: TimeProfile, gapMedian: Double?) {
            var least = time.isDate ? Durations.day : Durations.minute
            if case .relative(let unit) = time.spelling { least = max(least, unit) }
            let gap = gapMedian.map { Int64($0 * 1e6) } ?? Durations.hour
            let windows = Durations.windows.filter { $0 >= least }
            short = windows.last { $0 <= gap / 4 } ?? least
            let (short, usual) = (short, gap * 2)
            medium = windows.first { $0 > short && $0 >= usual } ?? windows.last ?? least
            let (medium, history) = (medium, min(gap * 30, time.span))
            long = windows.first { $0 > medium && $0 >= history } ?? windows.last ?? medium
        }
    }

    mutating func addSubjects() {
        let subjects = profile.entities.filter { $0.column != time.column }
        guard let main = subjects.first(where: { $0.kind == .who }) ?? subjects.first else {
            addCrowd()
            return addRest()
        }
        let scale = Scale(time, gapMedian: main.gapMedian)
        let who = addEntity("who", main)
        draft.session = max(scale.short, Durations.hour)
        let amount = amountExpression
        addOwn("who", scale, amount)
        var suspects: [String] = []
        for (kind, name) in [(EntityProfile.Kind.payee, "payee"), (.device, "device")] {
            guard let other = subjects.first(where: { $0.kind == kind && $0.column != main.column }) else { continue }
            suspects.append(addOther(name, other, who, scale, amount))
        }
        addCircumstances(scale)
        addIdeas(suspects, amount)
        addLastResort()
        addRest()
    }

    private mutating func addEntity(_ name: String, _ entity: EntityProfile) -> String {
        let about = entity.keysAreExact ? "" : "about "
        let field = add(entity.column, "type: text", "\(about)\(entity.keys) different ones")
        draft.entities.append(
            PipelineDraft.Entity(
                name: name,
                key: [field],
                reason: "half of them have \(entity.median) events or fewer, one has \(entity.most)"
            )
        )
        return field
    }

    /// The amount as features take it: money that goes out may be negative.
    private var amountExpression: String? {
        guard let column = amount, let name = fields[column] else { return nil }
        return (profile[column]?.quantiles.first ?? 0) < 0 ? "abs(\(name))" : name
    }

    /// Adds a feature, under another name if a field has this one; the name that it got.
    @discardableResult
    mutating func feature(_ name: String, _ value: String, _ title: String, _ reason: String) -> String {
        let taken = Set(draft.fields.map(\.name) + draft.features.map(\.name))
        var unique = name
        while taken.contains(unique) { unique += "_2" }
        draft.features.append(PipelineDraft.Feature(name: unique, value: value, title: title, reason: reason))
        return unique
    }

    /// How often and how much, against what the same key did before.
    private mutating func addOwn(_ entity: String, _ scale: Scale, _ amount: String?) {
        let (short, medium, long) = (
            Durations.text(scale.short), Durations.text(scale.medium), Durations.text(scale.long)
        )
        if let amount { feature("amount_now", amount, "amount", "the event's own amount") }
        feature("events_\(short)", "count(\(entity), \(short))", "events in \(Durations.words(scale.short))", "speed")
        feature(
            "events_\(medium)",
            "count(\(entity), \(medium))",
            "events in \(Durations.words(scale.medium))",
            "about what is usual between a few events"
        )
        feature(
            "since_previous",
            "since_previous(\(entity), \(long))",
            "seconds since the previous event",
            "programs are quicker than people"
        )
        guard let amount else { return }
        feature(
            "total_\(medium)",
            "sum(\(entity), \(medium), \(amount))",
            "amount in \(Durations.words(scale.medium))",
            "many small ones are a large one"
        )
        feature(
            "usual_amount",
            "mean(\(entity), \(long), \(amount)) excluding current",
            "mean amount of \(Durations.words(scale.long)) before",
            "own history"
        )
        feature("amount_ratio", "\(amount) / usual_amount", "amount, in usual amounts", "against own history")
        feature(
            "amount_deviations",
            "zscore(\(entity), \(long), \(amount))",
            "amount, in deviations from own mean",
            "the same for whoever always varies"
        )
        feature(
            "largest_before",
            "max(\(entity), \(long), \(amount)) excluding current",
            "largest amount of \(Durations.words(scale.long)) before",
            "a new record is worth a look"
        )
    }

    /// Another party or a device: is it new to the key, and what do others do with it. Gives the feature that says it
    /// is new.
    private mutating func addOther(
        _ name: String,
        _ other: EntityProfile,
        _ who: String,
        _ scale: Scale,
        _ amount: String?
    ) -> String {
        let field = addEntity(name, other)
        let (medium, long) = (Durations.text(scale.medium), Durations.text(scale.long))
        let pair = "who_\(name)"
        draft.entities.append(
            PipelineDraft.Entity(name: pair, key: [who, field], reason: "the two together: has it been seen before")
        )
        feature(
            "is_new_\(name)",
            "count(\(pair), \(long)) excluding current == 0 and count(who, \(long)) excluding current > 0",
            "first time with this \(name) in \(Durations.words(scale.long))",
            "whoever has a history, and this is not in it"
        )
        feature(
            "\(name)s_\(medium)",
            "distinct(who, \(medium), \(field))",
            "different \(name)s in \(Durations.words(scale.medium))",
            "spreading out"
        )
        feature(
            "\(name)_events_\(medium)",
            "count(\(name), \(medium))",
            "events of the \(name) in \(Durations.words(scale.medium))",
            "everybody at once"
        )
        if name == "device" {
            feature(
                "users_of_device",
                "distinct(device, \(long), \(who))",
                "different users of the device in \(Durations.words(scale.long))",
                "one device for many"
            )
        } else if let amount {
            feature(
                "\(name)_ratio",
                "\(amount) / mean(\(name), \(long), \(amount)) excluding current",
                "amount, in usual amounts of the \(name)",
                "large for this \(name)"
            )
        }
        return "is_new_\(name)"
    }

    /// Where, of which kind, at what hour.
    private mutating func addCircumstances(_ scale: Scale) {
        let used = Set(fields.keys)
        let place = profile.columns.first { column in
            column.type == .text && !used.contains(column.path) && !column.isList && column.distinctIsExact
                && (2...300).contains(column.distinct) && isPlace(column.path)
        }
        if let place {
            let field = add(place.path, "type: text", "\(place.distinct) different ones")
            let medium = Durations.text(scale.medium)
            feature(
                "\(field)_changes",
                "distinct(who, \(medium), \(field))",
                "different values of \(field) in \(Durations.words(scale.medium))",
                "nobody is in two places"
            )
        }
        if let kind = profile.categories.first(where: { fields[$0] == nil }) {
            add(kind, "type: text, role: domain", "\(profile[kind]?.distinct ?? 0) kinds: alerts are listed by them")
        }
        if !time.isDate, case .form = time.spelling, let field = fields[time.column] {
            feature("is_night", "hour(\(field)) < 6", "between midnight and 6 o'clock, UTC", "fewer people are awake")
        }
    }

    private func isPlace(_ path: String) -> Bool {
        let words = ["country", "city", "state", "region", "land", "ort", "location"]
        return words.contains { path.lowercased().contains($0) }
    }

    // MARK: - Rules

    /// The largest amounts are worth a look, whatever the others are.
    mutating func addLastResort() {
        let amount = draft.features.contains { $0.name == "amount_now" } ? "amount_now" : "since_previous"
        draft.lastResort = RuleIdea(
            name: "large",
            title: "among the largest",
            score: 0.6,
            parts: [.atLeast(feature: amount, tail: 0.002, floor: 0)]
        )
    }

    private mutating func addIdeas(_ suspects: [String], _ amount: String?) {
        let speed = draft.features.first { $0.name.hasPrefix("events_") }?.name ?? "since_previous"
        draft.ideas.append(
            RuleIdea(
                name: "burst",
                title: "unusually many events in a short time",
                score: 0.7,
                parts: [.atLeast(feature: speed, tail: 0.002, floor: 3)]
            )
        )
        guard amount != nil else {
            for suspect in suspects.prefix(1) {
                let parts: [RuleIdea.Part] = [
                    .isTrue(feature: suspect), .atLeast(feature: speed, tail: 0.02, floor: 2),
                ]
                draft.ideas.append(RuleIdea(name: suspect, title: "quick, and new", score: 0.8, parts: parts))
            }
            return
        }
        draft.ideas.append(
            RuleIdea(
                name: "unusual_amount",
                title: "far above what is usual for the same one",
                score: 0.75,
                parts: [
                    .atLeast(feature: "amount_ratio", tail: 0.001, floor: 2),
                    .atLeast(feature: "amount_now", tail: 0.1, floor: 0),
                ]
            )
        )
        for suspect in suspects.prefix(1) {
            draft.ideas.append(
                RuleIdea(
                    name: suspect.replacing("is_", with: "large_at_"),
                    title: "large, and the first time there",
                    score: 0.85,
                    parts: [.isTrue(feature: suspect), .atLeast(feature: "amount_ratio", tail: 0.005, floor: 1.5)]
                )
            )
        }
    }
}
