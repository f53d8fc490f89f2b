extension PipelineDraft {
    /// The draft as a pipeline file; the same draft gives the same bytes.
    public var text: String {
        var out = ""
        func line(_ text: String = "") { out += text + "\n" }
        func remark(_ text: String, _ margin: String = "") {
            for part in Self.wrapped(YAMLText.comment(text), width: 76 - margin.count) { line(margin + "# " + part) }
        }
        remark(summary)
        for warning in warnings { remark("Mind: " + warning) }
        if !commands.isEmpty { line("#") }
        for command in commands { line("#   " + YAMLText.comment(command)) }
        line("version: 1")
        line("name: " + YAMLText.scalar(name))
        line()
        line("schema:")
        remark(zoneReason, "  ")
        line("  time_zone: UTC")
        line("  fields:")
        for field in fields {
            remark(field.reason, "    ")
            let path = field.path == field.name ? "" : "path: \(YAMLText.quoted(field.path)), "
            line("    \(YAMLText.scalar(field.name)): {\(path)\(field.options)}")
        }
        if !leftOut.isEmpty { remark("not read: " + leftOut.joined(separator: ", "), "    ") }
        line()
        line("time:")
        remark(disorderReason, "  ")
        line("  disorder: " + Durations.text(disorder))
        remark(aheadReason, "  ")
        line("  max_ahead: " + (maximumAhead.map(Durations.text) ?? "none"))
        line()
        writeEntities(line, remark)
        line("features:")
        for feature in features {
            remark(feature.reason, "  ")
            line("  \(feature.name):")
            line("    value: \(YAMLText.quoted(feature.value))")
            line("    title: \(YAMLText.quoted(feature.title))")
        }
        if !rules.isEmpty {
            line()
            remark(
                "Thresholds are quantiles of the file: few events reach them. Move them as you learn what is worth a look."
            )
            line("detectors:")
        }
        for rule in rules {
            remark(rule.reason, "  ")
            line("  - name: \(rule.name)")
            line("    title: \(YAMLText.quoted(rule.title))")
            line("    when: \(YAMLText.quoted(rule.condition))")
            line("    score: \(rule.score)")
            line("    session: \(Durations.text(session))")
        }
        return out
    }

    private func writeEntities(_ line: (String) -> Void, _ remark: (String, String) -> Void) {
        line("entities:")
        for entity in entities {
            remark(entity.reason, "  ")
            let key = entity.key.isEmpty ? "\"'all'\"" : entity.key.joined(separator: ", ")
            line("  \(entity.name): \(entity.key.count > 1 ? "[\(key)]" : key)")
        }
        if entities.count > 1 { remark("features look at all of these: one partition holds them all", "") }
        line("partitions: 1")
        line("")
        guard !labels.isEmpty else { return }
        remark("what `patternalarm train` and `evaluate` take for a fraud", "")
        line("labels:")
        for part in labels { line("  " + part) }
        line("")
    }

    private static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
