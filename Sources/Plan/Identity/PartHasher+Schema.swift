import Bytes

extension PartHasher {
    /// The value that is read from a field, whatever it is called.
    func field(_ index: Int) -> String {
        let field = plan.schema.fields[index]
        return CanonicalText("field") { text in
            text.text(field.path)
            text.word(field.type.rawValue)
            text.optional(field.knownAfter) { $0.whole($1) }
            text.optional(field.values.nullWords) { $0.set($1.words) }
            text.optional(field.values.trueWords) { $0.set($1.words) }
            text.optional(field.values.falseWords) { $0.set($1.words) }
            if field.type == .number { write(field.values.numbers, &text) }
            if field.type == .time { write(plan.times(of: field), &text) }
        }.hash
    }

    private func write(_ numbers: NumberStyle, _ text: inout CanonicalText) {
        text.list("numbers") { list in
            list.truth(numbers.hasDecimalComma)
            list.optional(numbers.thousands) { $0.whole($1) }
            list.truth(numbers.hasCurrency)
            list.truth(numbers.isAccounting)
        }
    }

    private func write(_ times: TimeStyle, _ text: inout CanonicalText) {
        text.list("times") { list in
            list.text(times.zone.description)
            for format in times.formats { list.text(format.description) }
            list.optional(times.unit) { $0.whole($1) }
            list.optional(times.origin) { $0.whole($1) }
            list.truth(times.countsLocalTime)
        }
    }

    /// All fields, by their names, with what is accepted of each.
    func schema() -> String {
        let fields = plan.schema.fields.indices.sorted {
            CanonicalText.isBefore(plan.schema.fields[$0].name, plan.schema.fields[$1].name)
        }
        return CanonicalText("schema") { text in
            for index in fields {
                let field = plan.schema.fields[index]
                text.list("field") { list in
                    list.text(field.name)
                    list.word(self.field(index))
                    list.optional(field.role) { $0.word($1.rawValue) }
                    list.truth(field.isRequired)
                    list.optional(field.minimum) { $0.number($1) }
                    list.optional(field.maximum) { $0.number($1) }
                }
            }
        }.hash
    }
}
