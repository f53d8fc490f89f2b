/// Operators that turn categories into numbers and back.
enum Encoders {
    static let makers: [String: OperatorTable.Maker] = [
        // A column of 1 and 0 a category behind each value.
        "OneHotEncoder": { attributes throws(GraphFault) in
            let texts = attributes.texts("cats_strings")
            let numbers = attributes.integers("cats_int64s")
            let ignoresUnknown = attributes.integer("zeros") != 0
            let width = texts.isEmpty ? numbers.count : texts.count
            let places = Places(texts: texts, numbers: numbers)
            return { inputs, work throws(GraphFault) in
                let tensor = try inputs.needed(0)
                let shape = tensor.shape + [width]
                let count = try Tensor.count(of: shape)
                try work.take(count)
                var values = Array(repeating: Float(0), count: count)
                for (index, place) in try places.of(tensor.values).enumerated() {
                    if let place {
                        values[index * width + place] = 1
                    } else if !ignoresUnknown {
                        throw .value("a category that the encoder does not know")
                    }
                }
                return [try Tensor(shape: shape, .float(values))]
            }
        },
        "LabelEncoder": { attributes throws(GraphFault) in
            let classes = attributes.texts("classes_strings")
            guard classes.isEmpty else { throw attributes.unsupported("of version 1") }
            let places = Places(
                texts: attributes.texts("keys_strings") + texts(attributes.tensor("keys_tensor")),
                numbers: attributes.integers("keys_int64s"),
                floats: try attributes.floats("keys_floats").map { Double($0) }
                    + numbers(attributes.tensor("keys_tensor"))
            )
            let values = try Values(attributes)
            guard values.count >= places.count else {
                throw .malformed("LabelEncoder: there are fewer values than keys")
            }
            return { inputs, _ throws(GraphFault) in
                let tensor = try inputs.needed(0)
                return [try Tensor(shape: tensor.shape, values.of(try places.of(tensor.values)))]
            }
        },
    ]

    private static func texts(_ tensor: Tensor?) -> [String] {
        if case .text(let texts)? = tensor?.values { texts } else { [] }
    }

    private static func numbers(_ tensor: Tensor?) throws(GraphFault) -> [Double] {
        guard let tensor, !tensor.values.isText else { return [] }
        return try tensor.values.doubles()
    }

    /// Where each known category stands in its list.
    private struct Places: Sendable {
        private var texts: [String: Int] = [:]
        private var numbers: [Double: Int] = [:]
        private var missing: Int?

        init(texts: [String], numbers: [Int64], floats: [Double] = []) {
            count = max(texts.count, numbers.count + floats.count)
            for (place, text) in texts.enumerated() where self.texts[text] == nil { self.texts[text] = place }
            for (place, number) in (numbers.map { Double($0) } + floats).enumerated() {
                if number.isNaN { missing = missing ?? place }
                if self.numbers[number] == nil { self.numbers[number] = place }
            }
        }

        /// Places from 0 up to it.
        let count: Int

        func of(_ values: Tensor.Values) throws(GraphFault) -> [Int?] {
            if case .text(let values) = values {
                guard numbers.isEmpty else { throw .malformed("texts where numbers are known") }
                return values.map { texts[$0] }
            }
            guard texts.isEmpty else { throw .malformed("numbers where texts are known") }
            return try values.doubles().map { $0.isNaN ? missing : numbers[$0] }
        }
    }

    /// What an encoder gives for each place, and for what it does not know.
    private enum Values: Sendable {
        case texts([String], other: String)
        case integers([Int64], other: Int64)
        case floats([Float], other: Float)
        case doubles([Double], other: Double)

        init(_ attributes: Attributes) throws(GraphFault) {
            let tensor = attributes.tensor("values_tensor")
            let other = attributes.tensor("default_tensor")
            if attributes.has("values_strings") {
                self = .texts(attributes.texts("values_strings"), other: attributes.text("default_string") ?? "_Unused")
            } else if attributes.has("values_floats") {
                self = .floats(attributes.floats("values_floats"), other: attributes.float("default_float") ?? -0.0)
            } else if attributes.has("values_int64s") {
                self = .integers(attributes.integers("values_int64s"), other: attributes.integer("default_int64") ?? -1)
            } else if let tensor {
                switch tensor.values {
                case .text(let values):
                    self = .texts(values, other: Encoders.texts(other).first ?? "_Unused")
                case .integer(let values):
                    self = .integers(values, other: try other?.values.integers().first ?? -1)
                case .double(let values):
                    self = .doubles(values, other: try other?.values.doubles().first ?? -0.0)
                default:
                    self = .floats(try tensor.values.floats(), other: try other?.values.floats().first ?? -0.0)
                }
            } else {
                throw attributes.unsupported("without values")
            }
        }

        var count: Int {
            switch self {
            case .texts(let values, _): values.count
            case .integers(let values, _): values.count
            case .floats(let values, _): values.count
            case .doubles(let values, _): values.count
            }
        }

        func of(_ places: [Int?]) -> Tensor.Values {
            switch self {
            case .texts(let values, let other): .text(places.map { $0.map { values[$0] } ?? other })
            case .integers(let values, let other): .integer(places.map { $0.map { values[$0] } ?? other })
            case .floats(let values, let other): .float(places.map { $0.map { values[$0] } ?? other })
            case .doubles(let values, let other): .double(places.map { $0.map { values[$0] } ?? other })
            }
        }
    }
}
