public import Bytes

/// How one field of an event is read.
public struct Field: Sendable, Equatable {
    public enum ValueType: String, Sendable, CaseIterable {
        /// A JSON number; in a column a `Double`, absent = NaN.
        case number
        /// true or false; in a column 1 or 0, absent = NaN.
        case bool
        /// A string; a JSON number or bool is taken as its spelling. In a column a `Text`.
        case text
        /// An instant: as ``Bytes/TimeParser`` knows them, or as the field's ``Field/times`` say.
        case time
        /// Any JSON value, compared by its bytes; in a column a `Text`.
        case json
    }

    /// What the program itself does with the field.
    public enum Role: String, Sendable, CaseIterable {
        case id, time, amount
        /// The part of the business that an event is of; alerts are told apart by it.
        case domain
        /// Ground truth: read into a side column that no feature, rule or model can name (C7).
        case label
    }

    public var name: String
    /// Where in the JSON object (or which CSV column): `amount`, `billing_address.zip`, `cart_items[].category`.
    public var path: String
    public var type: ValueType
    public var role: Role?
    /// An event without a required field is rejected.
    public var isRequired: Bool
    /// The least and the largest number that is accepted; an event outside is rejected.
    public var minimum: Double?
    public var maximum: Double?
    /// How long after the event a label is known, microseconds: windows that are delayed by at least that may read it.
    /// Nil: no feature ever reads it (C7).
    public var knownAfter: Int64?
    /// How values are spelled that are no texts, and what means no value.
    public var values = ValueStyle()
    /// How instants are spelled; the zone is the plan's.
    public var times = TimeStyle()

    /// A field; without a path it is the member of its name.
    public init(
        name: String,
        path: String? = nil,
        type: ValueType,
        role: Role? = nil,
        isRequired: Bool = false,
        minimum: Double? = nil,
        maximum: Double? = nil,
        knownAfter: Int64? = nil
    ) {
        self.name = name
        self.path = path ?? name
        self.type = type
        self.role = role
        self.isRequired = isRequired
        self.minimum = minimum
        self.maximum = maximum
        self.knownAfter = knownAfter
    }

    /// False for a label that nothing but training and evaluation reads.
    public var hasColumn: Bool { role != .label || knownAfter != nil }

    /// True if the path crosses `[]`: the field then holds a list of values per event.
    public var isList: Bool { path.contains("[]") }
}

/// The fields of an event, in the order of the pipeline file.
public struct Schema: Sendable, Equatable {
    public var fields: [Field]

    public init(fields: [Field]) {
        self.fields = fields
    }

    /// The place of the field with a name; nil if there is none.
    public func index(of name: String) -> Int? { fields.firstIndex { $0.name == name } }

    /// The place of the first field with a role; nil if there is none.
    public func index(ofRole role: Field.Role) -> Int? { fields.firstIndex { $0.role == role } }
}
