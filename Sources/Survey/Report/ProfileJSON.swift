public import Bytes

/// A profile as JSON: described in Sources/Survey/README.md, and stable.
public enum ProfileJSON {
    /// What is known of a file, for programs.
    public static func object(_ file: SurveyedFile) -> JSONValue {
        let profile = file.profile
        var members: [JSONValue.Member] = [.init("file", .text(file.path))]
        members += shape(file)
        members += [
            .init("records", number(profile.records)),
            .init("refused", number(profile.refused)),
            .init("columns", .list(profile.columns.map(column))),
            .init("time", profile.time.map(time) ?? .null),
            .init("other_times", texts(profile.otherTimes)),
            .init("ids", texts(profile.ids)),
            .init("entities", .list(profile.entities.map(entity))),
            .init("amounts", texts(profile.amounts)),
            .init("labels", .list(profile.labels.map(label))),
            .init("kinds", texts(profile.categories)),
            .init(
                "repeated_records",
                .object([
                    .init("count", number(profile.duplicates)), .init("exact", .bool(profile.duplicatesAreExact)),
                ])
            ),
            .init("problems", .list(profile.problems.map(problem))),
        ]
        return .object(members)
    }

    private static func shape(_ file: SurveyedFile) -> [JSONValue.Member] {
        let shape = file.shape
        var members: [JSONValue.Member] = [
            .init("bytes", file.size.map(number) ?? .null), .init("format", .text(shape.format.rawValue)),
            .init("container", shape.container.map { .text($0) } ?? .null), .init("encoding", .text(shape.encoding)),
            .init("encoding_guessed", .bool(shape.encodingIsGuessed)),
            .init("byte_order_mark", .bool(shape.hasByteOrderMark)),
        ]
        guard shape.format == .csv else {
            return members + [.init("one_a_line", .bool(!shape.isSequence))]
        }
        members += [
            .init("separator", .text(String(UnicodeScalar(shape.separator)))),
            .init("decimal", .text(shape.hasDecimalComma ? "," : ".")), .init("header", .bool(shape.header != nil)),
            .init("header_line", shape.headerLine.map(number) ?? .null),
        ]
        return members
    }

    private static func column(_ column: ColumnProfile) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("name", .text(column.path)), .init("type", .text(column.type.rawValue)),
            .init("values", number(column.count)), .init("nulls", number(column.nulls)),
            .init("null_words", texts(column.nullWords)), .init("distinct", number(column.distinct)),
            .init("distinct_exact", .bool(column.distinctIsExact)),
        ]
        if column.quantiles.count == 5, column.timeRange == nil {
            let names = ["min", "p01", "median", "p99", "max"]
            members += zip(names, column.quantiles).map { .init($0, .exact($1)) }
        }
        if let range = column.timeRange {
            members += [.init("min", instant(range.lowerBound)), .init("max", instant(range.upperBound))]
        }
        members += [
            .init(
                "top",
                .list(
                    column.top.map { .object([.init("value", .text($0.value)), .init("count", number($0.count))]) }
                )
            ),
            .init("top_exact", .bool(column.topIsExact)), .init("misfits", number(column.misfits)),
        ]
        return .object(members)
    }

    private static func time(_ time: TimeProfile) -> JSONValue {
        var members: [JSONValue.Member] = [.init("column", .text(time.column))]
        switch time.spelling {
        case .form(let form):
            members += [
                .init("spelling", .text(form.rawValue)), .init("offset", .bool(time.hasOffset)),
                .init("min", instant(time.least)), .init("max", instant(time.largest)),
            ]
        case .relative(let unit):
            members += [
                .init("spelling", .text("relative")), .init("unit_seconds", .exact(Double(unit) / 1e6)),
                .init("min_seconds", seconds(time.least)), .init("max_seconds", seconds(time.largest)),
            ]
        }
        members += [
            .init("span_seconds", seconds(time.span)), .init("late", number(time.late)),
            .init("lateness_seconds", seconds(time.lateness)), .init("newest_first", .bool(time.isReversed)),
            .init(
                "ahead",
                time.ahead.map {
                    .object([
                        .init("count", number($0.count)), .init("seconds", seconds($0.distance)),
                        .init("lines", .list($0.lines.map(number))),
                    ])
                } ?? .null
            ),
            .init(
                "gaps",
                .list(
                    time.gaps.map {
                        .object([.init("seconds", seconds($0.to - $0.from)), .init("line", number($0.line))])
                    }
                )
            ),
        ]
        return .object(members)
    }

    private static func entity(_ entity: EntityProfile) -> JSONValue {
        .object([
            .init("column", .text(entity.column)), .init("kind", .text(entity.kind.rawValue)),
            .init("keys", number(entity.keys)), .init("keys_exact", .bool(entity.keysAreExact)),
            .init("events", number(entity.events)), .init("median_events", number(entity.median)),
            .init("p99_events", number(entity.tail)), .init("most_events", number(entity.most)),
            .init("once_share", .exact(entity.onceShare)),
            .init("median_gap_seconds", entity.gapMedian.map { .exact($0) } ?? .null),
            .init("late", number(entity.late)), .init("lateness_seconds", seconds(entity.lateness)),
        ])
    }

    private static func label(_ label: LabelProfile) -> JSONValue {
        let values = label.values.map {
            JSONValue.object([.init("value", .text($0.value)), .init("count", number($0.count))])
        }
        return .object([.init("column", .text(label.column)), .init("values", .list(values))])
    }

    private static func problem(_ problem: Profile.Problem) -> JSONValue {
        .object([
            .init("words", .text(problem.words)), .init("count", problem.count.map(number) ?? .null),
            .init("lines", .list(problem.lines.map(number))),
        ])
    }

    private static func texts(_ texts: [String]) -> JSONValue { .list(texts.map { .text($0) }) }

    private static func number(_ value: Int) -> JSONValue { .exact(Double(value)) }

    private static func seconds(_ microseconds: Int64) -> JSONValue { .exact(Double(microseconds) / 1e6) }

    private static func instant(_ microseconds: Int64) -> JSONValue {
        .text(TimeParser.rfc3339(microseconds: microseconds))
    }
}
